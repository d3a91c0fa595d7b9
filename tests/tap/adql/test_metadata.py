"""Metadata of result columns: units, UCDs and names through aliases, joins, subqueries and set operations."""

import pytest

from core.columns import column_of_field
from tests.tap.adql.sky import OBJECTS

_COLUMNS = {column.name: column for column in OBJECTS.columns}


def _facts(column):
    return column.name, column.datatype, column.unit, column.ucd


def test_columns_carry_what_the_catalogue_says(sky):
    columns = sky.translate('SELECT ID, "Name", objects.Mag_I FROM cat.objects').columns
    assert columns == (_COLUMNS["id"], _COLUMNS["Name"], _COLUMNS["mag_i"])
    assert columns[0].description == "Number of the object"
    assert sky.translate("SELECT * FROM cat.objects").columns == OBJECTS.columns


@pytest.mark.parametrize(
    "query",
    [
        "SELECT mag_i AS m FROM cat.objects",
        "SELECT m FROM (SELECT mag_i AS m FROM cat.objects) AS q",
        "WITH w AS (SELECT mag_i m FROM cat.objects) SELECT w.* FROM w",
        "SELECT o.mag_i AS m FROM cat.objects o JOIN cat.spectra s USING (id)",
        "SELECT mag_i AS m FROM cat.objects UNION SELECT mag_i FROM cat.objects",
        "SELECT COALESCE(mag_i, 99) AS m FROM cat.objects",
        "SELECT (mag_i) AS m FROM cat.objects GROUP BY mag_i",
    ],
)
def test_metadata_follow_through(sky, query):
    (column,) = sky.translate(query).columns
    assert (column.name, column.unit, column.ucd) == ("m", "mag", "phot.mag;em.opt.I")


def test_aggregates_and_functions_say_what_they_are(sky):
    query = """SELECT COUNT(*), MAX(mag_i), MIN(z) AS least, AVG(ra), DISTANCE(ra, dec, 1, 2), 1, 'x',
        mag_i - mag_i, ROUND(z, 2),
        SUM("size"), -ra, IN_UNIT(ra, 'arcsec') FROM cat.objects GROUP BY ra, dec, z, mag_i"""
    assert [_facts(column) for column in sky.translate(query).columns] == [
        ("count_1", "long", None, "meta.number"),
        ("max_2", "float", "mag", "phot.mag;em.opt.I;stat.max"),
        ("least", "double", None, "src.redshift;stat.min"),
        ("avg_4", "double", "deg", "pos.eq.ra;meta.main;stat.mean"),
        ("distance_5", "double", "deg", "pos.angDistance"),
        ("col_6", "int", None, None),
        ("col_7", "unicodeChar", None, None),
        ("col_8", "float", "mag", None),
        ("round_9", "double", None, "src.redshift"),
        ("sum_10", "long", "arcsec", None),
        ("col_11", "double", "deg", None),
        ("in_unit_12", "double", "arcsec", "pos.eq.ra;meta.main"),
    ]


def test_a_union_keeps_what_both_sides_say(sky):
    (column,) = sky.translate("SELECT ra FROM cat.objects UNION ALL SELECT ra FROM cat.spectra").columns
    assert _facts(column) == ("ra", "double", "deg", None)


def test_names_of_a_result_are_unique(sky):
    query = "SELECT o.id, s.id, s.z_spec AS ID, o.z AS id_2 FROM cat.objects o JOIN cat.spectra s ON o.id = s.id"
    translation = sky.translate(query)
    assert [column.name for column in translation.columns] == ["id", "id_3", "ID_4", "id_2"]
    assert sky.connection.sql(translation.sql).columns == ["id", "id_3", "ID_4", "id_2"]


def test_hidden_columns_stay_hidden(sky):
    assert "_healpix_29" not in sky.connection.sql(sky.translate("SELECT * FROM cat.objects").sql).columns


def test_guessed_datatypes_are_those_of_the_engine(sky):
    query = """SELECT id, mag_i, "size" + 1, "size" / 2, "size" * 1.5, id + "size", mag_i * 2, mag_i + z,
        ABS("size"), ABS(mag_i), MOD(id, 3),
        POWER("size", 2), FLOOR(mag_i), ROUND("size", -1), TRUNCATE(z), COUNT(*), SUM("size"), SUM(mag_i), AVG("size"),
        MAX("size"),
        CAST(z AS REAL), CAST(id AS SMALLINT), 3000000000, 1e3, RAND(), PI(), COALESCE("size", z), Name || 'x',
        CONTAINS(POINT(ra, dec), CIRCLE(1, 2, 3)), DISTANCE(ra, dec, 0, 0), ivo_healpix_index(5, ra, dec), -"size"
        FROM cat.objects GROUP BY id, mag_i, "size", z, Name, ra, dec, ivo_healpix_index(5, ra, dec)"""
    translation = sky.translate(query)
    schema = sky.connection.sql(translation.sql).to_arrow_table().schema
    guessed = [(column.name, column.datatype) for column in translation.columns]
    assert guessed == [(field.name, column_of_field(field).datatype) for field in schema]


def test_tables_that_are_read_are_told(sky):
    query = "SELECT id FROM cat.objects WHERE id IN (SELECT id FROM cat.spectra) UNION SELECT id FROM cat.objects"
    assert [table.name for table in sky.translate(query).tables] == ["cat.objects", "cat.spectra"]


def test_healpix_indices_are_those_of_cdshealpix(sky):
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import lonlat_to_healpix

    rows = sky.rows(
        "SELECT ivo_healpix_index(8, ra, dec), ivo_healpix_index(8, POINT(ra, dec)) FROM cat.objects ORDER BY id"
    )
    lon, lat = sky.objects.T
    expected = lonlat_to_healpix(Longitude(lon * u.deg), Latitude(lat * u.deg), 8).tolist()
    assert rows[:-1] == [(cell, cell) for cell in expected]
    assert rows[-1] == (None, None)
