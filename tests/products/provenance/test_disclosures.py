"""Inputs that sharing a product discloses, compared with the access rule for each reader."""

from datetime import UTC, datetime

import pytest

import products.provenance.schema
from core.auth.models import Identity
from core.auth.schema import GroupRow
from core.database import Database
from products.models import Product, Visibility
from products.provenance import Activity, Disclosure, DisclosureService, ProvenanceService, UsedEntity
from products.schema import ProductRow, ReleaseRow
from products.service import NewProduct, ProductService
from tests.products.conftest import People

pytestmark = pytest.mark.either_database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = products.provenance.schema.ActivityRow.__table__  # the import fills the metadata
OWN, SHARED = "vos://example.org~vospace/home/owner/own.csv", "vos://example.org~vospace/home/owner/shared.csv"


def _may_read_file(identity: Identity, address: str) -> bool:
    return identity.name == "owner" or (address == SHARED and identity.user_id is not None)


def _product(database: Database, owner: Identity, name: str, visibility: Visibility, **shared: object) -> Product:
    product = ProductService(database).create(owner, NewProduct(name, 2, visibility=visibility))
    with database.write() as session:
        row = session.get_one(ProductRow, product.id)
        row.status = 1
        for key, value in shared.items():
            setattr(row, key, value)
    return ProductService(database).get(owner, product.id)


@pytest.fixture
def service(database: Database) -> DisclosureService:
    return DisclosureService(database, _may_read_file)


def _disclosed(
    service: DisclosureService, identity: Identity, product: Product, visibility: Visibility, *groups: str
) -> Disclosure:
    return service.of(identity, service.inputs(product), service.audience(product, visibility, groups))


def _made(database: Database, people: People, *used: Product | str, **shared: object) -> Product:
    made = _product(database, people.owner, "Made", Visibility.PRIVATE, **shared)
    entities = (UsedEntity("", u) if isinstance(u, str) else UsedEntity("", u.internal_name, u.id) for u in used)
    ProvenanceService(database, ProductService(database)).record(
        made.id, Activity("Combine", "combine", "1", NOW, NOW, used=tuple(entities))
    )
    return made


def test_each_visibility_tells_of_the_inputs_that_its_readers_may_not_read(
    database: Database, people: People, service: DisclosureService
):
    teams = _product(database, people.owner, "of the team", Visibility.PRIVATE)
    with database.write() as session:
        row = session.get_one(ProductRow, teams.id)
        row.visibility, row.groups = Visibility.GROUPS, [session.query(GroupRow).filter_by(name="team").one()]
    everybodys, users, own = (
        _product(database, people.owner, name, Visibility(name)) for name in ("public", "registered", "private")
    )
    made = _made(database, people, everybodys, users, teams, own, OWN, SHARED, "dp1")
    disclosed = {
        visibility: _disclosed(service, people.owner, made, visibility, "team").names for visibility in Visibility
    }
    assert disclosed == {
        Visibility.PRIVATE: (),
        Visibility.GROUPS: (own.internal_name, OWN),
        Visibility.REGISTERED: (teams.internal_name, own.internal_name, OWN),
        Visibility.PUBLIC: (users.internal_name, teams.internal_name, own.internal_name, OWN, SHARED),
    }
    assert service.audience(made) == ()
    colleagues = service.of(people.owner, service.inputs(made), (people.colleague,))
    assert f"made of: {own.internal_name}, {OWN}. They see" in colleagues.sentence


def test_who_may_not_read_an_input_does_not_learn_its_name_from_the_warning(
    database: Database, people: People, service: DisclosureService
):
    made = _made(database, people, _product(database, people.owner, "private", Visibility.PRIVATE), OWN)
    found = _disclosed(service, people.stranger, made, Visibility.REGISTERED)
    assert (found.names, found.others, found.listed) == ((), 2, "2 that you may not read either")


def test_readers_of_a_closed_release_are_its_groups(database: Database, people: People, service: DisclosureService):
    release = ProductService(database).ensure_release("dp9", "DP9")
    with database.write() as session:
        row = session.get_one(ReleaseRow, release.id)
        row.is_public, row.access_groups = False, [session.query(GroupRow).filter_by(name="team").one()]
    objects = _product(database, people.owner, "objects", Visibility.REGISTERED, release_id=release.id)
    within = _made(database, people, objects, release_id=release.id)
    assert not _disclosed(service, people.owner, within, Visibility.PUBLIC)
    without = _made(database, people, objects)
    assert _disclosed(service, people.owner, without, Visibility.REGISTERED).names == (objects.internal_name,)


def test_a_product_that_was_sent_tells_of_nothing(database: Database, people: People, service: DisclosureService):
    sent = _product(database, people.owner, "sent", Visibility.PRIVATE)
    assert not _disclosed(service, people.owner, sent, Visibility.PUBLIC)
