"""Functions of frames, motions, intervals and spectra, and those of other services, against astropy and arithmetic."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from core.columns import Column
from tap.adql import QueryError, translate
from tap.adql.catalog import Catalog, CatalogTable
from tests.tap.adql.functions.test_table import value


@pytest.mark.parametrize(("source", "wanted"), [("ICRS", "GALACTIC"), ("GALACTIC", "FK5"), ("FK5", "SUPER_GALACTIC")])
def test_shapes_are_transformed_as_astropy_transforms_them(sky, source, wanted):
    frames = {"ICRS": "icrs", "FK5": "fk5", "GALACTIC": "galactic", "SUPER_GALACTIC": "supergalactic"}
    places = "SELECT ra, dec FROM cat.objects WHERE id < 50"
    moved = f"ivo_geom_transform('{source}', '{wanted}', POINT(ra, dec))"
    rows = sky.rows(f"SELECT COORD1(p), COORD2(p) FROM (SELECT {moved} AS p FROM ({places}) AS q) AS r")
    given = SkyCoord(np.array(sky.rows(places)), frame=frames[source], unit="deg")
    expected = given.transform_to(frames[wanted])
    assert SkyCoord(np.array(rows), frame=frames[wanted], unit="deg").separation(expected).arcsec.max() < 1e-6
    moved = value(sky, f"ivo_geom_transform('{source}', '{wanted}', CIRCLE(10, 20, 3))")
    assert moved[2] == 3
    polygon = value(sky, f"ivo_geom_transform('{source}', '{wanted}', POLYGON(10, 20, 12, 20, 11, 23))")
    assert polygon[:2] == pytest.approx(moved[:2])
    area = f"AREA(ivo_geom_transform('{source}', '{wanted}', POLYGON(10, 20, 12, 20, 11, 23)))"
    assert value(sky, area) == pytest.approx(value(sky, "AREA(POLYGON(10, 20, 12, 20, 11, 23))"))


def test_a_missing_shape_stays_missing(sky):
    assert value(sky, "ivo_geom_transform('ICRS', 'GALACTIC', POINT(NULL, 3))") is None
    assert value(sky, "ivo_apply_pm(NULL, 3, 0, 0, 1)") is None


def test_a_motion_goes_along_the_tangent(sky):
    ra, dec = np.radians((25, -14))
    place = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east, north = np.array([-np.sin(ra), np.cos(ra), 0]), np.cross(place, [-np.sin(ra), np.cos(ra), 0])
    x, y, z = place + -55 * np.radians(2e-3 * east - 1e-3 * north)
    expected = np.degrees((np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))))
    assert value(sky, "ivo_apply_pm(25, -14, 0.002, -0.001, -55)") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("number", "source", "wanted"),
    [(500, "nm", "THz"), (1, "keV", "Angstrom"), (1.42, "GHz", "cm"), (3, "um", "nm"), (2000, "1/cm", "eV")],
)
def test_spectral_values_are_those_of_astropy(sky, number, source, wanted):
    expected = (number * u.Unit(source)).to_value(wanted, u.spectral())
    assert value(sky, f"ivo_specconv({number}, '{source}', '{wanted}')") == pytest.approx(expected)


def _catalog(column: Column, engine_table: str) -> Catalog:
    table = CatalogTable("t", (column,), None, sorted_by_healpix=False, engine_schema="temp", engine_table=engine_table)
    return Catalog([table])


def test_the_unit_of_a_column_need_not_be_given(sky):
    column = Column("freq", "double", unit="GHz")
    translation = translate("SELECT ivo_specconv(freq, 'm') FROM t", _catalog(column, "t"))
    assert translation.columns[0].unit == "m"
    assert value(sky, "ivo_specconv(0, 'nm', 'Hz')") is None


def test_intervals_contain_their_ends(sky):
    column = Column("i", "double", "2", xtype="interval")
    sky.connection.execute("CREATE OR REPLACE TEMP TABLE spans AS SELECT [1.5, 4]::DOUBLE[2] AS i")
    query = ", ".join(f"ivo_interval_has({number}, i)" for number in (1, 1.5, 3, 4, 5, "NULL"))
    rows = sky.connection.sql(translate(f"SELECT {query} FROM t", _catalog(column, "spans")).sql).fetchall()
    assert rows == [(0, 1, 1, 1, 0, None)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("scisql_nanojanskyToAbMag(3630780547701.0)", 0.0),
        ("scisql_nanojanskyToAbMagSigma(100, 1)", 2.5 / np.log(10) / 100),
        ("scisql_abMagToNanojansky(31.4)", 1.0),
        ("scisql_abMagToNanojanskySigma(31.4, 0.1)", 0.1 * np.log(10) / 2.5),
        ("scisql_angSep(0, 0, 0, 1)", 1.0),
        # Gaia's archive gives source_id / 34359738368 as the index at order 12.
        ("gaia_healpix_index(12, 4295806720)", 0),
        ("gaia_healpix_index(12, 5853498713190525696)", 5853498713190525696 // 34359738368),
        ("gaia_healpix_index(6, 5853498713190525696)", 5853498713190525696 // 34359738368 // 4**6),
    ],
)
def test_functions_of_other_services(sky, expression, expected):
    assert value(sky, expression) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("ivo_geom_transform('FK4', 'ICRS', POINT(1, 2))", "'FK4' .*not available.*GALACTIC"),
        ("ivo_geom_transform('ICRS', 'FK5', MOC('1/1'))", "takes a POINT, CIRCLE or POLYGON"),
        ("ivo_specconv(z, 'nm')", "unit of ivo_specconv is not known"),
        ("ivo_specconv(z, 'parrot', 'nm')", "does not know the unit"),
        ("ivo_specconv(z, 'kg', 'nm')", "is not spectral"),
        ("gaia_healpix_index(13, id)", "order from 0 to 12"),
        ("gaia_healpix_index(3, z)", "whole number as source_id"),
    ],
)
def test_arguments_are_checked(sky, expression, message):
    with pytest.raises(QueryError, match=message):
        sky.translate(f"SELECT {expression} FROM cat.objects")
