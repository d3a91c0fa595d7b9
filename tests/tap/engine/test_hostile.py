"""Security of the engine: hostile statements that the translator did not refuse."""

import time

import pytest

from tap.engine import EngineTable, QueryFailedError, QueryMemoryError, QueryTimeoutError

OUTSIDE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_parquet('{secret}')",
    "SELECT * FROM read_parquet('{folder}/*')",
    "SELECT * FROM parquet_metadata('{secret}')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM read_csv('http://127.0.0.1:1/x')",
    "SELECT * FROM query('COPY (SELECT 1) TO ''{folder}/out''')",
    "COPY (SELECT 1) TO '{folder}/out'",
    "COPY (SELECT 1) TO '{own}' (FORMAT parquet, USE_TMP_FILE false)",
    "WITH x AS (COPY (SELECT 1) TO '{own}' (FORMAT parquet, USE_TMP_FILE false)) SELECT 1",
    "WITH x AS (COPY (SELECT 1) TO '{folder}/out') SELECT 1 UNION ALL SELECT 2",
    "SELECT * FROM (WITH x AS (COPY (SELECT 1) TO '{folder}/out') SELECT 1)",
    "ATTACH '{folder}/db.duckdb'",
    "CREATE TABLE t AS SELECT 1",
    'DROP VIEW survey."Objects"',
    "SET enable_external_access = true",
    "SET memory_limit = '100GB'",
    "RESET lock_configuration",
    "PRAGMA database_list",
    "INSTALL httpfs",
    "LOAD spatial",
    "CALL pragma_version()",
    "EXPLAIN SELECT 1",
    "EXPORT DATABASE '{folder}/out'",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/out'",
    "",
]


@pytest.mark.parametrize("sql", OUTSIDE)
def test_nothing_outside_is_read_and_nothing_is_written(engine, query, catalogue, secret, sql):
    own = catalogue.files[0]
    before = own.read_bytes()
    sql = sql.format(secret=secret, folder=secret.parent, own=str(own).replace("'", "''"))
    with pytest.raises(QueryFailedError) as caught:
        engine.open(query(sql))
    assert not any(word in caught.value.message for word in ("/etc", "secret", "duckdb", str(secret.parent)))
    assert own.read_bytes() == before
    assert list(secret.parent.iterdir()) == [secret]


def test_files_of_an_earlier_query_are_out_of_reach(engine, query, catalogue, secret):
    private = EngineTable("private", "secret", (secret,))
    with engine.open(query("SELECT z FROM private.secret", private)) as stream:
        assert [batch.to_pylist() for batch in stream] == [[{"z": 42}]]
    for sql in ("SELECT z FROM private.secret", f"SELECT z FROM read_parquet('{secret}')"):
        with pytest.raises(QueryFailedError):
            engine.open(query(sql, catalogue))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM range(1000000000000)",
        'SELECT COUNT(*) FROM survey."Objects" a, survey."Objects" b, survey."Objects" c WHERE a.ra + b.ra > c.ra',
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT 1 - n FROM r) SELECT COUNT(*) FROM r",
    ],
)
def test_a_query_ends_at_its_time(engine, query, sql):
    began = time.monotonic()
    with pytest.raises(QueryTimeoutError, match=r"0\.5 s"):
        engine.open(query(sql, seconds=0.5))
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT levenshtein(repeat('x', 300000), repeat('y', 300000))",
        (
            "SELECT COUNT(*) FROM range(100000) a, range(100000) b WHERE sky_contains('circle', "
            "[a.range % 360, b.range % 90, 1]::DOUBLE[], 'polygon', [0, 0, 9, 0, 9, b.range % 80 + 1]::DOUBLE[])"
        ),
        (
            "SELECT COUNT(*) FROM range(100000) a, range(100000) b WHERE sky_map_of('circle', "
            "[a.range % 360, b.range % 90, 20 + a.range / 1e6]::DOUBLE[], -1) = 'x'"
        ),
    ],
)
def test_a_query_that_the_engine_cannot_interrupt_is_killed_at_its_time(engine, query, sql):
    began = time.monotonic()
    with pytest.raises(QueryTimeoutError):
        engine.open(query(sql, seconds=0.3))
    assert time.monotonic() - began < 60
    with engine.open(query("SELECT 1 AS n")) as stream:
        assert next(iter(stream)).to_pylist() == [{"n": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 2000000000)",
        "SELECT length(repeat(repeat('x', 30000), 100000))",
        "SELECT list(range) FROM range(1000000000)",
        "SELECT string_agg(range, ',') FROM range(1000000000)",
    ],
)
def test_a_query_ends_at_its_memory(engine, query, sql):
    with pytest.raises(QueryMemoryError) as caught:
        engine.open(query(sql, seconds=100))
    assert caught.value.status == 400
    with engine.open(query("SELECT 1 AS n")) as stream:
        assert next(iter(stream)).to_pylist() == [{"n": 1}]
