"""Files of rules: today's are accepted, ours say the same, and wrong ones are refused with a sentence."""

import numpy as np
import pyarrow as pa
import pytest

from core.errors import InvalidValueError
from pipelines.combine import CombineConfiguration, FlagsTranslation, combine_redshifts, load_configuration
from tests.pipelines.combine.golden import needs_golden, todays_rules

#: Today's rules for it compare the column type, which is text, with a number, so that no row is a star.
_BROKEN_TODAY = {"COSMOS_WEB"}
_ROWS = 400


def _random_columns(names, seed):
    """Make columns with the values on which rules turn, and with missing ones where that is told apart."""
    random = np.random.default_rng(seed)
    numbers = [
        -99,
        -9,
        -1,
        0,
        1,
        2,
        3,
        3.5,
        4,
        5,
        6,
        7,
        9,
        12,
        24,
        39,
        109,
        312,
        399,
        402,
        0.0005,
        0.001,
        0.5,
        0.95,
        31,
    ]
    texts = {"SPECTYPE": ["STAR", "GALAXY"], "CLASS": ["STAR", "QSO"], "Class": ["STA", "GAL"]}
    texts |= {"zspec_survey": ["-", "VVDS", None], "zbest_type": ["s", "p", None], "zfinal_type": ["s", "p", None]}
    columns = {}
    for name in sorted(names):
        if name == "ZCAT_PRIMARY":
            columns[name] = pa.array(random.integers(0, 2, _ROWS).astype(bool))
        elif name in texts:
            columns[name] = pa.array([texts[name][i] for i in random.integers(0, len(texts[name]), _ROWS)])
        elif name.startswith(("lp_z", "z_ml", "z_peak", "z500", "l68", "l95", "u68", "u95")):
            columns[name] = pa.array(np.where(random.random(_ROWS) < 0.1, np.nan, random.random(_ROWS)))
        else:
            columns[name] = pa.array(random.choice(numbers, _ROWS), pa.float64())
    return columns


def _outcome(survey, rules, seed):
    conditions = [
        condition
        for translation in (
            todays_rules().translation_rules[survey].z_flag_translation,
            todays_rules().translation_rules[survey].instrument_type_translation,
        )
        for condition in translation.conditions
    ]
    names = {name for condition in conditions for name in condition.expression.names} | {"z_flag", "z", "z_err"}
    columns = _random_columns(names, seed)
    table = pa.table({**columns, "RA": np.arange(_ROWS) / 2, "DEC": np.zeros(_ROWS), "S": [survey] * _ROWS})
    mapped = {"ra": "RA", "dec": "DEC", "survey": "S", "z": "z", "z_flag": "z_flag", "z_err": "z_err"}
    configuration = CombineConfiguration.model_validate(
        {"inputs": {"specz": [{"internal_name": "1_a", "columns": mapped}]}}
    )
    result = combine_redshifts({"1_a": table}, configuration, rules=rules).table
    return result.select(["z_flag_homogenized", "instrument_type_homogenized"]).to_pydict()


@needs_golden
def test_our_rules_know_the_surveys_that_todays_know():
    ours = {name for name in FlagsTranslation.default().translation_rules if not name.startswith("MOCK-")}
    assert ours == set(todays_rules().translation_rules)


@needs_golden
def test_our_rules_say_what_todays_say():
    for seed, survey in enumerate(sorted(set(todays_rules().translation_rules) - _BROKEN_TODAY)):
        assert _outcome(survey, FlagsTranslation.default(), seed) == _outcome(survey, todays_rules(), seed), survey


@needs_golden
def test_todays_parameters_are_read():
    today = todays_rules()
    assert today.crossmatch_radius_arcsec == 0.5
    assert today.instrument_type_priority == {"s": 3, "g": 2, "p": 1}
    assert today.expr_column_schema["zspec_survey"] == "str"


def _rules_of(translation):
    return f"translation_rules: {{X: {{z_flag_translation: {translation}}}}}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_rules_of("{1: 5}"), r"translation_rules.X: 5.0 is not one of 0.0, 1.0"),
        (_rules_of("{1: s}"), "'s' is not one of"),
        (_rules_of("{one: 1}"), "X.z_flag_translation.one: Extra inputs"),
        (_rules_of("{conditions: [{expr: '__import__(1)', value: 1}]}"), "calls __import__"),
        (_rules_of("{conditions: [{expr: 'z >', value: 1}]}"), "cannot be parsed"),
        (_rules_of("{conditions: [{expr: z > 1}]}"), "value: Field required"),
        ("translation_rules: {X: {instrument_type_translation: {default: q}}}", "X.instrument_type_translation"),
        ("translation_rules: {x: {}, X: {}}", "the survey X has rules twice"),
        ("radius: 1", "radius: Extra inputs"),
        ("crossmatch_radius_arcsec: -1", "greater than 0"),
        ("[1, 2]", "dictionary"),
        ("a: [", "not valid YAML"),
        ("a: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("a: &x [1]\nb: *x", "alias"),
        ("a: '" + "x" * 2_000_001 + "'", "bytes"),
        (b"\xff\xfe\xfa", "not valid YAML"),
    ],
)
def test_wrong_rules_are_refused(text, words):
    with pytest.raises(InvalidValueError, match=words):
        FlagsTranslation.from_yaml(text)


def test_wrong_configurations_are_refused_with_the_place(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("inputs: {specz: [{internal_name: abc, columns: {ra: RA, radius: 1}}]}\nparams: {}\n")
    with pytest.raises(InvalidValueError, match=r"inputs.specz.0.internal_name.*columns.radius.*params"):
        load_configuration(path)


def test_every_parameter_is_described():
    schema = CombineConfiguration.model_json_schema()
    for model in (schema, *schema["$defs"].values(), FlagsTranslation.model_json_schema()):
        for name, field in model["properties"].items():
            assert field.get("description"), name
