"""Conditions on columns: values, unknown values, and invalid expressions."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.expressions import Expression, ExpressionError, column_values

_FLAGS = [0.0, 1.0, 3.5, 24.0, 312.0, 399.0, None, 12.0]
_TYPES = ["STAR", "GALAXY", None, "QSO", "STAR", "", "GALAXY", "s"]
_PRIMARY = [True, False, True, None, True, False, True, True]


def _columns():
    return {
        "z_flag": column_values(pa.array(_FLAGS), missing_is_unknown=True),
        "raw": column_values(pa.array(_FLAGS), missing_is_unknown=False),
        "count": column_values(pa.array(range(8)), missing_is_unknown=False),
        "SPECTYPE": column_values(pa.array(_TYPES), missing_is_unknown=False),
        "PRIMARY": column_values(pa.array(_PRIMARY), missing_is_unknown=False),
        "code": column_values(pa.array(["1", "2.5", "x", None, "7", "8", "9", " 3 "]), missing_is_unknown=False),
    }


def _rows(text):
    return np.flatnonzero(Expression(text).holds(_columns(), 8)).tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("z_flag == 0", [0]),
        ("0 < z_flag < 24", [1, 2, 7]),
        ("SPECTYPE == 'STAR'", [0, 4]),
        ("SPECTYPE != 'STAR'", [1, 3, 5, 6, 7]),
        ("not SPECTYPE == 'STAR'", [1, 3, 5, 6, 7]),
        ("SPECTYPE in ('STAR', 's')", [0, 4, 7]),
        ("SPECTYPE not in ['STAR', 's']", [1, 3, 5, 6]),
        ("z_flag != 0", [1, 2, 3, 4, 5, 7]),
        ("raw != 0", [1, 2, 3, 4, 5, 6, 7]),
        ("not z_flag == 0", [1, 2, 3, 4, 5, 7]),
        ("z_flag != 0 or count == 6", [1, 2, 3, 4, 5, 6, 7]),
        ("PRIMARY == True and count > 0", [2, 4, 6, 7]),
        ("PRIMARY != True", [1, 5]),
        ("not PRIMARY", [1, 5]),
        ("len('abc') == 3 and 'abc'[0] == 'a' and str(1) == '1'", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("float('x') == 1", []),
        ("float('2') == len('ab') and int('7') == 7", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("True + 1 == 2 and -True == -1 and count == 3", [3]),
        ("isna(PRIMARY)", [3]),
        ("'a' in ('b', SPECTYPE)", []),
        ("PRIMARY == 1", [0, 2, 4, 6, 7]),
        ("SPECTYPE == 1", []),
        ("SPECTYPE != 1", [0, 1, 3, 4, 5, 6, 7]),
        ("np.trunc(float(z_flag)) - 10*np.trunc(np.trunc(float(z_flag))/10) == 2", [4, 7]),
        ("len(str(int(z_flag))) <= 1 or int(str(int(z_flag))[-2]) <= 1", [0, 1, 2, 4, 7]),
        ("np.isfinite(raw)", [0, 1, 2, 3, 4, 5, 7]),
        ("not np.isfinite(raw)", [6]),
        ("pd.isna(SPECTYPE)", [2]),
        ("notna(z_flag) & (count > 3)", [4, 5, 7]),
        ("~(count > 3) | (SPECTYPE == 's')", [0, 1, 2, 3, 7]),
        ("-count < -6", [7]),
        ("count % 4 == 1", [1, 5]),
        ("np.abs(count - 4) <= 0.5", [4]),
        ("float(code) > 2", [1, 4, 5, 6, 7]),
        ("str(SPECTYPE)[:2] == 'GA'", [1, 6]),
        ("True", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("1 == 2", []),
    ],
)
def test_conditions_hold_where_python_says_so(text, rows):
    assert _rows(text) == rows


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__",
        "z_flag.__class__ == 1",
        "(lambda: 1)() == 1",
        "[x for x in (1,)] == 1",
        "np.load('x') == 1",
        "open('x') == 1",
        "f'{z_flag}' == 'x'",
        "(y := 1) == 1",
        "z_flag is None",
        "count @ count == 1",
        "1 << 4000000000 == 0",
        "b'x' == b'x'",
        "1j == 1",
        "float(z_flag, 1) == 1",
        "z_flag if count else 1",
        "{'a': 1} == 1",
        "z_flag ==",
        "x = 1",
        "",
        "\0",
        "(" * 300 + "1" + ")" * 300,
        "not " * 500 + "True",
        "z_flag == 1" + " or z_flag == 1" * 400,
    ],
)
def test_what_is_no_condition_is_refused_when_it_is_read(text):
    with pytest.raises(ExpressionError):
        Expression(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("zflag == 1", "zflag.*Similar columns are z_flag"),
        ("z_flag", "neither true nor false"),
        ("z_flag and True", "uses z_flag as a condition"),
        ("SPECTYPE < 3", "text with a number"),
        ("SPECTYPE + 1 == 3", "calculates with a text"),
        ("z_flag[0] == '1'", "not a text"),
        ("SPECTYPE[1.5] == 'x'", "not an integer"),
        ("z_flag in count", "without a list"),
        ("(1, 2) == 1", "where a value is expected"),
    ],
)
def test_what_does_not_go_with_the_columns_is_said(text, words):
    with pytest.raises(ExpressionError, match=words):
        Expression(text).holds(_columns(), 8)


def test_names_are_the_columns_and_no_functions():
    assert Expression("np.isfinite(z) and lp_type != 1 and np.isfinite(z)").names == ("z", "lp_type")


def test_powers_do_not_grow_without_bounds():
    assert _rows("9 ** 9 ** 9 > 1") == list(range(8))


_NUMBERS = st.one_of(st.none(), st.floats(-5, 5).map(lambda x: round(x, 1)))


@given(st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=1, max_size=8))
def test_unknown_values_follow_the_logic_of_three_truths(rows):
    columns = {
        name: column_values(pa.array([row[i] for row in rows], pa.float64()), missing_is_unknown=True)
        for i, name in enumerate("ab")
    }

    def less(x, y):
        return math.nan if x is None or y is None else x < y

    expected = []
    for a, b in rows:
        first, second = less(a, 0), less(b, 1)
        both = False if first is False or second is False else first is True and second is True
        negated = less(a, b)
        expected.append(both or negated is False)
    assert Expression("a < 0 and b < 1 or not a < b").holds(columns, len(rows)).tolist() == expected


def test_columns_of_lists_are_no_columns_for_conditions():
    with pytest.raises(TypeError, match="neither numbers"):
        column_values(pa.array([[1], [2]]), missing_is_unknown=True)


_OPERATORS = ["==", "!=", "<", "+", "-", "*", "/", "//", "%", "**", "and", "or", "&", "|", "in", "not in"]
_FUNCTIONS = ["len", "int", "float", "str", "abs", "np.isfinite", "isna", "trunc", "np.log", "not ", "-", "~"]
_TEXTS = st.recursive(
    st.sampled_from(["z_flag", "count", "SPECTYPE", "PRIMARY", "code", "0", "2.5", "'x'", "''", "True", "9" * 20]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(_OPERATORS), inner),
        st.builds("({}({}))".format, st.sampled_from(_FUNCTIONS), inner),
        st.builds("({})[{}]".format, inner, st.sampled_from(["0", "-1", "1:", "5", "-2", ":", "code"])),
        st.builds("({}, {})".format, inner, inner),
    ),
    max_leaves=8,
)


@given(_TEXTS)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_holds_somewhere_or_is_refused(text):
    try:
        holds = Expression(text).holds(_columns(), 8)
    except ExpressionError:
        return
    assert holds.shape == (8,)
    assert holds.dtype == np.bool_
