"""Permissions of whole schemas of users, and columns of their tables whose values must be unique

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_GROUPS = ("read_group_id", "write_group_id")


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("user_tables", sa.Column("unique_columns", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("user_schemas") as batch:
        batch.add_column(sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.false()))
        for name in _GROUPS:
            batch.add_column(sa.Column(name, sa.Integer(), nullable=True))
            key = op.f(f"fk_user_schemas_{name}_groups")
            batch.create_foreign_key(key, "groups", [name], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("user_schemas") as batch:
        for name in _GROUPS:
            batch.drop_constraint(op.f(f"fk_user_schemas_{name}_groups"), type_="foreignkey")
            batch.drop_column(name)
        batch.drop_column("is_public")
    op.drop_column("user_tables", "unique_columns")
