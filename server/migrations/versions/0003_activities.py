"""What made products, and what it used

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

import core.database


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "activities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("code_name", sa.String(length=255), nullable=False),
        sa.Column("code_version", sa.String(length=255), nullable=False),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("timings", sa.JSON(), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=True),
        sa.Column("started_at", core.database.UtcDateTime(), nullable=False),
        sa.Column("ended_at", core.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_activities_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("product_id", name=op.f("uq_activities_product_id")),
    )
    op.create_table(
        "used_entities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=255), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_used_entities_activity_id_activities"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_used_entities_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_used_entities")),
    )
    op.create_index(op.f("ix_used_entities_activity_id"), "used_entities", ["activity_id"])
    op.create_index(op.f("ix_used_entities_product_id"), "used_entities", ["product_id"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("used_entities")
    op.drop_table("activities")
