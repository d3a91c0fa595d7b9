"""Tables of users

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

import core.database

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "user_schemas",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_schemas_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_schemas")),
        sa.UniqueConstraint("name", name=op.f("uq_user_schemas_name")),
    )
    op.create_table(
        "user_tables",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("indexed", sa.JSON(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("read_group_id", sa.Integer(), nullable=True),
        sa.Column("write_group_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", core.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_user_tables_owner_id_users")),
        sa.ForeignKeyConstraint(
            ["read_group_id"], ["groups.id"], name=op.f("fk_user_tables_read_group_id_groups"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["write_group_id"], ["groups.id"], name=op.f("fk_user_tables_write_group_id_groups"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_tables")),
        sa.UniqueConstraint("owner_id", "name", name="uq_user_tables_owner_id_name"),
    )
    op.create_table(
        "user_table_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("table_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("stored_id", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["table_id"],
            ["user_tables.id"],
            name=op.f("fk_user_table_parts_table_id_user_tables"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_table_parts")),
        sa.UniqueConstraint("job_id", name=op.f("uq_user_table_parts_job_id")),
        sa.UniqueConstraint("stored_id", name=op.f("uq_user_table_parts_stored_id")),
    )
    op.create_index(op.f("ix_user_table_parts_table_id"), "user_table_parts", ["table_id"])


def downgrade() -> None:
    """Take the schema back."""
    for table in ("user_table_parts", "user_tables", "user_schemas"):
        op.drop_table(table)
