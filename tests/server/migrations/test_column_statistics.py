"""Statistics of columns of tables that were inspected before they were kept: those of the inspection."""

from importlib import import_module

import pyarrow as pa
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from products.inspection.column_statistics import StatisticsGatherer
from products.inspection.inspection import Inspection


def test_statistics_are_taken_from_the_inspection() -> None:
    rows = pa.record_batch({"x": [1.5, None, -99.0], "n": [1, 1, 1], "t": ["a", "bcd", "a"], "a": [[1.0], None, [2.0]]})
    gatherer = StatisticsGatherer(rows.schema)
    gatherer.add(rows)
    text = Inspection(3, (), gatherer.statistics()).to_json()
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        run = connection.exec_driver_sql
        run("CREATE TABLE products (id INTEGER PRIMARY KEY, inspection TEXT)")
        run("CREATE TABLE product_columns (id INTEGER PRIMARY KEY, product_id INTEGER, name TEXT)")
        run("INSERT INTO products VALUES (1, ?), (2, NULL)", (text,))
        run("INSERT INTO product_columns (product_id, name) VALUES (1, 'x'), (1, 'n'), (1, 't'), (1, 'a'), (2, 'x')")
        with Operations.context(MigrationContext.configure(connection)):
            import_module("server.migrations.versions.0022_column_statistics").upgrade()
        found = run("SELECT name, min_value, max_value, null_count, distinct_count FROM product_columns ORDER BY id")
        assert found.fetchall() == [
            ("x", -99.0, 1.5, 1, 2),
            ("n", 1.0, 1.0, 0, 1),
            ("t", None, None, 0, 2),
            ("a", None, None, 1, None),
            ("x", None, None, None, None),
        ]
    engine.dispose()
