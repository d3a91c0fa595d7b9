"""Attribution of products, embargo dates, and presets of pipelines

Revision: 0021, after 0018.
"""

import sqlalchemy as sa
from alembic import op

import core.database

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("products", sa.Column("attribution", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("products", sa.Column("embargo_date", sa.Date(), nullable=True))
    op.create_table(
        "pipeline_presets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("pipeline", sa.String(64), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created", core.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_pipeline_presets_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_presets")),
        sa.UniqueConstraint("key", name=op.f("uq_pipeline_presets_key")),
        sa.UniqueConstraint("owner_id", "pipeline", "name", name="uq_pipeline_presets_owner_id_pipeline_name"),
    )
    op.create_index(op.f("ix_pipeline_presets_owner_id"), "pipeline_presets", ["owner_id"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("pipeline_presets")
    op.drop_column("products", "embargo_date")
    op.drop_column("products", "attribution")
