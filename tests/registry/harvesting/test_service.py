"""Other registries are harvested page by page, whatever they do meanwhile."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx2
import pytest

from core.database import Database, utc_now
from core.errors import InvalidValueError
from registry.harvesting import HarvestedTableSource, HarvestError, HarvestService, HarvestStorage
from registry.harvesting.client import RegistryClient
from registry.oai.repository import Repository
from registry.oai.tokens import ResumptionTokens
from registry.service import RecordService
from tests.registry.conftest import Catalogue
from tests.support.databases import EmptySQLite

ADDRESS = "https://pz.example.org/oai"
SECOND = "https://second.example.org/oai"
_SERVICES = 7

Answer = Callable[[httpx2.Request], httpx2.Response]


class Harvester:
    """A server that harvests registries in this process, over a database of its own."""

    def __init__(self, database: Database) -> None:
        self.storage = HarvestStorage(database)
        self.answers: dict[str, Answer] = {}
        self.waited: list[float] = []
        self.asked: list[httpx2.URL] = []

    def service(self, *addresses: str, authority: str = "mine.org") -> HarvestService:
        """Give the service of a server with an authority."""
        return HarvestService(self.storage, addresses, authority, self._client)

    def identifiers(self, *addresses: str) -> set[object]:
        """Give the identifiers that searches find."""
        blocks = HarvestedTableSource(self.storage, addresses).blocks()
        rows = [row["ivoid"] for block in blocks for row in block.rows("resource")]
        assert len(rows) == len(set(rows))
        return set(rows)

    def _client(self, address: str) -> RegistryClient:
        return RegistryClient(address, self.waited.append, httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url)
        return self.answers[request.url.host](request)


@pytest.fixture
def harvester(empty_sqlite: EmptySQLite, tmp_path) -> Iterator[Harvester]:
    database = Database(empty_sqlite.database(tmp_path / "harvester.sqlite"))
    yield Harvester(database)
    database.close()


@pytest.fixture
def other(harvester: Harvester, records: RecordService) -> Repository:
    """Another registry, with pages of ten records."""
    repository = Repository(records, ResumptionTokens("a key"))
    harvester.answers["pz.example.org"] = lambda request: httpx2.Response(
        200, content=b"".join(repository.answer(list(request.url.params.multi_items())))
    )
    return repository


def _with(element: str, status: int = 200, **headers: str) -> Answer:
    body = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-01-01T00:00:00Z</responseDate>'
    return lambda _: httpx2.Response(status, content=f"{body}{element}</OAI-PMH>", headers=headers)


def _in_turn(answers: Iterator[Answer]) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return next(answers)(request)

    return answer


def _record(identifier: str, title: str = "A title") -> str:
    return (
        f"<record><header><identifier>{identifier}</identifier></header><metadata>"
        '<ri:Resource xmlns:ri="http://www.ivoa.net/xml/RegistryInterface/v1.0" xmlns="" status="active">'
        f"<title>{title}</title><identifier>{identifier}</identifier></ri:Resource></metadata></record>"
    )


def _listed(*records: str, token: str = "") -> str:
    end = f"<resumptionToken>{token}</resumptionToken>" if token else ""
    return f"<ListRecords>{''.join(records)}{end}</ListRecords>"


@pytest.mark.usefixtures("other")
def test_what_has_changed_is_harvested(harvester: Harvester, catalogue: Catalogue):
    numbers = catalogue.publish_many(25)
    service = harvester.service(ADDRESS)
    told: list[tuple[int, int | None]] = []
    result = service.harvest(ADDRESS, progress=lambda read, size: told.append((read, size)))

    assert (result.stored, result.deleted, result.ignored) == (25 + _SERVICES, 0, 0)
    assert told[-1] == (25 + _SERVICES, 25 + _SERVICES)
    assert len(told) == 4
    assert catalogue.identifiers(set(numbers)) < harvester.identifiers(ADDRESS)
    (state,) = service.sources()
    assert (state.records, state.fault) == (25 + _SERVICES, None)
    assert state.since is not None
    assert abs(state.since - utc_now()) < timedelta(minutes=5)

    gone = catalogue.identifiers({numbers[0]})
    catalogue.withdraw(numbers[0])
    fresh = catalogue.identifiers({catalogue.publish("Fresh")})
    result = service.harvest(ADDRESS)

    assert result.deleted == 1
    assert result.stored >= 1
    found = harvester.identifiers(ADDRESS)
    assert fresh < found
    assert not gone & found
    assert "from=" in str(harvester.asked[-1]) or "resumptionToken" in str(harvester.asked[-1])


@pytest.mark.usefixtures("other")
def test_a_record_that_changes_has_its_new_rows(harvester: Harvester, catalogue: Catalogue):
    number = catalogue.publish("First title")
    service, source = harvester.service(ADDRESS), HarvestedTableSource(harvester.storage, [ADDRESS])
    service.harvest(ADDRESS)
    before = source.blocks()
    assert source.blocks() is before

    catalogue.change(number, display_name="Second title", updated_at=utc_now() + timedelta(seconds=1))
    service.harvest(ADDRESS)

    titles = {row["res_title"] for block in source.blocks() for row in block.rows("resource")}
    assert "Second title" in titles
    assert "First title" not in titles
    assert {block.key for block in before} != {block.key for block in source.blocks()}


@pytest.mark.usefixtures("other")
def test_a_whole_harvest_deletes_what_a_registry_has_forgotten(harvester: Harvester, catalogue: Catalogue):
    catalogue.publish_many(3)
    service = harvester.service(ADDRESS)
    service.harvest(ADDRESS)
    harvester.answers["pz.example.org"] = _with(_listed(_record("ivo://other.org/one")))

    assert service.harvest(ADDRESS).deleted == 0
    assert service.harvest(ADDRESS, whole=True).deleted == 3 + _SERVICES
    assert harvester.identifiers(ADDRESS) == {"ivo://other.org/one"}


def test_records_of_this_server_and_of_none_are_ignored(harvester: Harvester):
    names = ("ivo://Mine.org/tap", "ivo://mine.org", "http://other.org/x", "ivo://", "nothing", "ivo://Other.org/X")
    harvester.answers["pz.example.org"] = _with(_listed(*map(_record, names)))

    result = harvester.service(ADDRESS).harvest(ADDRESS)

    assert (result.stored, result.ignored) == (1, 5)
    assert harvester.identifiers(ADDRESS) == {"ivo://other.org/x"}


def test_the_first_of_two_registries_keeps_its_record(harvester: Harvester):
    harvester.answers["pz.example.org"] = _with(_listed(_record("ivo://other.org/x", "of the first")))
    harvester.answers["second.example.org"] = _with(_listed(_record("ivo://other.org/x", "of the second")))
    service = harvester.service(ADDRESS, SECOND)

    assert service.harvest(SECOND).stored == 1
    assert service.harvest(ADDRESS).stored == 1
    assert service.harvest(SECOND).ignored == 1
    assert [source.records for source in service.sources()] == [1, 0]

    deleted = '<record><header status="deleted"><identifier>ivo://other.org/x</identifier></header></record>'
    harvester.answers["second.example.org"] = _with(_listed(deleted))
    assert service.harvest(SECOND).deleted == 0
    assert harvester.identifiers(ADDRESS, SECOND) == {"ivo://other.org/x"}


def test_a_harvest_that_breaks_off_goes_on_from_the_last_whole_one(harvester: Harvester):
    pages = iter([_listed(_record("ivo://other.org/a"), token="next"), "<error code='badArgument'>no more</error>"])
    harvester.answers["pz.example.org"] = _in_turn(map(_with, pages))
    service = harvester.service(ADDRESS)

    with pytest.raises(HarvestError, match="badArgument: no more"):
        service.harvest(ADDRESS)

    (state,) = service.sources()
    assert (state.records, state.since) == (1, None), "what had arrived is kept, and the next harvest reads all"
    assert state.fault is not None
    assert "badArgument" in state.fault
    harvester.answers["pz.example.org"] = _with('<error code="noRecordsMatch"/>')
    service.harvest(ADDRESS)
    assert service.sources()[0].fault is None


def test_a_busy_registry_is_asked_again(harvester: Harvester):
    answers = iter(
        [_with("", 503, **{"Retry-After": "7"}), _with("", 502), _with(_listed(_record("ivo://other.org/a")))]
    )
    harvester.answers["pz.example.org"] = _in_turn(answers)

    assert harvester.service(ADDRESS).harvest(ADDRESS).stored == 1
    assert harvester.waited == [7, 4]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_with("", 404), "HTTP status 404"),
        (_with("", 503), "HTTP status 503"),
        (_with("<Identify/>"), "has no list of records"),
        (_with(_listed(token="again")), "the same resumption token twice"),
        (lambda _: httpx2.Response(200, content=b"<html/>"), "no document of OAI-PMH"),
        (lambda _: httpx2.Response(200, content=b"not XML"), "is no XML"),
        (lambda _: httpx2.Response(200, content=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "cannot be harvested"),
        (lambda _: httpx2.Response(302, headers={"Location": "http://127.0.0.1/oai"}), "leads to another server"),
        (lambda _: httpx2.Response(302, headers={"Location": "http://pz.example.org/oai"}), "leads to another server"),
        (lambda _: httpx2.Response(302, headers={"Location": "/oai"}), "redirects in circles"),
    ],
)
def test_what_is_wrong_with_a_registry_is_told(harvester: Harvester, answer: Answer, said: str):
    harvester.answers["pz.example.org"] = answer
    service = harvester.service(ADDRESS)

    with pytest.raises(HarvestError, match=said):
        service.harvest(ADDRESS)
    assert said in (service.sources()[0].fault or "")


def test_a_registry_that_cannot_be_reached_is_told(harvester: Harvester):
    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    harvester.answers["pz.example.org"] = refuse
    with pytest.raises(HarvestError, match=r"does not answer \(ConnectError\)"):
        harvester.service(ADDRESS).harvest(ADDRESS)
    assert len(harvester.waited) == 3


def test_registries_that_the_settings_do_not_name_are_neither_asked_nor_shown(harvester: Harvester):
    harvester.answers["pz.example.org"] = _with(_listed(_record("ivo://other.org/a")))
    harvester.service(ADDRESS).harvest(ADDRESS)

    with pytest.raises(InvalidValueError, match="none of the registries"):
        harvester.service(SECOND).harvest(ADDRESS)
    assert harvester.identifiers(SECOND) == set()
    harvester.service(SECOND).forget_others()
    assert harvester.identifiers(ADDRESS) == set()
    harvester.service(ADDRESS).harvest(ADDRESS)
    assert "from=" not in str(harvester.asked[-1])
    assert harvester.identifiers(ADDRESS) == {"ivo://other.org/a"}
