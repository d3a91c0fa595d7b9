"""Published identifiers of the registry, with the times of their changes, and the last harvests

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "registry_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_records")),
        sa.UniqueConstraint("path", name=op.f("uq_registry_records_path")),
        sa.UniqueConstraint("product_id", name=op.f("uq_registry_records_product_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_registry_records_changed_at", "registry_records", ["changed_at"])
    op.create_table(
        "registry_harvests",
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("prefix", sa.String(length=40), nullable=False),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agent", name=op.f("pk_registry_harvests")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("registry_harvests")
    op.drop_table("registry_records")
