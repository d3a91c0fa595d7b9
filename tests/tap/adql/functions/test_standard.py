"""Rounding and integers of standard functions, against decimal arithmetic."""

from decimal import ROUND_DOWN, Decimal

import pytest

from core.columns import Column
from tap.adql import Catalog, CatalogTable, translate
from tests.tap.adql.functions.test_table import value


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_numbers_are_truncated_as_they_are_written(sky, digits):
    numbers = [f"{sign}{cents / 100:.2f}" for cents in range(400, 475) for sign in ("", "-")]
    written = ", ".join(f"TRUNCATE({number}, {digits})" for number in numbers)
    (row,) = sky.rows(f"SELECT {written} FROM cat.objects WHERE id = 1")
    step = Decimal(1).scaleb(-digits)
    assert list(row) == [float(Decimal(number).quantize(step, ROUND_DOWN)) for number in numbers]


def test_small_integers_are_computed_with_32_bits(sky):
    # DuckDB gives a literal the type of the column, so that 100 times 1000 would not fit 16 bits.
    values = "100::SMALLINT AS s, 200::UTINYINT AS b, 0::UINTEGER AS u"
    sky.connection.execute(f"CREATE OR REPLACE TEMP TABLE narrow AS SELECT {values}")
    columns = (Column("s", "short"), Column("b", "unsignedByte"), Column("u", "long"))
    table = CatalogTable("t", columns, None, sorted_by_healpix=False, engine_schema="temp", engine_table="narrow")
    choice = "CASE WHEN s > 0 THEN s ELSE 100000 END * 2"
    query = f"SELECT s * 1000, b + 100, -b, u - 1, ABS(-s - 32700), MOD(s * 1000, 7), {choice} FROM t"
    rows = sky.connection.sql(translate(query, Catalog([table])).sql).fetchall()
    assert rows == [(100_000, 300, -200, -1, 32_800, 100_000 % 7, 200)]


def test_functions_of_a_few_bad_rows_leave_the_others(sky):
    count = len(sky.objects)
    assert value(sky, "(SELECT COUNT(SQRT(z - 0.5)) FROM cat.objects)") == count // 2 + 1
    assert value(sky, "(SELECT COUNT(*) FROM cat.objects WHERE NOT (LOG10(0.5 - z) < 9))") == 0
