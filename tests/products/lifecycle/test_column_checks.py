"""What publication would refuse of columns is known before, for each column; the numbers are worked out by hand."""

from dataclasses import replace

import pytest

from core.columns import Column
from products.adjustments.options import TableOptions
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.inspection import Inspection
from products.inspection.meanings import Meanings
from products.inspection.ranges import Ranges
from products.lifecycle.column_checks import column_problems
from products.models import ProductColumn
from products.product_types import PRODUCT_TYPES

CATALOGUE, OTHER = PRODUCT_TYPES[1], PRODUCT_TYPES[7]
_TEXT = Column("name", "char", "*")


def _columns(**meanings: str) -> list[ProductColumn]:
    names = ("ra", "dec", "z", "mag", "name", "empty")
    aliases = {name: alias for alias, name in meanings.items()}
    return [
        ProductColumn(n, 1, n, _TEXT if name == "name" else Column(name, "double"), aliases.get(name))
        for n, name in enumerate(names)
    ]


def _found(**counts: int) -> Inspection:
    ranges = {"ra": (0, 359), "dec": (-90, 90), "z": (0, 2), "mag": (400, 900), "name": (1, 9)}
    statistics = {name: ColumnStatistics(10, 0, *limits) for name, limits in ranges.items()}
    statistics["empty"] = ColumnStatistics(10, 10)
    return Inspection(10, (), statistics, meanings=Meanings("ra", "dec", "z"), ranges=Ranges(**counts))


@pytest.mark.parametrize(
    ("meanings", "counts", "column", "said"),
    [
        ({"RA": "name"}, {}, "name", "it holds text; choose a column of numbers"),
        ({"z": "mag"}, {}, "mag", "10 rows have a redshift outside -0.1 to 30"),
        ({"Dec": "empty"}, {}, "empty", "10 rows have no declination"),
        ({"z": "z"}, {"z_outside": 6}, "z", "6 rows have a redshift outside -0.1 to 30"),
        ({"RA": "ra", "Dec": "dec"}, {"dec_missing": 10}, "dec", "10 rows have no declination"),
    ],
)
def test_columns_that_cannot_have_their_meaning_are_told(meanings, counts, column, said) -> None:
    problems = column_problems(CATALOGUE, _columns(**meanings), _found(**counts), TableOptions())
    assert list(problems) == [column]
    assert said in problems[column]
    assert column_problems(OTHER, _columns(**meanings), _found(**counts), TableOptions()) == {}


def test_several_problems_are_told_at_once() -> None:
    problems = column_problems(CATALOGUE, _columns(RA="name", Dec="empty", z="mag"), _found(), TableOptions())
    assert set(problems) == {"name", "empty", "mag"}


def test_usual_columns_have_no_problem() -> None:
    assert column_problems(CATALOGUE, _columns(RA="ra", Dec="dec", z="z"), _found(z_missing=4), TableOptions()) == {}
    assert column_problems(CATALOGUE, _columns(), _found(z_outside=10), TableOptions()) == {}


def test_counts_of_other_columns_than_the_chosen_ones_do_not_matter() -> None:
    found = replace(_found(z_outside=10), meanings=Meanings("ra", "dec", "mag"))
    assert column_problems(CATALOGUE, _columns(RA="ra", Dec="dec", z="z"), found, TableOptions()) == {}
