"""Searches by words, by what products hold and by where they lie, on both databases."""

import math

import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from mocpy import MOC

from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import InvalidValueError
from products.models import ProductStatus, Visibility
from products.schema import ProductRow, ProductTableRow
from products.search.coverage import CoverageService, region_of_circle, region_of_moc, region_of_text
from products.search.facets import FacetService
from products.search.queries import ProductQuery
from products.service import NewProduct, ProductService
from tests.products.conftest import People


def _product(
    database: Database,
    owner: Identity,
    name: str,
    *,
    kind: int = 1,
    columns: str = "",
    rows: int | None = None,
    z: str | None = "z",
    footprint: MOC | None = None,
    visibility: Visibility = Visibility.PUBLIC,
) -> int:
    product = ProductService(database).create(owner, NewProduct(name, kind, visibility=visibility))
    with database.write() as session:
        row = session.get_one(ProductRow, product.id)
        row.status, row.column_names = ProductStatus.PUBLISHED, columns
        if rows is not None:
            session.add(
                ProductTableRow(
                    product_id=product.id,
                    table_schema="s",
                    table_name=f"t{product.id}",
                    stored_id=f"stored{product.id}",
                    rows=rows,
                    z=z,
                    area_deg2=None if footprint is None else footprint.sky_fraction * 41252.96,
                    footprint=None if footprint is None else str(footprint.to_string(format="ascii")),
                )
            )
    return product.id


def _cone(ra: float, dec: float, radius: float) -> MOC:
    return MOC.from_cone(
        SkyCoord(ra, dec, unit="deg").ra, SkyCoord(ra, dec, unit="deg").dec, radius=radius * u.deg, max_depth=10
    )


@pytest.fixture
def found(database: Database, people: People):
    def names(identity: Identity = people.nobody, **query: object) -> list[str]:
        page = ProductService(database).list(identity, ProductQuery(ordering="display_name", **query))
        limited = ProductService(database).list(identity, ProductQuery(ordering="display_name", limit=50, **query))
        assert page == limited
        return [product.display_name for product in page.products]

    return names


def test_words_are_found_in_the_names_of_columns(database: Database, people: People, found):
    _product(database, people.owner, "Alpha", columns="objid\nmag_LSST_i\nz100%")
    _product(database, people.owner, "Beta", columns="objid\nflux_i")
    _product(database, people.owner, "Hidden", columns="mag_lsst_i", visibility=Visibility.PRIVATE)
    assert found(text="mag_lsst") == ["Alpha"]
    assert found(text="objid") == ["Alpha", "Beta"]
    assert found(text="objid beta") == ["Beta"]
    assert found(text="100%") == ["Alpha"]
    assert found(text="0%z") == []
    assert found(people.owner, text="lsst_i") == ["Alpha", "Hidden"]


def test_products_are_found_by_what_they_hold(database: Database, people: People, found):
    _product(database, people.owner, "Large", rows=2_000_000, footprint=_cone(10, 0, 20))
    _product(database, people.owner, "Small", rows=1_000, footprint=_cone(10, 0, 0.4))
    _product(database, people.owner, "Photometric", kind=4, rows=999)
    _product(database, people.owner, "Objects", kind=6, rows=5, z=None)
    _product(database, people.owner, "File", kind=7)
    assert found(with_redshift=True) == ["Large", "Small"]
    assert found(with_redshift=False) == ["File", "Objects", "Photometric"]
    assert found(rows=(1_000, None)) == ["Large", "Small"]
    assert found(rows=(None, 1_000)) == ["Objects", "Photometric"]
    assert found(area=(1.0, None)) == ["Large"]
    assert found(area=(None, 1.0), rows=(1, None)) == ["Small"]
    facets = {
        f.name: {v.key: v.count for v in f.values} for f in FacetService(database).facets(people.nobody, ProductQuery())
    }
    assert facets["type"] == {"redshift_catalog": 2, "photoz_estimates": 1, "object_catalog": 1, "other": 1}
    assert facets["redshifts"] == {"yes": 2, "no": 3}
    assert facets["rows"] == {"1e3": 2, "1e4": 1, "more": 1}
    assert facets["area"] == {"1": 1, "more": 1}
    assert facets["owner"] == {"owner": 5}
    assert facets["release"] == {"none": 5}
    narrowed = FacetService(database).facets(people.nobody, ProductQuery(text="small"))
    assert {f.name: sum(v.count for v in f.values) for f in narrowed} == dict.fromkeys(facets, 1)


def test_facets_count_what_the_reader_may_see_alone(database: Database, people: People):
    _product(database, people.owner, "Public", rows=10)
    _product(database, people.owner, "Private", rows=10_000, visibility=Visibility.PRIVATE)
    _product(database, people.stranger, "Registered", rows=10, visibility=Visibility.REGISTERED)
    for identity, owners, rows in (
        (people.nobody, {"owner": 1}, {"1e3": 1}),
        (people.colleague, {"owner": 1, "stranger": 1}, {"1e3": 2}),
        (people.owner, {"owner": 2, "stranger": 1}, {"1e3": 2, "1e5": 1}),
    ):
        facets = {
            f.name: {v.key: v.count for v in f.values} for f in FacetService(database).facets(identity, ProductQuery())
        }
        assert (facets["owner"], facets["rows"]) == (owners, rows)
    assert [f.values for f in FacetService(database).facets(people.nobody, ProductQuery(text="nothing"))] == [()] * 6


def test_products_are_found_by_where_their_rows_lie(database: Database, people: People, found):
    coverage = CoverageService(database)
    assert coverage.overlapping(region_of_circle(10, 0)) == ()
    cones = {
        "North": (0.0, 85.0, 8.0),
        "Origin": (0.0, 0.0, 1.0),
        "Wide": (180.0, -30.0, 25.0),
        "Next": (359.5, 0.2, 1.0),
    }
    numbers = {
        name: _product(database, people.owner, name, rows=3, footprint=_cone(*cone)) for name, cone in cones.items()
    }
    numbers["Nowhere"] = _product(database, people.owner, "Nowhere", rows=3)
    for ra, dec in ((0, 0), (359.9, 0.1), (180, -30), (200, -40), (123, 88), (90, 0), (0, 90), (0, -90)):
        point = SkyCoord(ra, dec, unit="deg")
        inside = {n for n, cone in cones.items() if bool(_cone(*cone).contains_lonlat(point.ra, point.dec)[0])}
        assert set(found(numbers=coverage.overlapping(region_of_circle(ra, dec)))) == inside
    for region in (
        _cone(2.2, 0, 0.5),
        _cone(1.2, 0, 0.5),
        _cone(180, 0, 6),
        MOC.from_string("0/0-11"),
        MOC.from_string("3/5"),
    ):
        meeting = {n for n, cone in cones.items() if not _cone(*cone).intersection(region).empty()}
        text = str(region.to_string(format="ascii"))
        assert set(found(numbers=coverage.overlapping(region_of_moc(text)))) == meeting
    assert set(found(numbers=coverage.overlapping(region_of_text("0, 0, 1")))) == {"Origin", "Next"}
    # A footprint that changed is read anew; one that went is forgotten.
    with database.write() as session:
        row = session.get_one(ProductTableRow, numbers["Origin"])
        session.get_one(ProductRow, numbers["Origin"]).updated_at = utc_now()
        row.stored_id, row.footprint = "anew", str(_cone(90, 0, 1).to_string(format="ascii"))
        session.delete(session.get_one(ProductTableRow, numbers["Next"]))
    assert found(numbers=coverage.overlapping(region_of_circle(0, 0))) == []
    assert found(numbers=coverage.overlapping(region_of_circle(90, 0))) == ["Origin"]


def test_where_a_private_product_lies_is_not_told(database: Database, people: People, found):
    _product(database, people.owner, "Hidden", rows=3, footprint=_cone(10, 0, 1), visibility=Visibility.PRIVATE)
    numbers = CoverageService(database).overlapping(region_of_circle(10, 0))
    assert found(numbers=numbers) == []
    assert found(people.owner, numbers=numbers) == ["Hidden"]


@pytest.mark.parametrize(
    "text", ["", "1", "a b", "1 2 3 4", "361 0", "-1 0", "0 91", "0 0 -1", "0 0 181", "nan 0", "inf 0"]
)
def test_what_is_no_position_is_refused(text: str):
    with pytest.raises(InvalidValueError):
        region_of_text(text)


@pytest.mark.parametrize(
    "text", ["", "5", "abc", "30/1", "0/12", "3/768", "99/1", "5/1-", "0/" + "9" * 30, "x" * 300_000, "5/3-1 '; DROP"]
)
def test_what_is_no_moc_is_refused(text: str):
    try:
        region = region_of_moc(text)
    except InvalidValueError:
        return
    assert len(region) < 2  # what is odd but harmless


def test_a_region_is_as_large_as_it_should_be():
    whole = region_of_moc("0/0-11")
    assert whole.tolist() == [[0, 12 * 4**29]]
    assert region_of_moc("1/0,2 2/4").tolist() == region_of_moc("1/0 2 2/4").tolist()
    cone = region_of_circle(10, 20, 5)
    area = (cone[:, 1] - cone[:, 0]).sum() / (12 * 4**29) * 4 * math.pi
    assert area == pytest.approx(2 * math.pi * (1 - math.cos(math.radians(5))), rel=0.02)
