"""Requirements of publication on the values of mandatory columns; the numbers are worked out by hand."""

import pytest

from core.errors import InvalidValueError
from products.inspection.inspection import Inspection
from products.inspection.meanings import Meanings
from products.inspection.ranges import Ranges
from products.product_types import PRODUCT_TYPES
from products.validation import check_values, has_link

CATALOGUE, TRAINING_SET, OBJECTS = PRODUCT_TYPES[1], PRODUCT_TYPES[2], PRODUCT_TYPES[6]


def _found(rows: int = 10, **counts: int) -> Inspection:
    return Inspection(rows, (), {}, meanings=Meanings("alpha", "delta", "zspec"), ranges=Ranges(**counts))


@pytest.mark.parametrize(
    "counts",
    [
        {},
        {"dec_outside": 5, "z_outside": 5},  # half of them
        {"z_missing": 9},  # one redshift is there
        {"z_missing": 8, "z_outside": 1},
        {"ra_negative": 10},  # read as that plus 360
    ],
)
def test_stand_ins_and_missing_values_are_usual(counts: dict[str, int]):
    check_values(CATALOGUE, _found(**counts))


@pytest.mark.parametrize(
    ("counts", "column", "sentence"),
    [
        ({"dec_outside": 6}, "delta", "6 rows have a declination outside -90 to 90 degrees."),
        ({"ra_outside": 10}, "alpha", "10 rows have a right ascension outside 0 to 360 degrees."),
        ({"z_missing": 10}, "zspec", "10 rows have no redshift."),
        ({"z_missing": 8, "z_outside": 2}, "zspec", "2 rows have a redshift outside -0.1 to 30."),
        ({"ra_missing": 10}, "alpha", "10 rows have no right ascension."),
    ],
)
def test_a_column_of_hardly_a_sensible_value_is_refused_with_the_number_of_rows(
    counts: dict[str, int], column: str, sentence: str
):
    with pytest.raises(InvalidValueError) as refused:
        check_values(CATALOGUE, _found(**counts))
    assert refused.value.field == column
    assert f"'{column}'" in refused.value.message
    assert sentence in refused.value.message


def test_each_type_asks_for_its_own_columns():
    check_values(OBJECTS, _found(z_outside=10))
    check_values(TRAINING_SET, _found(dec_outside=10))
    check_values(PRODUCT_TYPES[7], _found(z_outside=10, dec_outside=10))
    check_values(CATALOGUE, _found(rows=0))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("On https://data.example.org/pz.", True),
        ("[there](ftp://x.org/a)", True),
        ("ivo://archive/pz", True),
        ("doi:10.5281/zenodo.1", True),
        ("Ask me: maria@example.org", False),
        ("https:// is how addresses begin", False),
        ("", False),
    ],
)
def test_a_description_tells_where_data_are(text: str, found: bool):
    assert has_link(text) is found
