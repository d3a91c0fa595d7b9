"""Positions and radii of cone searches, compared with astropy."""

import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from core.columns import Column
from core.errors import InvalidValueError
from tap.adql import CatalogTable
from tap.models import TapTable
from webui.explorer.positions import parse_radius
from webui.pages.query.cone import cone_query, parse_position


@pytest.mark.parametrize(
    "text",
    [
        "10:00:28.6 +02:12:21",
        "10:00:28.6, 02:12:21",
        "10 00 28.6 -02 12 21.5",
        "10h00m28.6s +02d12m21s",
        "23:59:59.9 \N{MINUS SIGN}00:00:01",
    ],
)
def test_sexagesimal_positions_are_those_of_astropy(text: str) -> None:
    expected = SkyCoord(text.replace("\N{MINUS SIGN}", "-").replace(",", " "), unit=(u.hourangle, u.deg))
    assert parse_position(text) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)


@pytest.mark.parametrize("text", ["150.119 -2.2058", " 150.119,-2.2058 ", "150.119 \N{MINUS SIGN}2.2058"])
def test_two_numbers_are_degrees(text: str) -> None:
    assert parse_position(text) == (150.119, -2.2058)


_WRONG = ("", "M 31", "10:61:00 +02:00:00", "400 2", "10 95", "1 2 3", "nan 1", "1 2 0.5", "x" * 500)


@pytest.mark.parametrize("text", _WRONG)
def test_other_texts_are_no_positions(text: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        parse_position(text)
    assert refused.value.field == "position"


def test_a_radius_has_a_unit() -> None:
    assert parse_radius("90", "arcsec") == pytest.approx(0.025)
    assert parse_radius("1.5", "arcmin") == pytest.approx(0.025)
    for text, unit in (("-1", "deg"), ("0", "deg"), ("181", "deg"), ("x", "deg"), ("1", "parsec")):
        with pytest.raises(InvalidValueError):
            parse_radius(text, unit)


def test_names_of_columns_are_quoted_where_they_must_be() -> None:
    columns = (Column("Dec", "double"), Column('R"A', "double"), Column("position", "double"))
    entry = CatalogTable("a.b", columns, ('R"A', "Dec"), sorted_by_healpix=True, engine_schema="a", engine_table="b")
    query = cone_query(TapTable("a", entry, "", frozenset({"position", "Dec"})), 1.5, -2.0, 0.1)
    assert query.splitlines()[0] == 'SELECT TOP 1000 Dec, "position",'
    assert 'POINT("R""A", Dec)' in query
    assert "CIRCLE(1.5, -2, 0.1)" in query
