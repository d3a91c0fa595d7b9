"""The combination as a whole: inputs, results and error messages."""

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from core.columns import column_of_field
from core.errors import InvalidValueError
from pipelines.combine import CombineConfiguration, FlagsTranslation, combine_redshifts, load_rules

_COLUMNS = {"id": "name", "ra": "RA", "dec": "DEC", "z": "Z", "z_flag": "Q", "survey": "S"}
_SECOND = 1 / 3600


def _catalogue(**columns):
    table = {
        "name": ["a", "b", "c", "d"],
        "RA": [10.0, 20.0, 359.99999, 40.0],
        "DEC": [0.0, 5.0, -80.0, 50.0],
        "Z": [0.1, 0.2, 0.3, 0.4],
        "Q": [4, 3, 2, 6],
        "S": ["2dflens"] * 4,
        **columns,
    }
    return pa.table({name: values for name, values in table.items() if values is not None})


def _combined(tables, columns=None, rules=None, **parameters):
    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {
                "specz": [{"internal_name": name, "columns": {**_COLUMNS, **(columns or {})}} for name in tables]
            },
            "param": {"combine_type": "concatenate_and_mark_duplicates", **parameters},
        }
    )
    return combine_redshifts(tables, configuration, rules=rules)


def _two():
    moved = _catalogue(RA=[10.0, 20.0 + 0.2 * _SECOND, 0.00001, 41.0], Z=[0.1, 0.9, 0.3, 0.4])
    return {"1_first": _catalogue(), "2_second": moved}


def test_duplicates_are_marked_across_the_meridian():
    result = _combined(_two(), crossmatch_radius_arcsec=1.0).table.to_pydict()
    assert result["tie_result"] == [1, 2, 1, 3, 0, 2, 0, 3]
    assert result["compared_to"][:3] == ["CRD2_1", "CRD2_2", "CRD2_3"]
    assert result["CRD_ID"][4:] == ["CRD2_1", "CRD2_2", "CRD2_3", "CRD2_4"]
    assert result["group_id"] == [1, 2, 3, 4, 1, 2, 3, 5]
    assert result["survey"] == ["2DFLENS"] * 8


@pytest.mark.parametrize(("treatment", "rows"), [("remove_all", 2), ("keep_all", 4), ("draw_one", 3)])
def test_ties_are_treated_as_asked(treatment, rows):
    result = _combined(
        _two(),
        crossmatch_radius_arcsec=1.0,
        combine_type="concatenate_and_remove_duplicates",
        tie_treatment_option=treatment,
    )
    assert result.table.num_rows == rows
    assert result.report.rows_out == rows
    assert 3 not in result.table["tie_result"].to_pylist()


def test_concatenation_leaves_duplicates_alone():
    result = _combined(_two(), combine_type="concatenate")
    assert result.table.num_rows == 8
    assert not {"tie_result", "tie_reason", "compared_to", "group_id"} & set(result.table.column_names)
    assert result.report.ties == {}


def test_columns_carry_units_and_meanings():
    table = _combined(_two()).table
    ra = column_of_field(table.schema.field("ra"))
    assert (ra.unit, ra.ucd) == ("deg", "pos.eq.ra;meta.main")
    assert all(column_of_field(field).description for field in table.schema)


def test_report_counts_what_was_done():
    report = _combined(_two(), crossmatch_radius_arcsec=1.0, z_flag_homogenized_value_to_cut=3).report
    assert (report.rows_in, report.rows_cut, report.rows_out) == (8, 2, 6)
    assert report.catalogues[0].flags_before == {"2": 1, "3": 1, "4": 1, "6": 1}
    assert report.catalogues[0].flags_after == {"1": 1, "3": 1, "4": 1, "6": 1}
    assert report.ties == {"duplicate": 1, "kept": 1, "unresolved": 2, "star": 2}
    assert report.pairs == 2
    assert sum(report.separations.counts) == 2
    assert report.surveys["2DFLENS"].rows_out == 6
    assert sum(report.redshifts.counts) == 6
    assert CombineConfiguration.model_json_schema()
    assert report.model_validate_json(report.model_dump_json()) == report


def test_stars_pass_every_cut():
    result = _combined({"1_a": _catalogue()}, z_flag_homogenized_value_to_cut=4)
    assert result.table["z_flag_homogenized"].to_pylist() == [4.0, 6.0]


def test_probabilities_are_flags():
    result = _combined({"1_a": _catalogue(Q=[0.0, 0.69, 0.7, 0.99], S=["nobody"] * 4, type=["S", "g", "p", "s"])})
    assert result.table["z_flag_homogenized"].to_pylist() == [0, 1, 2, 4]
    assert result.table["instrument_type"].to_pylist() == ["s", "g", "p", "s"]


def test_letters_are_flags_of_the_surveys_that_have_them():
    table = _catalogue(Q=["A", "c", "E", "x"], S=["JADES"] * 4)
    assert _combined({"1_a": table}).table["z_flag_homogenized"].to_pylist() == [4, 2, 0, None]
    table = _catalogue(Q=["LRB_A", "MR_B", "4", None], S=["vimos"] * 4)
    assert _combined({"1_a": table}).table["z_flag_homogenized"].to_pylist() == [4, 3, 4, None]


def test_surveys_may_be_mixed_in_one_catalogue():
    table = _catalogue(Q=[5, 5, 3, 3], S=["GAMA_DR4", "2dfgrs", "PRIMUS", None])
    result = _combined({"1_a": table}).table
    assert result["z_flag_homogenized"].to_pylist() == [4, 4, 2, None]
    assert result["instrument_type_homogenized"].to_pylist() == ["s", "s", "g", None]


def test_extra_columns_come_along():
    extra = {"MAG": "float", "ORIG": {"source": "name", "type": "string"}, "NONE": "int"}
    table = _catalogue(MAG=pa.array(["1.5", None, "nan", "2"]))
    result = _combined({"1_a": table}, extra_columns=extra, drop_empty_columns=True).table
    assert result.column_names[-4:] == ["MAG", "ORIG", "NONE", "group_id"]
    assert result["MAG"].to_pylist() == [1.5, None, None, 2.0]
    assert result["ORIG"].to_pylist() == ["a", "b", "c", "d"]
    assert "z_err" not in result.column_names


def test_any_numeric_column_may_decide():
    tables = {
        "1_a": _catalogue(snr=[1.0, 2.0, 3.0, 4.0]),
        "2_b": _catalogue(snr=[2.0, 1.0, None, 4.0], Z=[0.5, 0.5, 0.5, 0.5]),
    }
    result = _combined(tables, tiebreaking_priority=["snr"]).table.to_pydict()
    assert result["tie_result"] == [0, 1, 1, 3, 1, 0, 0, 3]
    assert result["snr"][:2] == [1.0, 2.0]


def test_an_earlier_result_is_combined_again():
    first = _combined(_two(), crossmatch_radius_arcsec=1.0).table
    names = {"ra": "ra", "dec": "dec", "z": "z", "z_flag": "z_flag", "survey": "survey"}
    again = _combined({"3_again": first}, columns={**names, "id": "CRD_ID"}).table.to_pydict()
    assert again["id"] == first["id"].to_pylist()
    assert again["tie_result"] == [1, 2, 1, 3, 0, 2, 0, 3]
    assert again["CRD_ID"][0] == "CRD3_1"


def test_columns_of_conditions_stay_where_the_rules_ask_for_it():
    rules = FlagsTranslation.from_yaml(
        "save_expr_columns: true\nexpr_column_schema: {KIND: str}\ntranslation_rules: {2DFLENS: {z_flag_translation: "
        "{default: 1, conditions: [{expr: \"KIND == 'x'\", value: 4}]}, instrument_type_translation: {default: s}}}"
    )
    result = _combined({"1_a": _catalogue(KIND=["x", "y", None, "x"])}, rules=rules).table
    assert result["z_flag_homogenized"].to_pylist() == [4, 1, 1, 4]
    assert result["KIND"].to_pylist() == ["x", "y", None, "x"]


def test_unusual_types_are_read():
    table = _catalogue(
        name=[1.0, 2.0, None, 4.0],
        Z=["0.1", " 0.2 ", "None", "+4e-1"],
        S=pa.array(["2dFLenS"] * 4).dictionary_encode(),
        RA=pa.array([10, 20, 30, 40], pa.int16()),
    )
    result = _combined({"1_a": table}).table
    assert result["id"].to_pylist() == ["1", "2", None, "4"]
    assert result["z"].to_pylist() == [0.1, 0.2, None, 0.4]


def test_nothing_in_common_is_said():
    result = _combined({"1_a": _catalogue(), "2_b": _catalogue(RA=[1.0, 2.0, 3.0, 4.0])})
    assert "No two catalogues have a row in common within the radius." in result.report.warnings


def test_flags_without_rule_and_an_empty_catalogue_are_said():
    empty = _catalogue().slice(0, 0)
    result = _combined({"1_a": _catalogue(Q=[4, 5, 9, 9]), "2_b": empty})
    assert "1_a: 3 rows have a z_flag without a rule (9, 5)." in result.report.warnings
    assert "2_b: is empty." in result.report.warnings
    assert result.table.num_rows == 4


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"RA": [10.0, 361.0, -181.0, 400.0]}, r"1_a: its columns ra and dec hardly hold positions.* 3 rows have"),
        ({"DEC": ["10", "x", "N/A", "20"]}, r"2 values of the column mapped to dec are not numbers.*'x', 'N/A'"),
        ({"RA": None, "ra_deg": [1.0] * 4}, "the column RA, mapped to ra, does not exist; similar ones are DEC|RA"),
        ({"S": ["NOVEL"] * 4}, "the survey 'NOVEL' has no z_flag_translation in the rules, which know 2DFGRS"),
        ({"S": ["desi"] * 4}, "the rules of survey DESI: .* needs the column SPECTYPE, which does not exist"),
        ({"z_flag_homogenized": [1, 2, 5, 4]}, "1 values of z_flag_homogenized are out of range, for example 5"),
        ({"instrument_type_homogenized": ["s", "qso", "s", "s"]}, "must be s, g or p; it holds 'qso'"),
        ({"Q": [40, 50, 60, 70]}, "the rules of 2DFLENS have none of its values of z_flag .40, 50"),
        ({"Z": [[1.0]] * 4}, "mapped to z has the type list"),
    ],
)
def test_unusable_catalogues_are_named(columns, words):
    with pytest.raises(InvalidValueError, match=words):
        _combined({"1_a": _catalogue(**columns)})


def test_rows_without_a_position_are_left_out_and_counted():
    columns = {"RA": [10.0, 360.0, -1.0, None], "DEC": [5.0, 6.0, 7.0, 8.0]}
    result = _combined({"1_a": _catalogue(**columns), "2_b": _catalogue(DEC=[5.0, -99.0, 7.0, 8.0])})
    assert result.table["CRD_ID"].to_pylist() == ["CRD1_1", "CRD1_2", "CRD1_3", "CRD2_1", "CRD2_3", "CRD2_4"]
    assert result.table["ra"].to_pylist()[:3] == [10.0, 0.0, 359.0]
    assert [each.rows_without_position for each in result.report.catalogues] == [1, 1]
    assert result.report.warnings[:2] == [
        (
            "1_a: 1 row without a position is left out: 1 row has no right ascension. "
            "1 row has a right ascension from -180 to 0 degrees, which was read as that plus 360."
        ),
        "2_b: 1 row without a position is left out: 1 row has a declination outside -90 to 90 degrees.",
    ]


def test_all_unusable_catalogues_are_named_at_once():
    with pytest.raises(InvalidValueError, match=r"1_a: .*2_b: "):
        _combined({"1_a": _catalogue(S=["x"] * 4), "2_b": _catalogue(RA=[400.0] * 4)})


def test_right_ascension_in_hours_is_refused_by_its_unit():
    table = _catalogue()
    schema = table.schema.set(1, pa.field("RA", pa.float64(), metadata={"unit": "hourangle"}))
    with pytest.raises(InvalidValueError, match="RA is in hourangle; positions must be in degrees"):
        _combined({"1_a": table.cast(schema)})


def test_right_ascension_like_hours_is_said():
    random = np.random.default_rng(1)
    table = pa.table(
        {
            "RA": random.uniform(0, 24, 500),
            "DEC": random.uniform(-60, 60, 500),
            "Z": random.random(500),
            "Q": [4] * 500,
            "S": ["OZDES"] * 500,
        }
    )
    result = _combined({"1_a": table}, columns={"id": None})
    assert any("as if they were in hours" in warning for warning in result.report.warnings)


def test_nothing_left_is_an_error():
    with pytest.raises(InvalidValueError, match="No catalogue has rows left"):
        _combined({"1_a": _catalogue(Q=[1, 2, 1, 2])}, z_flag_homogenized_value_to_cut=4)
    with pytest.raises(InvalidValueError, match="The result has no rows"):
        _combined({"1_a": _catalogue(Q=[6, 6, 6, 6])}, combine_type="concatenate_and_remove_duplicates")


def test_progress_grows_and_may_end_the_work():
    told = []

    class StopError(Exception):
        pass

    def stop(fraction, step):
        told.append(fraction)
        if "Deciding" in step:
            raise StopError

    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {"specz": [{"internal_name": "1_a", "columns": _COLUMNS}]},
            "param": {"combine_type": "concatenate_and_mark_duplicates"},
        }
    )
    with pytest.raises(StopError):
        combine_redshifts({"1_a": _catalogue()}, configuration, progress=stop)
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"z_flag_homogenized_value_to_cut": 7}, "from 1 to 6"),
        ({"tie_treatment_option": "keep_some"}, "tie_treatment_option"),
        ({"radius": 1}, "radius"),
        ({"crossmatch_radius_arcsec": 0}, "greater than 0"),
        ({"extra_columns": {"group_id": "int"}}, "group_id"),
        ({"extra_columns": {"x": "complex"}}, "type"),
    ],
)
def test_wrong_parameters_are_refused(parameters, words):
    with pytest.raises(ValidationError, match=words):
        _combined({"1_a": _catalogue()}, **parameters)


def test_catalogues_of_one_number_are_refused():
    with pytest.raises(ValidationError, match="begin with the same number"):
        _combined({"1_a": _catalogue(), "1_b": _catalogue()})


def test_a_missing_table_is_said():
    configuration = CombineConfiguration.model_validate(
        {"inputs": {"specz": [{"internal_name": "1_a", "columns": _COLUMNS}]}}
    )
    with pytest.raises(InvalidValueError, match="table of 1_a is missing"):
        combine_redshifts({}, configuration)


def test_rules_that_a_configuration_names_are_never_replaced_by_others(tmp_path):
    with pytest.raises(InvalidValueError, match=r"The rules mine\.yaml, which the configuration names, are missing"):
        _combined({"1_a": _catalogue()}, flags_translation_file="mine.yaml")
    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {"specz": [{"internal_name": "1_a", "columns": _COLUMNS}]},
            "param": {"flags_translation_file": "mine.yaml"},
        }
    )
    with pytest.raises(InvalidValueError, match=r"mine\.yaml cannot be read: No such file"):
        load_rules(configuration, tmp_path)
    (tmp_path / "mine.yaml").write_text("crossmatch_radius_arcsec: 2\n")
    assert load_rules(configuration, tmp_path).crossmatch_radius_arcsec == 2


def test_a_column_named_twice_keeps_its_values_under_another_name():
    table = _catalogue(z=[9.0, 8.0, 7.0, 6.0])
    extra = {"z__orig": "float", "Q": "int", "Z": "float"}
    result = _combined({"1_a": table}, extra_columns=extra).table
    assert result["z"].to_pylist() == [0.1, 0.2, 0.3, 0.4]
    assert result["z__orig"].to_pylist() == [9.0, 8.0, 7.0, 6.0]
    assert result["Q"].to_pylist() == [4, 3, 2, 6]
    assert result["Z"].to_pylist() == [0.1, 0.2, 0.3, 0.4]


def test_infinite_and_absurd_redshifts_stretch_nothing():
    table = _catalogue(Z=[float("inf"), 1e300, 0.3, -9.0])
    report = _combined({"1_a": table, "2_b": table}).report
    assert report.redshifts.edges[-1] < 1
    assert report.ties["kept"] == 3


def test_many_surveys_without_rules_are_refused_at_once():
    rows = 100_000
    table = pa.table(
        {
            "RA": np.zeros(rows),
            "DEC": np.zeros(rows),
            "Z": np.zeros(rows),
            "Q": np.ones(rows),
            "S": np.arange(rows).astype(str),
        }
    )
    with pytest.raises(InvalidValueError, match="survey '0' has no"):
        _combined({"1_a": table}, columns={"id": None})


@pytest.mark.parametrize(
    "identifiers",
    [
        pa.array([2**63 + 5, 2**63 + 6, 1, 2**64 - 1], pa.uint64()),
        pa.array([2**53, 2**53 + 1, -1, 2**63 - 1]),
        pa.array(["0001", "12E05", "1", "00"]),
    ],
    ids=["unsigned", "64 bits", "text"],
)
def test_identifiers_stay_as_they_are(identifiers):
    result = _combined({"1_a": _catalogue(name=identifiers), "2_b": _catalogue()})
    assert result.table["id"].to_pylist()[:4] == [str(value) for value in identifiers.to_pylist()]
