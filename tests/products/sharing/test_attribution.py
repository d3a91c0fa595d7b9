"""Attribution of products: kept, changed, inherited; relations are shown to those alone who may read both."""

import pytest
from sqlalchemy import select, update

from core.database import Database
from core.errors import InvalidValueError
from products.attribution import AttributionChanges, Author, RelationKind, RelationRequest
from products.lifecycle.versions import ProductVersionService
from products.models import Product, ProductStatus, Visibility
from products.quotas import QuotaRule
from products.schema import ProductRow
from products.service import NewProduct, ProductChanges, ProductService
from products.sharing.attribution import RelationService
from products.sharing.service import SharingService
from tests.products.conftest import People

_CITES = RelationKind.CITES


@pytest.fixture
def service(database: Database) -> ProductService:
    return ProductService(database)


@pytest.fixture
def relations(database: Database) -> RelationService:
    return RelationService(database)


@pytest.fixture
def products(database: Database, people: People, service: ProductService) -> tuple[Product, Product, Product]:
    """A public product, a private one, and a public one that is to cite them."""
    made = [
        service.create(people.owner, NewProduct(name, 7, visibility=visibility))
        for name, visibility in (("open", Visibility.PUBLIC), ("closed", Visibility.PRIVATE), ("x", Visibility.PUBLIC))
    ]
    with database.write() as session:
        session.execute(update(ProductRow).values(status=ProductStatus.PUBLISHED))
    return made[0], made[1], made[2]


def _related(*targets: str) -> ProductChanges:
    requests = tuple(RelationRequest(kind=_CITES, target=target) for target in targets)
    return ProductChanges(attribution=AttributionChanges(related=requests))


def test_an_attribution_is_kept_and_changed_in_parts(service: ProductService, people: People):
    given = AttributionChanges(authors=(Author(name="Carvalho, Ana"),), license="cc-by-4.0", doi="doi:10.5281/zenodo.7")
    product = service.create(people.owner, NewProduct("x", 7, attribution=given))
    assert product.attribution.license == "CC-BY-4.0"
    change = ProductChanges(attribution=AttributionChanges(license="", references=("arXiv:1708.05391",)))
    changed = service.change(people.owner, product.id, change).attribution
    assert (changed.license, changed.references) == ("", ("arXiv:1708.05391",))
    assert (changed.authors, changed.doi) == ((Author(name="Carvalho, Ana"),), "10.5281/zenodo.7")
    assert service.get(people.owner, product.id).attribution == changed


def test_relations_are_shown_to_those_who_may_read_their_products(
    service: ProductService, relations: RelationService, people: People, products: tuple[Product, Product, Product]
):
    public, private, citing = products
    targets = (public.internal_name, f"http://testserver/product/{private.internal_name}", "doi:10.1000/x")
    citing = service.change(people.owner, citing.id, _related(*targets))
    everything = [public.internal_name, private.internal_name, "10.1000/x"]
    for name, expected in {
        "owner": everything,
        "admin": everything,
        "stranger": [public.internal_name, "10.1000/x"],
        "nobody": [public.internal_name, "10.1000/x"],
    }.items():
        assert [item.identifier for item in relations.of(getattr(people, name), citing)] == expected


def test_an_error_does_not_tell_whether_a_product_exists(
    service: ProductService, people: People, products: tuple[Product, Product, Product]
):
    private = products[1]
    own = service.create(people.stranger, NewProduct("own", 7))
    for key in (private.internal_name, str(private.id), "999999", "999999_none"):
        with pytest.raises(InvalidValueError) as caught:
            service.change(people.stranger, own.id, _related(key))
        assert caught.value.message == f"There is no product '{key}' that you may read."
        assert caught.value.field == "related"
    with pytest.raises(InvalidValueError, match="related to itself"):
        service.change(people.stranger, own.id, _related(str(own.id)))


def test_relations_that_a_co_owner_does_not_see_stay(
    database: Database,
    service: ProductService,
    relations: RelationService,
    people: People,
    products: tuple[Product, Product, Product],
):
    public, private, citing = products
    SharingService(database, QuotaRule()).add_co_owner(people.owner, citing.id, "co_owner")
    service.change(people.owner, citing.id, _related(private.internal_name, public.internal_name))
    changed = service.change(people.co_owner, citing.id, _related("https://example.org/"))
    seen = [item.identifier for item in relations.of(people.owner, changed)]
    assert seen == ["https://example.org/", private.internal_name]


def test_a_new_version_inherits_all_but_the_doi(
    database: Database, service: ProductService, people: People, products: tuple[Product, Product, Product]
):
    citing = products[2]
    given = AttributionChanges(
        authors=(Author(name="Carvalho, Ana"),),
        license="CC0-1.0",
        doi="10.5281/zenodo.7",
        related=(RelationRequest(kind=_CITES, target=products[0].internal_name),),
    )
    old = service.change(people.owner, citing.id, ProductChanges(attribution=given)).attribution
    new = ProductVersionService(database, QuotaRule(), days=30).new_version(people.owner, citing.id).attribution
    assert new == old.model_copy(update={"doi": ""})


def test_rows_of_earlier_versions_have_no_attribution(database: Database, service: ProductService, people: People):
    product = service.create(people.owner, NewProduct("x", 7))
    with database.read() as session:
        assert session.scalar(select(ProductRow.attribution).where(ProductRow.id == product.id)) == {}
    assert not product.attribution.authors
