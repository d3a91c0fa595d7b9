"""Harvests by Sickle, a harvester of others: in pages, incremental, with deletions, while products come and go."""

import itertools
import random
import threading
from datetime import date, datetime, timedelta

import pytest
from lxml import etree
from sickle import oaiexceptions

from products.models import ProductStatus, Visibility
from registry.service import RecordService
from tests.registry.conftest import Catalogue, LocalSickle, record_service

_SERVICES = {
    "ivo://example.org",
    "ivo://example.org/organisation",
    "ivo://example.org/registry",
    "ivo://example.org/tap",
    "ivo://example.org/vospace",
    "ivo://example.org/gms",
    "ivo://example.org/pipelines",
}

_EACH_DATABASE = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)


def harvested(sickle: LocalSickle, prefix: str = "ivo_vor", **arguments: str) -> dict[str, bool]:
    """Harvest records; give for each identifier whether it is deleted."""
    found = [item.header for item in sickle.ListRecords(metadataPrefix=prefix, **arguments)]
    assert len({header.identifier for header in found}) == len(found)
    return {header.identifier: header.deleted for header in found}


@pytest.mark.parametrize("prefix", ["ivo_vor", "oai_dc"])
def test_a_harvest_in_pages_has_the_public_products_and_the_services(
    catalogue: Catalogue, sickle: LocalSickle, prefix: str
):
    public = set(catalogue.publish_many(25))
    for visibility in (Visibility.PRIVATE, Visibility.GROUPS, Visibility.REGISTERED):
        catalogue.publish("Verborgenes", visibility)
    catalogue.publish("Verborgenes", status=ProductStatus.REGISTERING)

    found = harvested(sickle, prefix, set="ivo_managed")

    assert set(found) == _SERVICES | catalogue.identifiers(public)
    assert not any(found.values())
    assert len(sickle.answers) == 4
    assert all(b'completeListSize="32"' in answer for answer in sickle.answers)
    assert b"erborgenes" not in b"".join(sickle.answers)


def test_a_withdrawn_product_leaves_a_header_and_nothing_else(catalogue: Catalogue, sickle: LocalSickle):
    private, deleted, restored = (catalogue.publish("Kept", description="Geheim") for _ in range(3))
    harvested(sickle)
    sickle.answers.clear()
    catalogue.withdraw(private)
    catalogue.change(deleted, status=ProductStatus.DELETED, description="Geheimer")
    catalogue.withdraw(restored)
    found = harvested(sickle)
    assert {name for name, gone in found.items() if gone} == catalogue.identifiers({private, deleted, restored})
    assert b"Geheim" not in b"".join(sickle.answers)

    catalogue.change(restored, visibility=Visibility.PUBLIC)
    assert {name for name, gone in harvested(sickle).items() if gone} == catalogue.identifiers({private, deleted})


def test_a_product_that_nobody_harvested_leaves_nothing(catalogue: Catalogue, sickle: LocalSickle):
    catalogue.withdraw(catalogue.publish())
    assert set(harvested(sickle)) == _SERVICES


def test_an_embargo_that_ends_publishes_a_record(catalogue: Catalogue, sickle: LocalSickle):
    number = catalogue.publish(visibility=Visibility.PRIVATE, embargo_date=date(2999, 1, 1))
    assert set(harvested(sickle)) == _SERVICES
    catalogue.change(number, embargo_date=date(2020, 1, 1))
    assert set(harvested(sickle)) == _SERVICES | catalogue.identifiers({number})


def test_incremental_harvests_have_what_has_changed(catalogue: Catalogue, sickle: LocalSickle, records: RecordService):
    numbers = [catalogue.publish() for _ in range(3)]
    harvested(sickle)
    stamps = {entry.identifier: entry.changed_at for entry in records.entries()}
    last = max(stamps.values())
    after = (last + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with pytest.raises(oaiexceptions.NoRecordsMatch):
        harvested(sickle, **{"from": after})
    at = last.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert set(harvested(sickle, **{"from": at, "until": at})) >= catalogue.identifiers(set(numbers))
    catalogue.change(numbers[1], description="New words")
    found = {entry.identifier for entry in records.entries() if entry.changed_at != stamps[entry.identifier]}
    assert found <= catalogue.identifiers({numbers[1]})
    entry = records.find(next(iter(catalogue.identifiers({numbers[1]}))))
    assert entry is not None
    assert entry.record.content.description == "New words"


@_EACH_DATABASE
def test_a_record_changes_when_a_related_product_is_published_or_withdrawn(
    catalogue: Catalogue, records: RecordService, monkeypatch: pytest.MonkeyPatch
):
    clock = (datetime.fromisoformat("2030-01-01T00:00:00+00:00") + timedelta(seconds=n) for n in itertools.count())
    monkeypatch.setattr("registry.storage.utc_now", lambda: next(clock))
    old = catalogue.publish("Old one", Visibility.PRIVATE)
    new = catalogue.publish("New one", previous_id=old)
    cites = catalogue.publish("Citing", attribution={"related": [{"kind": "Cites", "product": old}]})
    (identifier,) = catalogue.identifiers({old})

    def state() -> tuple[dict[int, datetime], list[str]]:
        entries = {entry.record.product: entry for entry in records.entries() if entry.record is not None}
        named = [
            f"{relation.kind} {target.ivoid}"
            for number in (new, cites)
            for relation in entries[number].record.content.relationships
            for target in relation.targets
            if relation.kind != "IsServedBy"
        ]
        return {number: entries[number].changed_at for number in (new, cites)}, named

    times, named = state()
    assert named == []
    catalogue.change(old, visibility=Visibility.PUBLIC)
    later, named = state()
    assert named == [f"IsNewVersionOf {identifier}", f"Cites {identifier}"]
    assert all(later[number] > times[number] for number in later)
    catalogue.withdraw(old)
    last, named = state()
    assert named == []
    assert all(last[number] > later[number] for number in last)


def test_each_version_names_the_versions_around_it_that_are_public(
    catalogue: Catalogue, records: RecordService, sickle: LocalSickle
):
    first = catalogue.publish("First")
    second = catalogue.publish("Second", previous_id=first)
    third = catalogue.publish("Third", previous_id=second)
    names = {number: next(iter(catalogue.identifiers({number}))) for number in (first, second, third)}

    def stated() -> dict[int, list[tuple[str, str]]]:
        harvest = sickle.harvest(verb="ListRecords", metadataPrefix="ivo_vor").xml
        found = {}
        for resource in harvest.iter("{*}Resource"):
            related = [
                (item.findtext("{*}relationshipType"), item.find("{*}relatedResource").get("ivo-id"))
                for item in resource.iter("{*}relationship")
            ]
            found[resource.findtext("{*}identifier")] = [pair for pair in related if pair[0] != "IsServedBy"]
        return {number: found[name] for number, name in names.items() if name in found}

    assert stated() == {
        first: [("IsPreviousVersionOf", names[second])],
        second: [("IsNewVersionOf", names[first]), ("IsPreviousVersionOf", names[third])],
        third: [("IsNewVersionOf", names[second])],
    }
    times = [_changed(records, names[first])]
    # All of it may happen within one second.
    for visibility in (Visibility.PRIVATE, Visibility.PUBLIC, Visibility.PRIVATE):
        catalogue.change(second, visibility=visibility)
        times.append(_changed(records, names[first]))
    assert times == sorted(set(times))
    assert stated() == {first: [], third: []}


def _changed(records: RecordService, identifier: str) -> datetime:
    entry = records.find(identifier)
    assert entry is not None
    return entry.changed_at


@_EACH_DATABASE
def test_harvests_while_products_come_and_go_end_with_the_public_ones(catalogue: Catalogue, sickle: LocalSickle):
    public = catalogue.publish_many(40)
    stays = set(public[:20])
    stop, moved, choose = threading.Event(), set(public[20:]), random.Random(17)  # noqa: S311 - no secret
    hidden: set[int] = set()

    def publish_and_withdraw() -> None:
        while not stop.wait(0.005):
            number = choose.choice(sorted(moved))
            visible = number in hidden
            catalogue.change(
                number,
                visibility=Visibility.PUBLIC if visible else Visibility.PRIVATE,
                description="Offenes" if visible else "Verborgenes",
            )
            (hidden.discard if visible else hidden.add)(number)

    writer = threading.Thread(target=publish_and_withdraw)
    held: dict[str, bool] = {}
    since: str | None = None
    writer.start()
    try:
        for _ in range(4):
            first = len(sickle.answers)
            found = harvested(sickle, **({} if since is None else {"from": since}))
            if since is None:  # whatever moves meanwhile, what stays is never lost between pages
                assert catalogue.identifiers(stays) <= set(found)
            held |= found
            since = etree.fromstring(sickle.answers[first])[0].text
    finally:
        stop.set()
        writer.join()
    held |= harvested(sickle, **{"from": since})

    living = {name for name, gone in held.items() if not gone}
    assert living == _SERVICES | catalogue.identifiers(set(public) - hidden)
    assert b"Verborgenes" not in b"".join(sickle.answers)


@_EACH_DATABASE
def test_two_servers_on_one_database_store_each_record_once(catalogue: Catalogue, records: RecordService):
    catalogue.publish_many(30)
    others = [record_service(catalogue.database) for _ in range(3)]
    threads = [threading.Thread(target=other.refresh) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(records.entries())) == 30 + len(_SERVICES)
