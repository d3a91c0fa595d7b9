"""The metadata of products, on both databases."""

import pytest

from core.database import Database
from core.errors import AuthenticationError, InvalidValueError, PermissionDeniedError
from products.models import ProductStatus, Visibility
from products.search.queries import ProductQuery
from products.service import NewProduct, ProductChanges, ProductService
from tests.products.conftest import People


@pytest.fixture
def service(database: Database) -> ProductService:
    return ProductService(database)


# The names are those that the public service gives.
@pytest.mark.parametrize(
    ("display_name", "suffix"),
    [
        ("Test Redshift (v1.0) é", "test_redshift_v10_é"),
        ("Official   Thing!", "official___thing"),
        ("Prod cat.parquet", "prod_catparquet"),
        ("  VVDS\n", "vvds"),
    ],
)
def test_the_internal_name_follows_the_known_rule(
    service: ProductService, people: People, display_name: str, suffix: str
):
    product = service.create(people.owner, NewProduct(display_name, 7))
    assert product.internal_name == f"{product.id}_{suffix}"
    renamed = service.change(people.owner, product.id, ProductChanges(display_name="Another name"))
    assert renamed.internal_name == product.internal_name


def test_a_new_product_is_a_draft_for_registered_users(service: ProductService, people: People):
    product = service.create(people.owner, NewProduct("x", 1))
    assert (product.status, product.visibility) == (ProductStatus.REGISTERING, Visibility.REGISTERED)
    assert product.owner == "owner"
    draft = service.draft(people.owner)
    assert draft is not None
    assert draft.id == product.id
    assert service.draft(people.stranger) is None


@pytest.mark.parametrize(
    ("new", "field", "sentence"),
    [
        (NewProduct("   ", 1), "display_name", "may not be blank"),
        (NewProduct("x" * 256, 1), "display_name", "no more than 255 characters"),
        (NewProduct("x", 99), "product_type", 'Invalid pk "99"'),
        (NewProduct("x", 1, release=1), "release", "Release must be null on Reference Redshift Catalog products"),
        (NewProduct("x", 2, release=77), "release", 'Invalid pk "77"'),
        (NewProduct("x", 2, pz_code="BPZ"), "pz_code", "Pz Code must be null on Training Set products. 'BPZ'"),
        (NewProduct("x", 3, pz_code="x" * 56), "pz_code", "no more than 55 characters"),
        (NewProduct("x", 7, description="x" * 100_001), "description", "at most 100000 characters"),
    ],
)
def test_a_value_that_does_not_fit_names_its_field(
    service: ProductService, people: People, new: NewProduct, field: str, sentence: str
):
    with pytest.raises(InvalidValueError, match=sentence.replace("(", r"\(")) as caught:
        service.create(people.owner, new)
    assert caught.value.field == field
    assert service.list(people.owner, ProductQuery()).count == 0


def test_official_products_are_made_by_administrators_only(service: ProductService, people: People):
    with pytest.raises(PermissionDeniedError):
        service.create(people.owner, NewProduct("x", 7, official=True))
    product = service.create(people.owner, NewProduct("x", 7))
    with pytest.raises(PermissionDeniedError):
        service.change(people.owner, product.id, ProductChanges(official=True))
    assert service.create(people.admin, NewProduct("x", 7, official=True)).official


def test_nobody_and_readers_create_nothing(service: ProductService, people: People):
    with pytest.raises(AuthenticationError):
        service.create(people.nobody, NewProduct("x", 7))
    with pytest.raises(PermissionDeniedError, match="scope 'write'"):
        service.create(people.owner_reading, NewProduct("x", 7))


def test_a_list_is_filtered_searched_ordered_and_paged(service: ProductService, people: People):
    for name, kind in (("VVDS wide", 1), ("zCOSMOS 100%", 1), ("BPZ results", 3)):
        service.create(people.owner, NewProduct(name, kind, description=f"about {name}"))

    def names(**query: object) -> list[str]:
        return [product.display_name for product in service.list(people.owner, ProductQuery(**query)).products]

    assert names() == ["BPZ results", "zCOSMOS 100%", "VVDS wide"]
    assert names(product_types=(1,), ordering="display_name") == ["VVDS wide", "zCOSMOS 100%"]
    assert names(text="about vvds") == ["VVDS wide"]
    assert names(text="100%") == ["zCOSMOS 100%"]
    assert names(text="%") == ["zCOSMOS 100%"]
    assert names(text="owner", ordering="id", offset=1, limit=1) == ["zCOSMOS 100%"]
    assert names(text="nothing") == []
    assert service.list(people.owner, ProductQuery(limit=1)).count == 3
