import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tap.engine import EngineTable, QueryCrashedError, QueryFailedError
from tests.tap.engine.conftest import ROWS


def answer(engine, query) -> pa.Table:
    with engine.open(query) as stream:
        return pa.Table.from_batches(stream, schema=stream.schema)


def test_rows_arrive_whole_in_order_and_in_batches(engine, query):
    with engine.open(query('SELECT id, ra, mag FROM survey."Objects"')) as stream:
        batches = list(stream)
    assert len(batches) > 2
    assert max(batch.num_rows for batch in batches) <= 65_536
    table = pa.Table.from_batches(batches)
    assert table["id"].to_pylist() == list(range(ROWS))
    assert table.schema.types == [pa.int64(), pa.float64(), pa.float32()]


def test_no_rows_still_have_a_schema(engine, query):
    found = answer(engine, query('SELECT id, mag FROM survey."Objects" WHERE id < 0'))
    assert found.num_rows == 0
    assert found.schema.names == ["id", "mag"]


def test_rows_in_memory_join_with_files(engine, query, catalogue):
    targets = EngineTable("tap_upload", "Mine", data=pa.table({"id": [3, 5, -1], "who": ["ä", None, "c"]}))
    empty = EngineTable("tap_schema", "keys", data=pa.table({"key_id": pa.array([], pa.string())}))
    sql = (
        'SELECT m.id, who, ra FROM tap_upload."Mine" m JOIN survey."Objects" o ON m.id = o.id '
        "WHERE NOT EXISTS (SELECT 1 FROM tap_schema.keys) ORDER BY m.id"
    )
    found = answer(engine, query(sql, catalogue, targets, empty))
    assert found.to_pylist() == [{"id": 3, "who": "ä", "ra": 0.003}, {"id": 5, "who": None, "ra": 0.005}]


def test_files_may_be_named_from_here(engine, query, catalogue, monkeypatch):
    folder = catalogue.files[0].parent
    monkeypatch.chdir(folder)
    here = EngineTable("survey", "here", tuple(file.relative_to(folder) for file in catalogue.files))
    assert answer(engine, query("SELECT COUNT(*) AS n FROM survey.here", here))["n"].to_pylist() == [ROWS]


def test_a_thousand_columns_stay_in_small_batches(engine, query):
    columns = ", ".join(f"ra + {number} AS c{number}" for number in range(1000))
    with engine.open(query(f'SELECT {columns} FROM survey."Objects" WHERE id < 5000')) as stream:
        sizes = [batch.nbytes for batch in stream]
    assert sum(sizes) >= 5000 * 1000 * 8
    assert max(sizes) < 20_000_000


def test_division_and_time_follow_adql(engine, query):
    sql = (
        "SELECT 5/2 AS whole, 5.0/2 AS broken, CAST(5 AS DOUBLE)/2 AS doubled, "
        "CAST('2026-11-23T01:00:00+01:00' AS TIMESTAMPTZ) AS moment"
    )
    row = answer(engine, query(sql)).to_pylist()[0]
    assert (row["whole"], row["broken"], row["doubled"]) == (2, 2.5, 2.5)
    assert row["moment"].isoformat() == "2026-11-23T00:00:00+00:00"


def test_a_long_expression_is_not_too_deep(engine, query):
    assert answer(engine, query("SELECT " + "+".join(["1"] * 900) + " AS n"))["n"].to_pylist() == [900]
    with pytest.raises(QueryFailedError):
        engine.open(query("SELECT " + "+".join(["1"] * 20_000)))


def test_a_file_that_is_gone_is_no_fault_of_the_query(engine, query, tmp_path):
    table = EngineTable("survey", "lost", (tmp_path / "lost.parquet",))
    with pytest.raises(QueryCrashedError, match="cannot be read at the moment"):
        engine.open(query("SELECT * FROM survey.lost", table))


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ('SELECT SQRT(-1.0 - id) FROM survey."Objects"', "square root of a negative number"),
        ("SELECT CAST('abc' || id AS INTEGER) FROM survey.objects", "'abc0' to INTEGER"),
        ('SELECT (SELECT id FROM survey."Objects")', "More than one row returned by a subquery"),
        ('SELECT nosuch FROM survey."Objects"', "cannot be carried out"),
    ],
)  # fmt: skip
def test_a_failure_says_why_without_internals(engine, query, sql, sentence):
    with pytest.raises(QueryFailedError) as caught:
        engine.open(query(sql))
    message = caught.value.message
    assert sentence.lower() in message.lower()
    for internal in ("duckdb", ".py", ".parquet", "SELECT ", "LINE 1", "SET ", "TRY("):
        assert internal not in message


def test_a_failure_after_the_first_rows_ends_the_stream_with_it(engine, query):
    sql = f"SELECT CAST(CASE WHEN id < {ROWS - 1} THEN '1' ELSE 'x' || id END AS INTEGER) AS n FROM survey.objects"
    with engine.open(query(sql)) as stream:
        first = next(iter(stream))
        with pytest.raises(QueryFailedError, match=f"x{ROWS - 1}"):
            list(stream)
    assert 0 < first.num_rows < ROWS


def test_sets_of_tables_in_turn_each_see_their_own(engine, query, catalogue):
    first = EngineTable("survey", "Objects", catalogue.files[:1])
    sql = 'SELECT COUNT(*) AS n FROM survey."Objects"'
    counts = [answer(engine, query(sql, table))["n"][0].as_py() for table in (catalogue, first) * 2]
    assert counts == [ROWS, ROWS // 2] * 2


def test_a_table_of_a_folder_has_the_files_of_each_query(engine, query, catalogue, secret):
    folder = catalogue.files[0].parent
    sql = 'SELECT MIN(id) AS least, COUNT(*) AS n FROM survey."Objects"'
    half = ROWS // 2
    for files, expected in (
        (catalogue.files[:1], (0, half)),
        (catalogue.files[1:], (half, half)),
        (catalogue.files, (0, ROWS)),
        (catalogue.files[:1], (0, half)),
    ):
        row = answer(engine, query(sql, EngineTable("survey", "Objects", files, folder=folder))).to_pylist()[0]
        assert (row["least"], row["n"]) == expected
    outside = EngineTable("survey", "Objects", (secret,), folder=folder)
    with pytest.raises((QueryFailedError, QueryCrashedError)):
        engine.open(query(sql, outside))


def test_a_file_of_a_folder_that_was_replaced_is_read_anew(engine, query, tmp_path):
    file = tmp_path / "rows.parquet"
    table = EngineTable("survey", "changing", (file,), folder=tmp_path)
    for number in (1, 2):
        staged = tmp_path / "staged"
        pq.write_table(pa.table({"n": [number]}), staged)
        staged.rename(file)
        assert answer(engine, query("SELECT n FROM survey.changing", table))["n"].to_pylist() == [number]
