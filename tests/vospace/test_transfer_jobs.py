"""Transfers by the client as jobs: EXECUTING until the bytes have moved (VOSpace 2.1 §6.3.1 and §6.3.3)."""

import base64
import hashlib
from datetime import timedelta

import pytest
from lxml import etree
from sqlalchemy import update

from core.database import utc_now
from tests.core.vosi.schemas import schema
from tests.vospace.client import CORE, ROOT, VOSpaceClient, checked, fault, transfer_xml
from tests.vospace.conftest import Space
from uws.schema import JobRow

pytestmark = pytest.mark.either_database

UWS = {"uws": "http://www.ivoa.net/xml/UWS/v1.0", "xlink": "http://www.w3.org/1999/xlink"}
NODE = "/home/owner/f"

PUSH = transfer_xml(ROOT + NODE, direction="pushToVoSpace", protocols=("httpput",))
PULL = transfer_xml(ROOT + NODE, direction="pullFromVoSpace", protocols=("httpget",))


@pytest.fixture
def owner(space: Space) -> VOSpaceClient:
    return VOSpaceClient(space.client, space.tokens["owner"])


@pytest.fixture
def nobody(space: Space) -> VOSpaceClient:
    return VOSpaceClient(space.client)


def run(person: VOSpaceClient, document: bytes, *, at_once: bool = False) -> str:
    """Make a job and run it; give its address."""
    answer = person.ask("POST", "transfers", content=document, params={"PHASE": "RUN"} if at_once else {})
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    if not at_once:
        assert phase(person, place) == "PENDING"
        assert person.ask("POST", f"{place}/phase", data={"PHASE": "RUN"}).status_code == 303
    return place


def phase(person: VOSpaceClient, place: str) -> str:
    return person.ask("GET", f"{place}/phase").text


def job(person: VOSpaceClient, place: str) -> etree._Element:
    found = etree.fromstring(person.ask("GET", place).content)
    schema().assertValid(found)
    return found


def results(person: VOSpaceClient, place: str) -> dict[str, str]:
    listed = job(person, place).iterfind("uws:results/uws:result", UWS)
    return {each.get("id"): each.get(f"{{{UWS['xlink']}}}href") for each in listed}


def endpoints(person: VOSpaceClient, place: str) -> list[str]:
    answer = person.ask("GET", f"{place}/results/transferDetails")
    return [each.text for each in checked(answer.content).iterfind("{*}protocol/{*}endpoint")]


def endpoint(person: VOSpaceClient, place: str) -> str:
    (only,) = endpoints(person, place)
    return only


def error_of(person: VOSpaceClient, place: str) -> tuple[str, str, str]:
    """Give the phase, the words of the errorSummary before its sentence, and the representation of the fault."""
    summary = job(person, place).findtext("uws:errorSummary/uws:message", "", UWS)
    return phase(person, place), summary.partition(":")[0], person.ask("GET", f"{place}/error").text


def end_time(space: Space, place: str) -> None:
    """Let the deadline of a job pass."""
    with space.database.write() as session:
        past = utc_now() - timedelta(seconds=1)
        session.execute(update(JobRow).where(JobRow.id == place.rpartition("/")[2]).values(lease_until=past))


@pytest.mark.parametrize("at_once", [False, True])
def test_a_push_is_executing_until_its_bytes_have_arrived(owner, nobody, at_once):
    place = run(owner, PUSH, at_once=at_once)
    assert phase(owner, place) == "EXECUTING"
    assert results(owner, place) == {"transferDetails": f"{place}/results/transferDetails", "dataNode": ROOT + NODE}
    put = endpoint(owner, place)
    assert phase(owner, place) == "EXECUTING"
    assert nobody.ask("PUT", put, content=b"abc").status_code == 201
    assert phase(owner, place) == "COMPLETED"
    assert job(owner, place).findtext("uws:endTime", "", UWS)
    assert owner.get(NODE).content == b"abc"
    assert fault(nobody.ask("PUT", put, content=b"again")) == (403, "PermissionDenied")
    assert (owner.get(NODE).content, endpoints(owner, place)) == (b"abc", [])


def test_a_pull_is_executing_until_its_last_byte_is_sent(owner, nobody):
    owner.put(NODE, b"0123456789")
    place = run(owner, PULL)
    get = endpoint(owner, place)
    assert nobody.ask("HEAD", get).status_code == 200
    assert nobody.ask("GET", get, headers={"Range": "bytes=0-4"}).content == b"01234"
    assert phase(owner, place) == "EXECUTING"
    assert nobody.ask("GET", get, headers={"Range": "bytes=5-9"}).content == b"56789"
    assert phase(owner, place) == "COMPLETED"
    assert nobody.ask("GET", get).content == b"0123456789"
    assert nobody.ask("GET", endpoint(owner, place)).content == b"0123456789"


def test_empty_files_and_archives_end_their_transfers(owner, nobody):
    owner.put(NODE, b"")
    place = run(owner, PULL)
    assert nobody.ask("GET", endpoint(owner, place)).status_code == 204
    assert phase(owner, place) == "COMPLETED"
    view = "vos://cadc.nrc.ca~vospace/CADC/std/Pkg-1.0"
    document = transfer_xml(
        f"{ROOT}/home/owner", direction="pullFromVoSpace", protocols=("httpget",), view=view, format="application/zip"
    )
    place = run(owner, document)
    assert nobody.ask("GET", endpoint(owner, place)).content.startswith(b"PK")
    assert phase(owner, place) == "COMPLETED"


def test_a_push_in_parts_ends_with_its_commit(owner, nobody):
    place = run(owner, PUSH)
    put = endpoint(owner, place)
    headers = {"X-Put-Txn-Id": nobody.ask("PUT", put, headers={"X-Put-Txn-Op": "start"}).headers["x-put-txn-id"]}
    for part in (b"abc", b"def"):
        assert nobody.ask("PUT", put, content=part, headers=headers).status_code == 202
        assert phase(owner, place) == "EXECUTING"
    assert nobody.ask("PUT", put, headers=headers | {"X-Put-Txn-Op": "commit"}).status_code == 201
    assert (phase(owner, place), owner.get(NODE).content) == ("COMPLETED", b"abcdef")


@pytest.mark.parametrize("document", [PUSH, PULL], ids=["push", "pull"])
def test_abort_closes_the_endpoint(owner, nobody, document):
    owner.put(NODE, b"old")
    place = run(owner, document)
    address = endpoint(owner, place)
    assert owner.ask("POST", f"{place}/phase", data={"PHASE": "ABORT"}).status_code == 303
    assert phase(owner, place) == "ABORTED"
    for method in ("PUT", "GET"):
        assert fault(nobody.ask(method, address, content=b"new" if method == "PUT" else None)) == (
            403,
            "PermissionDenied",
        )
    assert (owner.get(NODE).content, endpoints(owner, place)) == (b"old", [])
    assert phase(owner, place) == "ABORTED"


@pytest.mark.parametrize("document", [PUSH, PULL], ids=["push", "pull"])
def test_a_job_whose_endpoint_nobody_uses_ends_in_error(space, owner, nobody, document):
    """Also after the server was killed: the deadline is stored, and any server ends the job."""
    owner.put(NODE, b"old")
    services_sweep = space.jobs.sweep
    place = run(owner, document)
    address = endpoint(owner, place)
    services_sweep()
    assert phase(owner, place) == "EXECUTING"
    end_time(space, place)
    method = "PUT" if document is PUSH else "GET"
    assert fault(nobody.ask(method, address)) == (403, "PermissionDenied")
    services_sweep()
    assert error_of(owner, place) == ("ERROR", "Internal Fault", "InternalFault")
    assert fault(nobody.ask(method, address)) == (403, "PermissionDenied")
    assert owner.get(NODE).content == b"old"


def test_bytes_that_are_refused_end_the_transfer_in_the_fault(owner, nobody):
    wrong = "md5=" + base64.b64encode(hashlib.md5(b"other").digest()).decode()
    for content, headers, name in ((b"abc", {"Digest": wrong}, "Invalid Data"), (b"x" * 100_001, {}, "Quota Exceeded")):
        place = run(owner, PUSH)
        put = endpoint(owner, place)
        assert fault(nobody.ask("PUT", put, content=content, headers=headers))[1] == name.replace(" ", "")
        assert error_of(owner, place) == ("ERROR", name, name.replace(" ", ""))
        assert fault(nobody.ask("PUT", put, content=b"abc")) == (403, "PermissionDenied")
    assert fault(owner.get(NODE)) == (404, "NodeNotFound")


def test_a_busy_node_does_not_end_the_transfer(space, owner, nobody):
    owner.put(NODE, b"old")
    place = run(owner, PUSH)
    put = endpoint(owner, place)
    nodes = space.vospace.nodes
    write = nodes.begin_write(space.owner, ("home", "owner", "f"), None)
    assert fault(nobody.ask("PUT", put, content=b"new")) == (409, "NodeBusy")
    assert phase(owner, place) == "EXECUTING"
    nodes.cancel(write)
    assert nobody.ask("PUT", put, content=b"new").status_code == 200
    assert phase(owner, place) == "COMPLETED"


def test_a_broken_connection_does_not_end_the_transfer(owner, nobody):
    def broken():
        yield b"abc"
        raise ConnectionResetError

    place = run(owner, PUSH)
    put = endpoint(owner, place)
    with pytest.raises(ConnectionResetError):
        nobody.ask("PUT", put, content=broken())
    assert phase(owner, place) == "EXECUTING"
    assert nobody.ask("PUT", put, content=b"whole").status_code == 201
    assert phase(owner, place) == "COMPLETED"


def test_abort_while_bytes_arrive_discards_them(owner, nobody):
    place = run(owner, PUSH)
    put = endpoint(owner, place)

    def aborting():
        yield b"abc"
        assert owner.ask("POST", f"{place}/phase", data={"PHASE": "ABORT"}).status_code == 303
        yield b"def"

    assert fault(nobody.ask("PUT", put, content=aborting())) == (403, "PermissionDenied")
    assert phase(owner, place) == "ABORTED"
    assert fault(owner.get(NODE)) == (404, "NodeNotFound")


#: Document of a transfer, and the words of the tables of faults of §6.3.1 and §6.3.3.
FAULTS = {
    "Permission Denied": transfer_xml(f"{ROOT}/home", direction="pushToVoSpace", protocols=("httpput",)),
    "Container Not Found": transfer_xml(f"{ROOT}/home/owner/no/f", direction="pushToVoSpace", protocols=("httpput",)),
    "View Not Supported": transfer_xml(
        ROOT + NODE, direction="pushToVoSpace", protocols=("httpput",), view=f"{CORE}other"
    ),
    "Protocol Not Supported": transfer_xml(ROOT + NODE, direction="pushToVoSpace", protocols=("ftpput",)),
    "Node Not Found": transfer_xml(f"{ROOT}/home/owner/no", direction="pullFromVoSpace", protocols=("httpget",)),
    "Invalid URI": transfer_xml("vos://elsewhere~vospace/f", direction="pullFromVoSpace", protocols=("httpget",)),
}


@pytest.mark.parametrize("words", FAULTS)
def test_a_fault_ends_the_job_with_the_words_of_the_standard(owner, words):
    place = run(owner, FAULTS[words])
    assert error_of(owner, place) == ("ERROR", words, words.replace(" ", ""))
    assert results(owner, place) == {}


def test_a_link_to_another_service_has_no_bytes_here_to_wait_for(owner):
    owner.make("/home/owner/out", "LinkNode", target="https://example.com/file.fits")
    document = transfer_xml(f"{ROOT}/home/owner/out", direction="pullFromVoSpace", protocols=("httpsget",))
    place = run(owner, document)
    assert (phase(owner, place), endpoint(owner, place)) == ("COMPLETED", "https://example.com/file.fits")


def test_a_chosen_name_is_the_result_target(owner, nobody):
    document = transfer_xml(f"{ROOT}/home/owner/.auto", direction="pushToVoSpace", protocols=("httpput",))
    place = run(owner, document)
    chosen = results(owner, place)["target"]
    assert nobody.ask("PUT", endpoint(owner, place), content=b"abc").status_code == 201
    assert owner.get(chosen.removeprefix(ROOT)).content == b"abc"
    assert results(owner, place)["target"] == chosen


def test_a_synchronous_job_is_completed_with_its_results(owner, nobody):
    """Clients stop at synchronous jobs that have not ended, so they are COMPLETED when their addresses are known."""
    document = transfer_xml(f"{ROOT}/home/owner/.auto", direction="pushToVoSpace", protocols=("httpput",))
    details = owner.ask("POST", "synctrans", content=document).headers["location"]
    place = details.removesuffix("/results/transferDetails")
    assert phase(owner, place) == "COMPLETED"
    found = results(owner, place)
    assert found["transferDetails"] == details
    assert found["target"] == found["dataNode"]
    put = endpoint(owner, place)
    assert nobody.ask("PUT", put, content=b"abc").status_code == 201
    assert owner.get(found["target"].removeprefix(ROOT)).content == b"abc"
