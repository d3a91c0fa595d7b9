"""Selections: addresses, ADQL, and values that a hostile person might enter."""

import math
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import parse_qsl, urlencode

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from starlette.datastructures import QueryParams

from core.columns import Column
from core.errors import InvalidValueError
from tap.adql import Catalog, CatalogTable, translate
from webui.explorer.filters import Filter, operators_for
from webui.explorer.quantities import Quantity
from webui.explorer.selection import Cone, Selection, Sort
from webui.explorer.tables import DescribedTable

_COLUMNS = (
    Column("id", "long", ucd="meta.id;meta.main"),
    Column("Dec", "double"),
    Column("sdss-i", "float", unit="mag"),
    Column("select", "int"),
    Column('a"b:c%3A', "unicodeChar", "*"),
    Column("name", "unicodeChar", "*"),
    Column("ok", "boolean"),
    Column("t", "char", "*", xtype="timestamp"),
    Column("pdf", "double", "3"),
    Column("z", "double"),
    Column("Z", "double"),
    Column("ra", "double"),
)
_TABLE = DescribedTable("s.t", _COLUMNS, position=("ra", "Dec"), rows=6)
_STORED = tuple(f"c{number}" for number in range(len(_COLUMNS)))
_ENTRY = CatalogTable("s.t", _COLUMNS, ("ra", "Dec"), False, "s", "t", _STORED)

_ROWS = pa.table(
    {
        "id": pa.array([1, 2, 3, 4, 5, 6], pa.int64()),
        "Dec": [0.0, 1.0, 2.0, 3.0, None, 5.0],
        "sdss-i": pa.array([22.3, 22.4, 22.5, None, 22.7, -1.5], pa.float32()),
        "select": pa.array([0, 1, 2, 0, 1, None], pa.int32()),
        'a"b:c%3A': ["x:y", "x,y", 'q"q', "x_y", None, "%"],
        "name": ["it's", "VVDS-1", "vvds-2", "a_b", "aXb", None],
        "ok": [True, False, None, True, False, True],
        "t": ["2024-01-01T00:00:00", "2024-06-01T00:00:00", "2025-01-01T00:00:00", None, None, None],
        "pdf": pa.array([[1.0, 2.0, 3.0]] * 5 + [None], pa.list_(pa.float64(), 3)),
        "z": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        "Z": [6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
        "ra": [10.0, 10.0, 10.0, 10.0, 10.0, 10.0],
    }
)


Run = Callable[[str], list[int]]


def _selection(address: str) -> Selection:
    return Selection.parse(QueryParams(address), _TABLE)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Gives the identifiers that the engine finds for a query in ADQL."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA s")
        connection.register("rows_of_test", _ROWS.rename_columns(list(_STORED)))
        connection.execute("CREATE TABLE s.t AS SELECT * FROM rows_of_test")

        def found(adql: str) -> list[int]:
            sql = translate(adql, Catalog([_ENTRY]), row_limit=100).sql
            return [row[0] for row in connection.execute(sql).fetchall()]

        yield found


def _where(keep: Sequence[bool | None]) -> list[int]:
    return [number for number, kept in enumerate(keep, 1) if kept]


@pytest.mark.parametrize(
    ("column", "operator", "values", "expected"),
    [
        ("sdss-i", "eq", ("22.3",), [1]),  # as single precision is shown, though 22.3 is no such number
        ("sdss-i", "ge", ("22.4",), [2, 3, 5]),
        ("sdss-i", "lt", ("1e300",), [1, 2, 3, 5, 6]),
        ("sdss-i", "between", ("-2", "22.35"), [1, 6]),
        ("sdss-i", "between", ("22.5", ""), [3, 5]),
        ("sdss-i", "between", ("", "22.3"), [1, 6]),
        ("sdss-i", "null", (), [4]),
        ("select", "in", ("0", "2"), [1, 3, 4]),
        ("select", "ne", ("+1",), [1, 3, 4]),
        ("select", "notnull", (), [1, 2, 3, 4, 5]),
        ("name", "eq", ("it's",), [1]),
        ("name", "contains", ("VDS",), [2, 3]),
        ("name", "begins", ("VV",), [2]),
        ("name", "begins", ("a_",), [4]),
        ("name", "eq", ("' OR 1=1 --",), []),
        ("name", "in", ("a_b", "it's"), [1, 4]),
        ('a"b:c%3A', "eq", ("x:y",), [1]),
        ('a"b:c%3A', "in", ("x,y", 'q"q', "%"), [2, 3, 6]),
        ("ok", "true", (), [1, 4, 6]),
        ("ok", "false", (), [2, 5]),
        ("t", "ge", ("2024-06-01",), [2, 3]),
        ("t", "between", ("2024-01-01T00:00:00Z", "2024-12-31 12:00"), [1, 2]),
        ("pdf", "null", (), [6]),
        ("z", "gt", ("0.3",), [4, 5, 6]),
        ("Z", "gt", ("4",), [1, 2]),
        ("Dec", "le", (".2e1",), [1, 2, 3]),
    ],
)
def test_a_filter_finds_its_rows_also_through_its_address(
    run: Run, column: str, operator: str, values: tuple[str, ...], expected: list[int]
) -> None:
    stated = Filter.of(_TABLE.column(column), operator, values)
    selection = Selection(_TABLE, filters=(stated,))
    assert _selection(selection.to_query()) == selection
    assert sorted(run(selection.adql(["id"]))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("between:z-select:0..0.35", [1]),
        ("ge:Z-Dec:1", [1, 2, 3]),
        ('lt:"sdss-i"-z:22.15', [6]),
        ("null:Z-Dec", [5]),
    ],
)
def test_a_filter_of_a_difference_finds_its_rows(run: Run, text: str, expected: list[int]) -> None:
    selection = _selection(urlencode({"filter": text}))
    assert _selection(selection.to_query()) == selection
    assert sorted(run(selection.adql(["id"]))) == expected


def test_a_column_with_the_name_of_a_difference_is_told_from_it() -> None:
    table = DescribedTable("s.t", tuple(Column(name, "double") for name in ("a", "b", "a-b")))
    difference = Quantity.of(table, "a", "b").filter_name
    texts = [f"between:{name}:1..2" for name in ("a-b", difference)]
    conditions = [Filter.parse(text, table).condition(table) for text in texts]
    assert conditions == ['"a-b" BETWEEN 1 AND 2', "(a - b) BETWEEN 1 AND 2"]
    assert [Filter.parse(text, table).to_text() for text in texts] == texts


def test_filters_of_all_numbers_agree_with_numpy(run: Run) -> None:
    values = np.array(_ROWS["z"])
    for operator, compare in {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}.items():
        for bound in values:
            selection = Selection(_TABLE, filters=(Filter.of(_TABLE.column("z"), operator, (repr(float(bound)),)),))
            assert sorted(run(selection.adql(["id"]))) == _where(compare(values, bound).tolist())


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("filter=eq:nothing:1", "nothing"),
        ("filter=eq:z-nothing:1", "nothing"),
        ("filter=eq:z-name:1", "name"),
        ("filter=contains:z-Z:1", "contains"),
        ("filter=eq:z-Z-z:1", "z-Z-z"),
        ("filter=eq:z:1;DROP TABLE t", "DROP"),
        ("filter=eq:z:nan", "nan"),
        ("filter=eq:z:1e999", "1e999"),
        ("filter=between:z:1", "two values"),
        ("filter=between:z:..", "no number"),
        ("filter=contains:z:1", "contains"),
        ("filter=true:z", "true"),
        ("filter=eq:pdf:1", "pdf"),
        ("filter=in:select:", "1 to"),
        ("filter=like:name:x", "like"),
        ("filter=eq:t:yesterday", "yesterday"),
        ("filter=eq:name:%00", "NUL"),
        ("show=z;", "z;"),
        ("sort=up:z", "up:z"),
        ("sort=asc:pdf", "pdf"),
        ("sort=asc:z) --", "z) --"),
        ("cone=1,2", "1,2"),
        ("cone=1,91,1", "1,91,1"),
        ("cone=1,2,nan", "nan"),
        ("cone=1,2,0", "1,2,0"),
        ("page=0", "'0'"),
        ("page=-1", "-1"),
        ("page=²", "²"),
        ("size=1000000", "1000000"),
    ],
)
def test_a_wrong_value_is_named(address: str, wrong: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        _selection(address)
    assert wrong in refused.value.message


def test_every_state_is_an_address() -> None:
    selection = Selection(
        _TABLE,
        columns=("sdss-i", 'a"b:c%3A', "Dec"),
        filters=(Filter("z", "between", ("0.1", "0.5")), Filter('a"b:c%3A', "in", ("1,2", '"'))),
        cone=Cone(10.0, -1e-05, 0.1),
        search="a & b=c",
        sort=Sort("sdss-i", descending=True),
        page=3,
        size=100,
    )
    assert _selection(selection.to_query()) == selection
    names = [name for name, _ in parse_qsl(selection.to_query())]
    assert names == ["table", "show", "show", "show", "filter", "filter", "cone", "search", "sort", "page", "size"]
    assert Selection(_TABLE).to_query() == "table=s.t"
    assert _selection(selection.to_query(search="x")).page == 1
    assert selection.without(selection.filters[0]).filters == selection.filters[1:]
    assert selection.to_query(page=4).endswith("page=4&size=100")


def test_a_cone_finds_what_is_near(run: Run) -> None:
    assert sorted(run(_selection("cone=10,1,1.5").adql(["id"]))) == [1, 2, 3]
    assert run(_selection("cone=370,5,0.1").adql(["id"])) == [6]


def test_a_search_reads_every_text(run: Run) -> None:
    assert sorted(run(_selection("search=X").adql(["id"]))) == [1, 2, 4, 5]
    with pytest.raises(InvalidValueError, match="no columns of text"):
        Selection.parse(QueryParams("search=x"), DescribedTable("s.t", (_TABLE.column("z"),)))
    with pytest.raises(InvalidValueError, match="no columns of positions"):
        Selection.parse(QueryParams("cone=1,2,3"), DescribedTable("s.t", (_TABLE.column("z"),)))


@pytest.mark.parametrize("sort", ["asc:sdss-i", "desc:sdss-i", "asc:select", "desc:select", "asc:name", "desc:z"])
def test_a_reversed_order_is_the_order_from_its_end(run: Run, sort: str) -> None:
    selection = _selection(f"sort={sort}")
    forward = run(selection.adql(["id"]))
    backward = f"SELECT id FROM s.t ORDER BY {selection.order_by(reverse=True)}"
    assert run(backward) == forward[::-1]
    values = _ROWS[sort.partition(":")[2]].to_pylist()
    assert values[forward[-1] - 1] is None or None not in values


def test_columns_and_pages_are_those_asked_for() -> None:
    assert _selection("show=sdss-i&show=select&show=Dec&show=z").adql(top=5, offset=10) == (
        'SELECT TOP 5 "sdss-i", "select", "Dec", "z" FROM s.t OFFSET 10'.replace('"Dec"', "Dec")
    )
    assert _selection("").adql() == "SELECT * FROM s.t"
    assert _selection("sort=desc:z").adql(["COUNT(*) AS n"], order=False) == "SELECT COUNT(*) AS n FROM s.t"


def test_operators_fit_the_type() -> None:
    fit = {column.name: set(operators_for(column)) for column in _COLUMNS}
    assert {"between", "lt"} <= fit["z"] & fit["t"]
    assert {"contains", "begins"} <= fit["name"]
    assert not {"contains", "between"} & fit["ok"]
    assert fit["pdf"] == {"null", "notnull"}
    assert math.isclose(Cone.parse("370,1,2").ra, 10)
