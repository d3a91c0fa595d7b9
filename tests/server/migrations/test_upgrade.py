"""The migrations, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import products.schema
import uws.schema
from core.database import Base, Database
from server.migrations.upgrade import is_current, migrate


def test_the_migrations_make_the_schema_that_the_code_uses(database_url: str):
    assert {products.schema.ProductRow.__tablename__, uws.schema.JobRow.__tablename__} < set(Base.metadata.tables)
    database = Database(database_url)
    assert not is_current(database.engine)
    migrate(database)
    assert is_current(database.engine)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_migrating_again_changes_nothing(database_url: str):
    database = Database(database_url)
    migrate(database)
    migrate(database)
    assert is_current(database.engine)
    database.close()
