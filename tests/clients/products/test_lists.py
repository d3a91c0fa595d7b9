"""Products are listed with the filters of the server, which the library reads from its description."""

from collections.abc import Mapping

import pytest
from astropy.coordinates import SkyCoord
from pzserver import InvalidValueError, Product, PzServer
from pzserver.products.products import read_pages

from core.database import Database
from products.service import ProductService
from tests.support.server import RunningServer


def test_products_are_listed_and_shown(ours: PzServer, surveys):
    found = ours.products.list(product_name="survey")

    assert found.names == (surveys.shallow.internal_name, surveys.deep.internal_name)
    product = found[surveys.deep.internal_name]
    assert isinstance(product, Product)
    assert (product.product_type, product.release, product.row_count) == ("redshift_catalog", None, 300)
    assert (product.owner, product.record.visibility) == (surveys.deep.owner, "registered")
    assert list(found.to_pandas()["display_name"]) == ["Shallow survey", "Deep survey"]
    assert "Deep survey" in repr(found)
    assert "<td>Deep survey</td>" in found._repr_html_()
    assert len(ours.products) >= 2


@pytest.mark.parametrize(
    "filters",
    [
        {"rows__gte": 300, "product_name": "survey"},
        {"internal_name": ["{deep}", "none"]},
        {"product_type": "redshift_catalog", "search": "deep"},
        {"product_type": "Reference Redshift Catalog", "product_name": ["DEEP", "surv"]},
        {"product_type": ["training_set", "redshift_catalog"], "product_name__or": ["deep", "nothing"]},
        {"covers": (150.02, 2.02, 0.001), "has_redshift": True, "ordering": "id", "limit": 1, "search": "survey"},
        {"covers": SkyCoord(150.02, 2.02, unit="deg"), "ordering": "id", "limit": 1, "search": "survey"},
    ],
)
def test_filters_are_those_of_rest(ours: PzServer, surveys, filters: Mapping[str, object]):
    name = surveys.deep.internal_name
    given = {key: [name, "none"] if value == ["{deep}", "none"] else value for key, value in filters.items()}

    assert ours.products.list(**given).names == (name,)


def test_unknown_filters_and_names_are_refused_before_anything_is_sent(ours: PzServer):
    with pytest.raises(InvalidValueError, match=r"'product_typ' is not a filter; did you mean 'product_type'\?"):
        ours.products.list(product_typ="redshift_catalog")
    with pytest.raises(InvalidValueError, match="'colour' is not a filter; the filters are internal_name"):
        ours.products.search("deep", colour="red")
    with pytest.raises(InvalidValueError, match="'dr9' is not one of the releases"):
        ours.products.list(release="dr9")


def test_the_filters_are_those_that_the_server_names(ours: PzServer):
    named = ours.connection.json("OPTIONS", "products/")
    names = {each["name"] for each in named["filter_classes"]} | set(named["content_filters"])

    assert set(ours.products.filters.names) == names | {"search", "ordering"}


def test_types_releases_and_facets_are_records(ours: PzServer, library_server: RunningServer, surveys):
    database = Database(f"sqlite:///{library_server.data / 'photoz.sqlite'}")
    ProductService(database).ensure_release("lists1", "Lists One")
    database.close()

    assert ours.products.types[0].name == "redshift_catalog"
    (release,) = [each for each in ours.products.releases if each.name == "lists1"]
    assert (release.display_name, release.is_public, release.access_groups) == ("Lists One", True, ())
    (kind,) = ours.products.facets(product_name="survey").type
    assert (kind.value, kind.count) == ("redshift_catalog", 2)


def test_pages_are_read_to_the_end_and_each_entry_once():
    class Connection:
        """Two pages, of which the first entry of the second one was on the first one before."""

        def json(self, method, path, params):
            pages = {"1": range(500), "2": range(499, 700)}
            return {"count": 700, "results": [{"id": number} for number in pages[params["page"]]]}

    everything = [each["id"] for each in read_pages(Connection(), "products/", {})]

    assert everything == list(range(700))
    assert len(list(read_pages(Connection(), "products/", {}, 600))) == 600
