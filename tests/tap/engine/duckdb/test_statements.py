import duckdb
import pytest

from tap.engine.duckdb.statements import refusal_reason

TABLES = {("s", "t"), ("tap_upload", "Mine")}

ALLOWED = [
    "SELECT 1",
    'SELECT a FROM s.t JOIN tap_upload."Mine" AS m USING (id)',
    'SELECT a FROM "S"."T"',
    "WITH a AS (SELECT 1 AS x) SELECT x FROM a UNION SELECT 2 EXCEPT SELECT 3",
    "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a WHERE x < 3) SELECT * FROM a",
    "SELECT x, unnest([1, 2]) FROM (SELECT x FROM s.t) WHERE x IN (SELECT y FROM s.t)",
    """SELECT '"type":"COPY_QUERY_NODE"'""",
    "SELECT 'x' AS \"a'; COPY (SELECT 1) TO 'y\"",
]

REFUSED = [
    "SELECT 1; SELECT 2",
    "DELETE FROM s.t",
    "WITH a AS (INSERT INTO s.t VALUES (1) RETURNING *) SELECT * FROM a",
    "WITH a AS (COPY (SELECT 1) TO 'x') SELECT 1",
    "SELECT (WITH a AS (COPY (SELECT 1) TO 'x') SELECT 1)",
    "SELECT * FROM s.t UNION ALL (WITH a AS (COPY s.t TO 'x') SELECT 1)",
    "SELECT * FROM s.other",
    "SELECT * FROM t",
    "SELECT * FROM memory.s.t",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM duckdb_settings()",
    "FROM duckdb_views",
    "SELECT (SELECT MAX(sql) FROM duckdb_views())",
    "SELECT current_setting('allowed_paths')",
    "SELECT getenv('HOME')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('s.t')",
    "SELECT * FROM pragma_database_list",
    "DESCRIBE s.t",
    "SHOW TABLES",
]


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect(":memory:") as connection:
        yield connection


@pytest.mark.parametrize("sql", ALLOWED)
def test_what_reads_its_own_tables_is_run(connection, sql):
    assert refusal_reason(connection, sql, TABLES) is None


@pytest.mark.parametrize("sql", REFUSED)
def test_everything_else_is_refused(connection, sql):
    assert refusal_reason(connection, sql, TABLES) is not None
