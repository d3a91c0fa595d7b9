"""Databases with every table and no rows, without making the tables anew for each test."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg2
from psycopg2 import sql
from sqlalchemy import Engine, MetaData, create_engine, text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

import tap.metadata.survey_catalogues.schema  # noqa: F401 - every list of tables reads it, and imports it late
from core.database import Base, Database
from server.migrations.upgrade import newest_revision
from tests.support.postgres import PostgresServer

__all__ = ["EmptyPostgres", "EmptySQLite", "make_tables", "mark_as_migrated", "shared_statements"]

_STATEMENTS = 5_000

# What a test could change beside rows: two databases with the same tables give the same answer.
_SHAPE = """
SELECT md5(coalesce(string_agg(line, chr(10) ORDER BY line), '')) FROM (
  SELECT concat_ws(' ', c.relkind, c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                   pg_get_expr(d.adbin, d.adrelid)) AS line
  FROM pg_class AS c
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
  LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT pg_get_constraintdef(oid) || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
) AS lines
"""


class EmptyPostgres:
    """Gives databases of one PostgreSQL server that are emptied, and not dropped, when a test is done.

    To empty one takes a thirtieth of the time of making one. Each test has a database of another name, so that a
    process that a test left behind finds none; one whose tables were changed is dropped.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._kept: dict[frozenset[str], tuple[str, str]] = {}  # by its tables, the name and the shape

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the SQLAlchemy address of a database with every table that is declared by now, and no rows."""
        tables = frozenset(Base.metadata.tables)
        name = self._server.new_name()
        kept, shape = self._kept.pop(tables, None) or self._made()
        self._server.execute("ALTER DATABASE {} RENAME TO {}", kept, name)
        try:
            yield self._server.url(name)
        finally:
            self._server.disconnect(name)
            if self._emptied(name, shape) and tables not in self._kept:
                self._kept[tables] = name, shape
            else:
                self._server.execute("DROP DATABASE {} WITH (FORCE)", name)

    def _made(self) -> tuple[str, str]:
        name = self._server.new_name()
        self._server.execute("CREATE DATABASE {} TEMPLATE template0 STRATEGY file_copy", name)
        _make_tables(self._server.url(name))
        with closing(self._server.connect(name)) as connection, connection.cursor() as cursor:
            return name, _shape(cursor)

    def _emptied(self, name: str, shape: str) -> bool:
        """Empty a database; say no when it has other tables than before."""
        with closing(self._server.connect(name)) as connection, connection, connection.cursor() as cursor:
            if _shape(cursor) != shape:
                return False
            cursor.execute("SET LOCAL session_replication_role = replica")  # so that rows may go in any order
            for table in Base.metadata.tables:
                cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            cursor.execute("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'")
        return True


class EmptySQLite:
    """Gives SQLite databases with every table, copied from a file that is made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[frozenset[str], Path] = {}

    def database(self, path: Path) -> str:
        """Make a database at a path, and give its SQLAlchemy address."""
        tables = frozenset(Base.metadata.tables)
        if tables not in self._made:
            template = self._folder / f"{len(self._made)}.sqlite"
            _make_tables(f"sqlite:///{template}")
            self._made[tables] = template
        shutil.copyfile(self._made[tables], path)
        return f"sqlite:///{path}"


@contextmanager
def shared_statements() -> Iterator[None]:
    """Let the databases that this process opens in the block share the SQL of their statements.

    SQLAlchemy keeps the SQL of a statement for an engine, and compiles it again for that of the next test, which takes
    longer than the statement. What it compiles depends on the dialect alone, as far as `_compiles_as` compares it.
    """
    compiled: LRUCache = LRUCache(_STATEMENTS)

    def engine(*args: object, **kwargs: object) -> Engine:
        made = create_engine(*args, **kwargs)
        made._compiled_cache = compiled
        return made

    with (
        patch("core.database.create_engine", engine),
        patch.object(DefaultDialect, "__eq__", _compiles_as),
        patch.object(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect))),
    ):
        yield


def _compiles_as(one: DefaultDialect, other: object) -> bool:
    if one is other:
        return True
    names = ("server_version_info", "default_schema_name", "paramstyle", "insert_returning", "update_returning")
    return type(one) is type(other) and all(getattr(one, name, None) == getattr(other, name, None) for name in names)


def make_tables(engine: Engine) -> None:
    """Make every table that is declared by now.

    They are made from a copy of their declarations: once SQLAlchemy has added a foreign key to a table of PostgreSQL by
    ALTER, that declaration makes no foreign key in SQLite any more.
    """
    copy = MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(copy)
    copy.create_all(engine)


def _make_tables(url: str) -> None:
    database = Database(url)
    make_tables(database.engine)
    if "product_changes" in Base.metadata.tables:
        from products.lifecycle.change_log import install_triggers

        with database.engine.begin() as connection:
            install_triggers(connection)
    database.close()


def _shape(cursor: psycopg2.extensions.cursor) -> str:
    cursor.execute(_SHAPE)
    (shape,) = cursor.fetchone() or ("",)
    return str(shape)


def mark_as_migrated(database: Database) -> None:
    """Note in a database of `make_tables` that it has the schema of this version, as migrations do."""
    with database.write() as session:
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        session.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": newest_revision()})
