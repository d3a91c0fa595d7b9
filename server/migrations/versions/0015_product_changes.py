"""Versions of products, by which caches see what has changed, and the names of tables as an index

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward; the triggers are made after all migrations, by `products.lifecycle.change_log`."""
    op.create_table(
        "product_changes",
        sa.Column("product_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("product_id", name="pk_product_changes"),
    )
    op.create_index("ix_product_changes_version", "product_changes", ["version"])
    op.create_index("ix_product_tables_name", "product_tables", ["table_schema", "table_name"])


def downgrade() -> None:
    """Take the schema back, with the triggers that write into the table."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'catalogue_change_%'"
    else:
        query = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgname LIKE 'catalogue_change_%'"
        )
    for name, table in connection.execute(sa.text(query)).all():
        suffix = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        op.execute(f"DROP TRIGGER {name}{suffix}")
    op.drop_index("ix_product_tables_name", table_name="product_tables")
    op.drop_table("product_changes")
