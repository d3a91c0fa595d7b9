"""Invalid inputs, and their error messages."""

import numpy as np
import pyarrow as pa
import pytest

from core.errors import InvalidValueError
from pipelines.training import make_training_set, parse_configuration
from tests.pipelines.training.skies import objects_table, redshift_table

_RA, _DEC = np.array([10.0, 20.0, 30.0]), np.array([-5.0, 0.0, 5.0])


def _replaced(table: pa.Table, name: str, values: object) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def test_no_overlap_names_both_sides() -> None:
    with pytest.raises(InvalidValueError, match=r"None of 3 redshifts, between RA 10\.000 and 30\.000 .* 2 objects"):
        make_training_set(redshift_table(_RA, _DEC), objects_table(_RA[:2] + 100, _DEC[:2]))


def test_hours_are_suspected_when_nothing_matches() -> None:
    with pytest.raises(InvalidValueError, match="in hours, multiply them by 15"):
        make_training_set(redshift_table(_RA / 15, _DEC), objects_table(_RA, _DEC))


def test_hours_are_refused_when_the_column_says_so() -> None:
    table = redshift_table(_RA / 15, _DEC)
    field = pa.field("ra", pa.float64(), metadata={"unit": "h"})
    table = table.set_column(table.column_names.index("ra"), field, table["ra"])
    with pytest.raises(InvalidValueError, match="'ra' of the redshift catalogue has the unit 'h'"):
        make_training_set(table, objects_table(_RA, _DEC))


def test_empty_catalogues_are_named() -> None:
    redshifts, objects = redshift_table(_RA, _DEC), objects_table(_RA, _DEC)
    with pytest.raises(InvalidValueError, match="The redshift catalogue has no rows"):
        make_training_set(redshifts.slice(0, 0), objects)
    with pytest.raises(InvalidValueError, match="The object catalogue has no rows"):
        make_training_set(redshifts, objects.slice(0, 0))
    with pytest.raises(InvalidValueError, match="The object catalogue has no rows"):
        make_training_set(redshifts, iter([]))


def test_a_missing_column_is_named_with_what_comes_close() -> None:
    redshifts = redshift_table(_RA, _DEC).rename_columns(["source_id", "ra", "decl", "z"])
    with pytest.raises(InvalidValueError, match=r"no column 'dec'\. Did you mean decl\?"):
        make_training_set(redshifts, objects_table(_RA, _DEC))
    with pytest.raises(InvalidValueError, match="The object catalogue has no column 'ra'"):
        make_training_set(redshift_table(_RA, _DEC), objects_table(_RA, _DEC).drop_columns(["ra"]))


def test_a_column_of_a_cut_or_a_selection_must_be_there() -> None:
    redshifts, objects = redshift_table(_RA, _DEC), objects_table(_RA, _DEC)
    for key in ("object_cuts: [magg < 25]", "cuts: [magg < 25]", "selected_cols: [magg]", "prefer: magg"):
        with pytest.raises(InvalidValueError, match="no column 'magg'"):
            make_training_set(redshifts, objects, parse_configuration(f"param: {{{key}}}".encode()))


@pytest.mark.parametrize("name", ["ra", "dec", "z"])
def test_texts_for_numbers_are_shown(name: str) -> None:
    redshifts = _replaced(redshift_table(_RA, _DEC), name, ["10:30:00", "1.5", None])
    with pytest.raises(InvalidValueError, match=f"'{name}' of the redshift catalogue must hold numbers.*'10:30:00'"):
        make_training_set(redshifts, objects_table(_RA, _DEC))


def test_a_column_that_is_hardly_a_position_is_refused_with_counts() -> None:
    with pytest.raises(InvalidValueError, match=r"hold positions in degrees\. 2 rows have a declination outside"):
        make_training_set(redshift_table(_RA, np.array([0.0, 95.0, -99.0])), objects_table(_RA, _DEC))


def test_positions_out_of_range_are_left_out_and_counted() -> None:
    redshifts = redshift_table(np.array([-350.0, 20.0, 400.0, -30.0]), np.array([-5.0, 0.0, 5.0, 5.0]))
    objects = objects_table(np.array([10.0, 20.0, 40.0, 330.0]), np.array([-5.0, 0.0, 5.0, 5.0]))
    made = make_training_set(redshifts, objects)
    assert made.table["source_id"].to_pylist() == [1, 3]
    assert made.report.redshifts_without_position == 2
    assert made.report.warnings[0].startswith(
        "Of the redshift catalogue 2 rows without a position are left out: 2 rows"
    )


def test_rows_without_a_position_or_redshift_are_counted() -> None:
    redshifts = redshift_table(np.array([10.0, np.nan, 30.0]), _DEC)
    made = make_training_set(_replaced(redshifts, "z", [0.1, 0.2, None]), objects_table(_RA, _DEC))
    assert made.report.rows == 2
    assert (made.report.redshifts_without_position, made.report.redshifts_without_z) == (1, 1)
    assert [warning.split(" ")[-1] for warning in made.report.warnings[:2]] == ["ascension.", "redshift."]


def test_a_catalogue_without_any_position_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"hardly hold positions in degrees\. 3 rows have no right ascension"):
        make_training_set(redshift_table(np.full(3, np.nan), _DEC), objects_table(_RA, _DEC))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"param: {raduis: 1}", "param.raduis: there is no such key"),
        (b"param: {crossmatch: {radius_arcsec: -1}}", r"param.crossmatch.radius_arcsec: .*greater than 0"),
        (b"param: {train_fraction: 1}", "param.train_fraction: .*less than 1"),
        (b"param: {cuts: ['__import__(1)']}", "param.cuts"),
        (b"output_format: docx", "no output format 'docx'"),
        (b"param: {flux_type: ../../etc}", "param.flux_type"),
        (b"param: {photometry: {column: flux}}", r"'column' must contain \{band\}"),
        (b"param: [", "is not valid YAML"),
        (b"- 1", "is not valid"),
    ],
)
def test_a_wrong_configuration_names_key_and_value(text: bytes, said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        parse_configuration(text)
