"""Lineage: what a product was made of and what was made of it, as far as one may see it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from core.auth.models import Identity
from core.database import Database
from products.attribution import AttributionChanges, RelationKind, RelationRequest
from products.models import Product, ProductStatus, Visibility
from products.provenance import Activity, LineageService, ProvenanceService, UsedEntity
from products.provenance.lineage import Lineage
from products.schema import ProductRow
from products.service import NewProduct, ProductChanges, ProductService
from products.sharing.attribution import RelationService
from tests.products.conftest import People

_TIME = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def service(database: Database) -> ProductService:
    return ProductService(database)


def _lineage(database: Database, identity: Identity, product: Product) -> Lineage:
    service = ProductService(database)
    return LineageService(database, ProvenanceService(database, service), RelationService(database)).of(
        identity, product
    )


def _make(
    database: Database, people: People, name: str, *used: Product, visibility: Visibility = Visibility.PUBLIC
) -> Product:
    product = ProductService(database).create(people.owner, NewProduct(name, 7, visibility=visibility))
    with database.write() as session:
        session.execute(update(ProductRow).where(ProductRow.id == product.id).values(status=ProductStatus.PUBLISHED))
    if used:
        entities = tuple(UsedEntity("redshift_catalog", item.internal_name, item.id) for item in used)
        release = UsedEntity("object_catalog", "dp1")
        activity = Activity("Combine", "photoz-server", "1", _TIME, _TIME, used=(*entities, release))
        ProvenanceService(database, ProductService(database)).record(product.id, activity)
    return product


def _edges(lineage: Lineage) -> set[tuple[str, str]]:
    labels = {node.key: node.label for node in lineage.nodes}
    return {(labels[edge.source], labels[edge.target]) for edge in lineage.edges}


def test_the_graph_goes_both_ways_in_the_order_of_making(database: Database, people: People):
    first, second = _make(database, people, "first"), _make(database, people, "second")
    middle = _make(database, people, "middle", first, second)
    last = _make(database, people, "last", middle, first)
    lineage = _lineage(database, people.nobody, middle)
    assert _edges(lineage) == {
        ("first", "middle"), ("second", "middle"), ("dp1", "middle"), ("middle", "last"),
    }  # fmt: skip
    assert {node.label: node.level for node in lineage.nodes} == {
        "first": -1, "second": -1, "dp1": -1, "middle": 0, "last": 1,
    }  # fmt: skip
    # What is used in two steps stands before both.
    levels = {node.label: node.level for node in _lineage(database, people.nobody, last).nodes}
    assert levels["first"] < levels["middle"] < levels["last"] == 0
    assert lineage.is_whole


def test_what_one_may_not_read_has_no_name_and_what_was_made_of_it_is_left_out(database: Database, people: People):
    private = _make(database, people, "secret input", visibility=Visibility.PRIVATE)
    product = _make(database, people, "product", private)
    _make(database, people, "secret result", product, visibility=Visibility.PRIVATE)
    assert _edges(_lineage(database, people.owner, product)) == {
        ("secret input", "product"), ("dp1", "product"), ("product", "secret result"),
    }  # fmt: skip
    seen = _lineage(database, people.stranger, product)
    assert _edges(seen) == {("", "product"), ("dp1", "product")}
    assert [node.kind for node in seen.nodes if not node.label] == ["hidden"]
    assert "secret" not in repr(seen)
    assert private.internal_name not in repr(seen)


def test_declared_relations_are_drawn_and_a_circle_ends(database: Database, people: People, service: ProductService):
    one, two = _make(database, people, "one"), _make(database, people, "two")
    for product, other in ((one, two), (two, one)):
        related = (RelationRequest(kind=RelationKind.IS_DERIVED_FROM, target=other.internal_name),)
        service.change(people.owner, product.id, ProductChanges(attribution=AttributionChanges(related=related)))
    lineage = _lineage(database, people.owner, service.get(people.owner, one.id))
    assert _edges(lineage) == {("two", "one")}


def test_a_long_chain_is_cut_and_says_so(database: Database, people: People):
    chain = [_make(database, people, "0")]
    for number in range(1, 7):
        chain.append(_make(database, people, str(number), chain[-1]))
    lineage = _lineage(database, people.owner, chain[-1])
    assert min(node.level for node in lineage.nodes) == -4
    assert not lineage.is_whole
