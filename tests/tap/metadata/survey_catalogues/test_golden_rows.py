"""Queries give the same rows on products and on survey catalogues in place: those that have rows beside them."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from cdshealpix.nested import vertices
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import PhotozError
from core.settings import Settings
from server.services import Services
from tap.models import TapTable
from tests.support.databases import EmptySQLite
from tests.tap.adql.case_files import pairs
from tests.tap.adql.sky import sky_rows
from tests.tap.golden import GOLDEN, Catalogues, make_catalogues
from tests.tap.metadata.survey_catalogues.both_ways import Lane, as_catalogue, as_product, frame_columns, in_place, lane

_GEOMETRY = ("CONTAINS", "INTERSECTS", "DISTANCE")


def _ways(query: str) -> tuple[str, ...]:
    """Give the ways in which a query may take other paths; cells matter to geometry alone."""
    ways = ("product", "hats", "hats without cells")
    return ways if any(word in query for word in _GEOMETRY) else ways[:2]


#: What is refused on the cluster before it runs, because the functions of other kinds have no equal there.
_NOT_ON_CLUSTER = frozenset(
    {
        "a histogram in one row",
        "a word is not a part of a word",
        "casts of what has no value",
        "errors of photometric redshifts",
        "rounding and truncating, also to the left of the point",
        "texts of groups",
        "times compare with texts",
        "times keep the instant of their offset",
        "user-defined functions of text",
    }
)
#: What Sail refuses, and Spark runs.
_NOT_ON_SAIL = frozenset(
    {
        "a query as a value that looks outside, in two pairs of parentheses",
        "booleans compare with numbers",
        "functions of functions of long expressions",
    }
)


@pytest.fixture(scope="module")
def made() -> Catalogues:
    return make_catalogues()


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: EmptySQLite) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("lanes")
    made = Services(
        Settings(
            data=folder / "data",
            database_url=empty_sqlite.database(folder / "photoz.sqlite"),
            catalogue_places=(str(folder),),
            query_workers=1,
        )
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def tables(services: Services, made: Catalogues) -> Mapping[str, list[TapTable]]:
    folder = services.settings.data.parent
    rows = {
        table.name: {column: values[column.name] for column in table.columns} for table, values in sky_rows().items()
    }
    rows["cat.golden_objects"] = frame_columns(made.objects)
    rows["cat.golden_spectra"] = frame_columns(made.spectra)
    return {
        "product": [as_product(name, columns, folder) for name, columns in rows.items()],
        "hats": [as_catalogue(services, name, columns, folder) for name, columns in rows.items()],
        "hats without cells": [
            as_catalogue(services, name, columns, folder, cells=False) for name, columns in rows.items()
        ],
    }


@pytest.fixture(scope="module")
def lanes(services: Services, tables: Mapping[str, list[TapTable]]) -> Mapping[str, Lane]:
    return {way: lane(services, found) for way, found in tables.items()}


@pytest.fixture(scope="module")
def cluster(
    spark_remote: str,
    services: Services,
    tables: Mapping[str, list[TapTable]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Lane:
    from tap.engine.spark.engine import SparkEngine

    engine = SparkEngine(spark_remote, tmp_path_factory.mktemp("results"), services.tap.engine)
    return lane(services, [in_place(services, table) for table in tables["hats"]], engine)


@pytest.mark.parametrize(("name", "query", "expected"), list(pairs()), ids=[name for name, _, _ in pairs()])
def test_rows_are_those_beside_the_query(lanes: Mapping[str, Lane], name: str, query: str, expected: list[tuple]):
    for way in _ways(query):
        found = lanes[way].rows(query)
        if "ORDER BY" not in query:
            found, expected = sorted(found, key=repr), sorted(expected, key=repr)
        assert found == expected, (way, name)


@pytest.mark.parametrize("name", GOLDEN)
def test_rows_are_those_of_an_independent_computation(lanes: Mapping[str, Lane], made: Catalogues, name: str):
    query, compute = GOLDEN[name]
    text = query.replace("{o}", "cat.golden_objects").replace("{s}", "cat.golden_spectra")
    wanted = compute(made)
    for way in _ways(text):
        found, expected = lanes[way].rows(text), wanted
        if "ORDER BY" not in query:
            found, expected = sorted(found), sorted(expected)
        assert len(found) == len(expected) > 0, way
        for row, values in zip(found, expected, strict=True):
            for cell, value in zip(row, values, strict=True):
                is_inexact = isinstance(value, float)
                assert cell == (pytest.approx(value, rel=1e-9, abs=1e-12) if is_inexact else _plain(value)), way


@pytest.mark.parametrize("name", [name for name, _, _ in pairs()] + list(GOLDEN))
def test_rows_on_a_cluster_are_the_same(request: pytest.FixtureRequest, cluster: Lane, made: Catalogues, name: str):
    known = {name: (query, expected) for name, query, expected in pairs()}
    if name in known:
        query, expected = known[name]
    else:
        text, compute = GOLDEN[name]
        query, expected = text.replace("{o}", "cat.golden_objects").replace("{s}", "cat.golden_spectra"), compute(made)
    is_sail = request.node.callspec.params["spark_remote"] == "sail"
    if name in _NOT_ON_CLUSTER or (is_sail and name in _NOT_ON_SAIL):
        with pytest.raises(PhotozError, match="cluster"):
            cluster.rows(query)
        return
    found = cluster.rows(query)
    if "ORDER BY" not in query:
        found, expected = sorted(found, key=repr), sorted(expected, key=repr)
    assert len(found) == len(expected)
    for row, values in zip(found, expected, strict=True):
        for cell, value in zip(row, values, strict=True):
            is_inexact = isinstance(value, float)
            assert cell == (pytest.approx(value, rel=1e-9, abs=1e-12) if is_inexact else _plain(value))


def _plain(value: object) -> object:
    """Give a value as engines give it: arrays are tuples here."""
    return tuple(value) if isinstance(value, list) else value


@st.composite
def _centers(draw: st.DrawFn) -> tuple[float, float]:
    """Draw a position: at a corner or on an edge of partitions, at a pole, at right ascension 0, or anywhere."""
    kind = draw(st.sampled_from(["corner", "pole", "origin", "anywhere"]))
    if kind == "corner":
        order = draw(st.integers(0, 4))
        cell = draw(st.integers(0, (12 << 2 * order) - 1))
        lon, lat = vertices(np.array([cell], np.uint64), order)
        corner = draw(st.integers(0, 3))
        return float(lon[0, corner].deg % 360), float(lat[0, corner].deg)
    if kind == "pole":
        return draw(st.floats(0, 359)), draw(st.sampled_from([-1, 1])) * (90 - draw(st.sampled_from([0, 1e-4, 0.3])))
    if kind == "origin":
        return draw(st.sampled_from([0.0, 359.9999, 1e-7, 359.6])), draw(st.floats(-1, 1))
    return draw(st.floats(0, 359.99)), draw(st.floats(-89, 89))


@st.composite
def _regions(draw: st.DrawFn) -> str:
    """Draw a circle, a polygon of equal sides or a box."""
    (lon, lat), size = draw(_centers()), draw(st.sampled_from([0.01, 0.2, 0.9, 4.0, 25.0]))
    kind = draw(st.sampled_from(["circle", "polygon", "box"]))
    if kind == "circle":
        return f"CIRCLE({lon!r}, {lat!r}, {size})"
    if kind == "box":
        return f"BOX({lon!r}, {lat!r}, {2 * size}, {draw(st.sampled_from([size, 3 * size]))})"
    count, turn = draw(st.integers(3, 7)), draw(st.floats(0, 90))
    around = SkyCoord(lon, lat, unit="deg").directional_offset_by(
        (np.arange(count) * 360 / count + turn) * u.deg, size * u.deg
    )
    corners = ", ".join(f"{float(ra)!r}, {float(dec)!r}" for ra, dec in zip(around.ra.deg, around.dec.deg, strict=True))
    return f"POLYGON({corners})"


@settings(max_examples=6, deadline=None, derandomize=True)
@given(_regions())
def test_random_regions_on_a_cluster_have_the_rows_of_the_product(
    cluster: Lane, lanes: Mapping[str, Lane], region: str
):
    query = f"SELECT id FROM cat.objects WHERE 1 = CONTAINS(POINT(ra, dec), {region})"
    assert sorted(cluster.rows(query)) == sorted(lanes["product"].rows(query))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(_regions())
def test_random_regions_have_the_rows_of_the_product(lanes: Mapping[str, Lane], region: str):
    query = f"SELECT id FROM cat.objects WHERE 1 = CONTAINS(POINT(ra, dec), {region})"
    expected = sorted(lanes["product"].rows(query))
    assert sorted(lanes["hats"].rows(query)) == expected
    assert sorted(lanes["hats without cells"].rows(query)) == expected


@settings(max_examples=4, deadline=None, derandomize=True)
@given(_centers(), st.sampled_from([0.001, 0.02, 0.3]), st.sampled_from(["JOIN", "LEFT JOIN"]))
def test_random_joins_have_the_rows_of_the_product(
    lanes: Mapping[str, Lane], center: tuple[float, float], radius: float, join: str
):
    lon, lat = center
    query = (
        f"SELECT s.id, o.id FROM cat.spectra AS s {join} cat.objects AS o ON DISTANCE(o.ra, o.dec, s.ra, s.dec) "
        f"< {radius} WHERE DISTANCE(s.ra, s.dec, {lon!r}, {lat!r}) < 2"
    )
    expected = sorted(lanes["product"].rows(query), key=repr)
    assert sorted(lanes["hats"].rows(query), key=repr) == expected
    assert sorted(lanes["hats without cells"].rows(query), key=repr) == expected
