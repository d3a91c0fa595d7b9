"""SQL of Spark: what it must say where the engines differ, and what is refused."""

import pytest

from tap.engine.spark.dialect import UnsupportedQueryError, spark_sql

_VIEWS = {("s", "t"): "v"}
_TYPES = {"v": {"i": "INT", "j": "BIGINT", "x": "DOUBLE", "k": "STRING", "a": "ARRAY<DOUBLE>"}}


def _sql(expression: str) -> str:
    return spark_sql(f'SELECT {expression} AS "c" FROM "s"."t" AS "t1"', _VIEWS, _TYPES)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"t1"."i" / "t1"."j"', " DIV NULLIF(`t1`.`j`, 0)"),
        ('"t1"."x" / "t1"."j"', "CAST(`t1`.`x` AS DOUBLE) / NULLIF(`t1`.`j`, 0)"),
        ('TRY("t1"."i" + 2147483647)', "TRY_ADD(`t1`.`i`, 2147483647)"),
        ('ISFINITE("t1"."x")', "ABS(`t1`.`x`) < CAST('Infinity' AS DOUBLE)"),
        ('SUM("t1"."i")', "SUM(CAST(`t1`.`i` AS DECIMAL(38, 0)))"),
        ('SUM("t1"."x")', "SUM(`t1`.`x`)"),
        ('LIST_REDUCE(LIST_VALUE("t1"."i", 3), LAMBDA v, w : CASE WHEN v = w THEN NULL ELSE v END)', "`t1`.`i`"),
    ],
)
def test_a_difference_of_the_engines_is_written_out(expression: str, expected: str):
    assert expected.lower() in _sql(expression).lower()
    assert "`s`" not in _sql(expression)


@pytest.mark.parametrize(
    "expression",
    [
        'SKY_CONTAINS("t1"."x")',
        'CAST("t1"."k" AS TIMESTAMP)',
        'CAST("t1"."x" AS TEXT)',
        'MAD("t1"."x")',
        '"t1"."k" LIKE \'a\\b\'',
        'TRUNC("t1"."x", 1)',
        "READ_PARQUET('/etc/passwd')",
    ],
)
def test_what_has_no_equal_is_refused(expression: str):
    with pytest.raises(UnsupportedQueryError, match="cluster"):
        _sql(expression)


def test_names_in_text_stay_text():
    found = spark_sql('SELECT \'`; DROP\' AS "a`b" FROM "s"."t" AS "t1"', _VIEWS, _TYPES)
    assert "`a``b`" in found
    assert "'`; DROP'" in found
