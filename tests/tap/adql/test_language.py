"""ADQL: public labelled queries, and pairs of queries and rows run in a real DuckDB."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.columns import Column
from tap.adql import Catalog, CatalogTable, QueryError, translate
from tap.adql.functions.calls import check_calls
from tap.adql.functions.signatures import Function
from tap.adql.functions.table import FUNCTIONS
from tap.adql.parsing.parser import parse
from tap.adql.values import Value
from tests.tap.adql.case_files import pairs

_LABELS = Path(__file__).resolve().parents[4] / "shared" / "reference" / "adql_cases.jsonl"


def _labelled() -> list[dict]:
    if not _LABELS.exists():
        return []
    return [json.loads(line) for line in _LABELS.read_text().splitlines()]


def _declared(signature: str) -> Function:
    name, arguments = re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*->.*", signature).groups()
    count = len(arguments.split(","))
    return Function(name, "udf", (), "DOUBLE", count, count, _never_compiled)


@pytest.mark.skipif(not _LABELS.exists(), reason="the labelled queries are not beside the project")
@pytest.mark.parametrize("case", _labelled(), ids=lambda case: f"{case['file']}:{case['uuid'][:8]}")
def test_the_parser_agrees_with_public_labels(case):
    declared = {function.name.upper(): function for function in map(_declared, case["functions"])}
    if case["valid"]:
        check_calls(parse(case["query"]), {**FUNCTIONS, **declared})
    else:
        with pytest.raises(QueryError):
            check_calls(parse(case["query"]), {**FUNCTIONS, **declared})


def _never_compiled(*_: object) -> Value:
    raise NotImplementedError


@pytest.mark.parametrize(("name", "query", "expected"), list(pairs()), ids=[name for name, _, _ in pairs()])
def test_rows_are_those_beside_the_query(sky, name, query, expected):
    assert sky.rows(query) == expected


def test_a_row_limit_joins_with_top_and_offset(sky):
    assert len(sky.rows("SELECT id FROM cat.objects", row_limit=7)) == 7
    assert len(sky.rows("SELECT TOP 3 id FROM cat.objects", row_limit=7)) == 3
    assert len(sky.rows("SELECT TOP 9 id FROM cat.objects", row_limit=7)) == 7
    assert sky.rows("SELECT TOP 9 id FROM cat.objects ORDER BY id OFFSET 5", row_limit=2) == [(5,), (6,)]
    union = "SELECT TOP 3 id FROM cat.objects UNION ALL SELECT TOP 3 id FROM cat.spectra"
    assert len(sky.rows(union, row_limit=5)) == 5
    assert len(sky.rows(union, row_limit=50)) == 6
    assert len(sky.rows(f"({union}) OFFSET 4", row_limit=50)) == 2
    assert sky.translate("SELECT TOP 9 id FROM cat.objects", 7).top == 9
    assert sky.translate(union, 7).top is None


def test_thousands_of_conditions_are_no_nesting(sky):
    terms = " OR ".join(f"id = {i}" for i in range(5_000))
    assert sky.rows(f"SELECT COUNT(*) FROM cat.objects WHERE {terms}") == [(len(sky.objects) + 1,)]


def test_names_match_in_any_case_unless_quoted(sky):
    for name in ("name", "NAME", '"Name"', "Objects.nAmE", "CAT.OBJECTS.Name"):
        assert sky.rows(f"SELECT {name} FROM Cat.oBjects WHERE ID = 1") == [("Obj 00001",)]
    with pytest.raises(QueryError, match="Unknown column name at"):
        sky.translate('SELECT "name" FROM cat.objects')
    with pytest.raises(QueryError, match="Unknown table"):
        sky.translate('SELECT a FROM cat."few rows"')


# Python reads these texts, with n = 7, and so does the engine: the tree must be torn nowhere.
_ARITHMETIC = st.recursive(
    st.integers(0, 9).map(str) | st.just("n"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join),
        st.tuples(st.sampled_from("+-"), inner).map("({0[0]} ({0[1]}))".format),
        inner.map("({})".format),
    ),
    max_leaves=10,
)
_CONDITIONS = st.recursive(
    st.tuples(_ARITHMETIC, st.sampled_from(["<", "<=", ">", ">="]), _ARITHMETIC).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(" ".join),
        inner.map("NOT ({})".format),
        inner.map("({})".format),
    ),
    max_leaves=6,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(_ARITHMETIC, _CONDITIONS)
def test_operators_bind_as_in_python(sky, value, condition):
    column = Column("n", "long")
    numbers = Catalog([CatalogTable("cat.t", (column,), None, False, "temp", "t")])
    connection = sky.connection
    connection.execute("CREATE OR REPLACE TEMP TABLE t AS SELECT 7::BIGINT AS n")
    # Products of digits may pass 32 bits, which the engine gives to bare whole numbers.
    wide_value, wide_condition = (re.sub(r"\d", r"(n - n + \g<0>)", text) for text in (value, condition))
    (row,) = connection.sql(translate(f"SELECT {wide_value} FROM cat.t", numbers).sql).fetchall()
    rows = connection.sql(translate(f"SELECT n FROM cat.t WHERE {wide_condition}", numbers).sql).fetchall()
    assert row == (eval(value, {"n": 7}),)  # noqa: S307 - the text is made above, of digits and operators
    expected = eval(condition.replace("AND", "and").replace("OR", "or").replace("NOT", "not"), {"n": 7})  # noqa: S307 - as above
    assert bool(rows) == expected
