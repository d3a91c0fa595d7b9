"""Databases of tests that share the SQL of their statements."""

from pathlib import Path

from sqlalchemy import create_engine, text

from core.database import Database
from tests.support.databases import shared_statements


def test_databases_share_compiled_statements_and_no_rows(tmp_path: Path):
    with shared_statements():
        databases = [Database(f"sqlite:///{tmp_path / name}") for name in ("one.sqlite", "two.sqlite")]
        for number, database in enumerate(databases):
            with database.write() as session:
                session.execute(text("CREATE TABLE numbers (n INTEGER)"))
                session.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": number})
        for number, database in enumerate(databases):
            with database.write() as session:
                assert session.execute(text("SELECT n FROM numbers")).all() == [(number,)]
        one, two = (database.engine for database in databases)
        assert one._compiled_cache is two._compiled_cache
        assert one.dialect == two.dialect
        assert one.dialect != create_engine("postgresql+psycopg2://").dialect
        for database in databases:
            database.close()
