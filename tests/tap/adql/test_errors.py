"""Errors of queries: position, what was found, what was expected, similar names."""

import pytest

from tap.adql import QueryError, translate
from tests.tap.adql.sky import catalog

_CASES = [
    ("SELECT id\nFROM cat.object", 2, 6, ["Unknown table cat.object", "did you mean cat.objects?"]),
    ("SELECT id FROM objects", 1, 16, ["Unknown table objects", "did you mean cat.objects?"]),
    ("SELECT id FROM cat.few_rows", 1, 16, ["Unknown table cat.few_rows", 'did you mean cat."Few Rows"?']),
    ("SELECT id,\n  mag_j FROM cat.objects", 2, 3, ["Unknown column mag_j", "did you mean mag_i?"]),
    ("SELECT o.zz FROM cat.objects o", 1, 8, ["Unknown column o.zz"]),
    ("SELECT p.z FROM cat.objects o", 1, 8, ["Unknown table p"]),
    ("SELECT siz FROM cat.objects", 1, 8, ['did you mean "size"?']),
    ("SELECT id FROM cat.objects, cat.spectra", 1, 8, ["id is ambiguous", "objects.id or spectra.id"]),
    ("SELECTT id FROM cat.objects", 1, 1, ["Found 'SELECTT'", "expected", "did you mean SELECT?"]),
    ("SELECT id FROM cat.objects WHERE", None, None, ["ends too early", "a value"]),
    ("SELECT size FROM cat.objects", 1, 8, ["'size', a reserved word", 'write "size" in double quotes']),
    ("SELECT id FROM cat.objects WHERE id = 'x", 1, 39, ["no closing quote"]),
    ('SELECT "id FROM cat.objects', 1, 8, ["no closing quote"]),
    ("SELECT id FROM cat.objects; SELECT 1", 1, 29, ["Found 'SELECT'", "one SELECT", "after a semicolon"]),
    ("SELECT id FROM cat.objects LIMIT 5", 1, 34, ["Found '5'", "TOP, not LIMIT"]),
    ("SELECT id FROM cat.objects WHERE id > 3 limit 5", 1, 41, ["Found 'limit'", "TOP, not LIMIT"]),
    ("SELECT id FROM cat.objects ORDER BY id LIMIT 5", 1, 40, ["Found 'LIMIT'", "TOP, not LIMIT"]),
    ("SELECT CASE WHEN id THEN 1 END FROM cat.objects", 1, 18, ["value was found where a condition"]),
    ("SELECT CASE WHEN id = 1 THEN Name ELSE 2 END FROM cat.objects", 1, 8, ["values of CASE", "same kind"]),
    ("SELECT CASE Name WHEN 1 THEN 2 END FROM cat.objects", 1, 23, ["number is compared with text"]),
    ("SELECT CASE id = 1 WHEN 1 THEN 2 END FROM cat.objects", 1, 16, ["Found '='", "expected WHEN"]),
    ("SELECT NULLIF(id, 'x') FROM cat.objects", 1, 8, ["values of NULLIF", "same kind"]),
    ("SELECT (SELECT id, z FROM cat.objects) FROM cat.spectra", 1, 8, ["has 2 columns", "stands for one value"]),
    ("SELECT 9223372036854775808 FROM cat.objects", 1, 8, ["larger than a BIGINT", "with a point"]),
    ("SELECT 9223372036854775807 * 3 FROM cat.objects", 1, 28, ["larger than a BIGINT", "with a point"]),
    (
        "SELECT id FROM cat.objects o WHERE EXISTS (SELECT 1 FROM cat.spectra s WHERE s.id = o.idd)",
        1,
        85,
        ["Unknown column o.idd", "did you mean id?"],
    ),
    (
        "SELECT id FROM cat.objects o WHERE EXISTS (SELECT 1 FROM cat.spectra s WHERE s.id = p.id)",
        1,
        85,
        ["Unknown table p"],
    ),
    (
        "SELECT id FROM cat.objects o WHERE EXISTS (SELECT 1 FROM cat.spectra s WHERE s.id = mag_j)",
        1,
        85,
        ["Unknown column mag_j", "did you mean mag_i?"],
    ),
    ("SELECT id # FROM cat.objects", 1, 11, ["'#'", "not part of ADQL"]),
    ("SELECT 1.5x FROM cat.objects", 1, 8, ["number", "put a space"]),
    ("SELECT sqr(id) FROM cat.objects", 1, 8, ["function sqr is not available", "did you mean SQRT?"]),
    ("SELECT ABS(1, 2) FROM cat.objects", 1, 8, ["ABS was given 2 arguments", "ABS(x DOUBLE)"]),
    ("SELECT ABS(Name) FROM cat.objects", 1, 12, ["ABS takes numbers, not a text"]),
    ("SELECT Name + 1 FROM cat.objects", 1, 8, ["Arithmetic takes numbers"]),
    ("SELECT id || 'x' FROM cat.objects", 1, 8, ["|| takes text", "CAST"]),
    ("SELECT id FROM cat.objects WHERE Name > 5", 1, 39, ["number is compared with text"]),
    ("SELECT id FROM cat.objects WHERE id IN (SELECT survey FROM cat.spectra)", 1, 37, ["compared with text"]),
    ("SELECT id FROM cat.objects WHERE id IN (SELECT id, z_spec FROM cat.spectra)", 1, 37, ["2 columns"]),
    ("SELECT id FROM cat.objects WHERE id", 1, 34, ["value was found where a condition", "compare it"]),
    ("SELECT (id = 1) + 1 FROM cat.objects", 1, 8, ["condition was found where a value"]),
    ("SELECT id = 1 FROM cat.objects", 1, 11, ["condition was found where a value"]),
    ("SELECT id FROM cat.objects WHERE MAX(id) = 1", 1, 34, ["MAX cannot stand in WHERE"]),
    ("SELECT MAX(MIN(id)) FROM cat.objects", 1, 12, ["MIN cannot stand in another aggregate"]),
    ("SELECT id, COUNT(*) FROM cat.objects GROUP BY z", 1, 8, ["neither grouped by nor aggregated"]),
    ("SELECT COUNT(*) FROM cat.objects ORDER BY id", 1, 43, ["neither grouped by nor aggregated"]),
    ("SELECT * FROM cat.objects GROUP BY id", 1, 8, ["neither grouped by nor aggregated"]),
    ("SELECT id FROM cat.objects ORDER BY 2", 1, 37, ["no column 2", "has 1 columns"]),
    ("SELECT DISTINCT id FROM cat.objects ORDER BY z", 1, 46, ["SELECT DISTINCT"]),
    ("SELECT id, z FROM cat.objects UNION SELECT id FROM cat.spectra", 1, 31, ["2 and 1 columns"]),
    ("SELECT id FROM cat.objects UNION SELECT survey FROM cat.spectra", 1, 28, ["joins a number and a text"]),
    ("SELECT id FROM cat.objects UNION SELECT id FROM cat.spectra ORDER BY z", 1, 70, ["by name or position"]),
    ('SELECT id FROM cat.objects o NATURAL JOIN (SELECT a FROM cat."Few Rows") q', 1, 30, ["without a common"]),
    ("SELECT o.id FROM cat.objects o JOIN cat.spectra s USING (z)", 1, 58, ["Unknown column z", "z_spec"]),
    ("SELECT id FROM cat.objects NATURAL JOIN cat.spectra ON 1=1", 1, 53, ["Found 'ON'"]),
    ("SELECT o.id FROM cat.objects o JOIN cat.spectra s", None, None, ["ends too early", "ON"]),
    ("WITH w AS (SELECT id FROM cat.objects), w AS (SELECT id FROM cat.objects) SELECT id FROM w", 1, 41, ["twice"]),
    ("SELECT id FROM cat.objects WHERE 1=CONTAINS(POINT('FK5', ra, dec), CIRCLE(1, 2, 3))", 1, 51, ["'FK5'", "ICRS"]),
    ("SELECT id FROM cat.objects WHERE 1=CONTAINS(ra, CIRCLE(1, 2, 3))", 1, 45, ["CONTAINS takes geometry"]),
    ("SELECT id FROM cat.objects WHERE 1=CONTAINS(POINT(ra, dec), CIRCLE(1, 2, -3))", 1, 74, ["radius -3 is negative"]),
    ("SELECT id FROM cat.objects WHERE 1=CONTAINS(POINT(ra, dec), CIRCLE(1, 95, 3))", 1, 71, ["95 is not between"]),
    ("SELECT id FROM cat.objects WHERE POINT(1, 2) = 1", 1, 46, ["cannot be compared", "CONTAINS"]),
    ("SELECT REGION('ELLIPSE 1 2 3') FROM cat.objects", 1, 15, ["does not know the shape 'ELLIPSE'", "CIRCLE"]),
    ("SELECT REGION(Name) FROM cat.objects", 1, 15, ["constant text"]),
    ("SELECT REGION('CIRCLE 1 2') FROM cat.objects", 1, 15, ["A CIRCLE cannot have 2 numbers"]),
    ("SELECT CAST('1 x' AS POINT) FROM cat.objects", 1, 13, ["cannot be read"]),
    ("SELECT CAST(id AS CIRCLE) FROM cat.objects", 1, 13, ["takes a text or an array"]),
    ("SELECT CAST(CIRCLE(1, 2, 3) AS POINT) FROM cat.objects", 1, 13, ["cannot be cast to POINT"]),
    ("SELECT MOC('3/x') FROM cat.objects", 1, 12, ["cannot read '3/x'"]),
    ("SELECT MOC(31, CIRCLE(1, 2, 3)) FROM cat.objects", 1, 12, ["order from 0 to 29"]),
    ("SELECT ivo_histogram(z, 1, 0, 5) FROM cat.objects", 1, 25, ["below the upper one"]),
    ("SELECT ivo_histogram(z, 0, 1, id) FROM cat.objects", 1, 25, ["bins of ivo_histogram are not valid", "constant"]),
    ("SELECT ivo_healpix_center(3, z) FROM cat.objects", 1, 30, ["whole number as index"]),
    ("SELECT ivo_to_mjd(z) FROM cat.objects", 1, 19, ["takes a timestamp", "CAST"]),
    ("SELECT pz_quantile(z, 2) FROM cat.objects", 1, 23, ["fraction from 0 to 1"]),
    ("SELECT pz_mag(ra) FROM cat.objects", 1, 15, ["no values in deg", "nJy"]),
    ("SELECT pz_flux(ra) FROM cat.objects", 1, 16, ["takes magnitudes, not values in deg"]),
    ("SELECT DISTANCE(1, 2, 3) FROM cat.objects", 1, 8, ["two points, or four coordinates"]),
    ("SELECT POINT(1, 2, 3) FROM cat.objects", 1, 8, ["POINT takes right ascension"]),
    ("SELECT IN_UNIT(ra, 'm') FROM cat.objects", 1, 20, ["'deg' cannot be converted to 'm'"]),
    ("SELECT IN_UNIT(ra, 'parrot') FROM cat.objects", 1, 20, ["does not know the unit 'parrot'"]),
    ("SELECT IN_UNIT(id, 'm') FROM cat.objects", 1, 16, ["has no unit"]),
    ("SELECT IN_UNIT(mag_i, 'Jy') FROM cat.objects", 1, 23, ["cannot be converted"]),
    ("SELECT CAST(id AS BLOB) FROM cat.objects", 1, 19, ["Found 'BLOB'", "a type"]),
    ("SELECT CAST(id AS INTEGER(3)) FROM cat.objects", 1, 19, ["CAST to INTEGER"]),
    ("SELECT ivo_healpix_index(30, ra, dec) FROM cat.objects", 1, 26, ["order from 0 to 29"]),
    ("SELECT ROUND(z, id) FROM cat.objects", 1, 17, ["whole number of digits"]),
    ("SELECT TOP 0.5 id FROM cat.objects", 1, 12, ["Found '0.5'", "a whole number"]),
    ("SELECT COUNT() FROM cat.objects", 1, 8, ["COUNT was given 0 arguments"]),
    ("SELECT SUM(*) FROM cat.objects", 1, 8, ["only COUNT takes *"]),
]


@pytest.mark.parametrize(("query", "line", "column", "fragments"), _CASES, ids=[case[0][:70] for case in _CASES])
def test_errors_say_where_and_what(query, line, column, fragments):
    with pytest.raises(QueryError) as caught:
        translate(query, catalog())
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert (error.status, error.field) == (400, "QUERY")
    for fragment in fragments:
        assert fragment in str(error)
    if line is not None:
        assert f"at line {line}, column {column}" in str(error)
    assert "t1" not in str(error)
