"""Records of other registries

Revision: 0033, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "registry_harvested_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(length=1000), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_harvested_records")),
        sa.UniqueConstraint("identifier", name=op.f("uq_registry_harvested_records_identifier")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_registry_harvested_records_source", "registry_harvested_records", ["source"])
    op.create_table(
        "registry_sources",
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_registry_sources")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("registry_sources")
    op.drop_table("registry_harvested_records")
