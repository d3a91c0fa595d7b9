"""Lists of products in pages, on both databases."""

import pytest

from core.database import Database
from products.search.queries import ProductQuery
from products.service import NewProduct, ProductService
from tests.products.conftest import People

NAMES = ("vvds", "DEEP2", "Sdss", "zCOSMOS", "desi", "VIPERS", "another")


@pytest.fixture
def service(database: Database, people: People) -> ProductService:
    service = ProductService(database)
    for number, name in enumerate(NAMES):
        service.create(people.owner, NewProduct(name, 7 if number % 2 else 6, description=f"made of 100% {name}_x"))
    return service


@pytest.mark.parametrize("ordering", ["id", "-id", "display_name", "-display_name", "product_type", "-created_at", "x"])
def test_pages_together_are_the_list_and_each_counts_it_whole(service: ProductService, people: People, ordering: str):
    whole = service.list(people.owner, ProductQuery(ordering=ordering))
    assert whole.count == len(whole.products) == len(NAMES)
    pages = [service.list(people.owner, ProductQuery(ordering=ordering, offset=at, limit=3)) for at in (0, 3, 6)]
    assert [product for page in pages for product in page.products] == list(whole.products)
    assert {page.count for page in pages} == {len(NAMES)}


def test_names_are_ordered_whatever_their_case(service: ProductService, people: People):
    listed = service.list(people.owner, ProductQuery(ordering="display_name", limit=100)).products
    assert [product.display_name for product in listed] == sorted(NAMES, key=str.lower)


def test_a_page_past_the_end_is_empty_and_still_counts(service: ProductService, people: People):
    assert service.list(people.owner, ProductQuery(offset=50, limit=3)).count == len(NAMES)
    nothing = service.list(people.owner, ProductQuery(text="nowhere", limit=3))
    assert (nothing.count, nothing.products) == (0, ())


@pytest.mark.parametrize(
    ("words", "found"),
    [("deep", {"DEEP2"}), ("OWNER,vvds", {"vvds"}), ("100%", set(NAMES)), ("i_x", {"desi"}), ("stranger", set())],
)
def test_every_word_stands_in_the_name_the_description_or_the_owner(
    service: ProductService, people: People, words: str, found: set
):
    page = service.list(people.owner, ProductQuery(text=words, limit=100))
    assert {product.display_name for product in page.products} == found
