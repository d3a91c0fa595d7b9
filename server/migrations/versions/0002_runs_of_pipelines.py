"""Runs of pipelines."""

import sqlalchemy as sa
from alembic import op

import core.database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pipeline_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pipeline", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=True),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("phase", sa.String(length=10), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created", core.database.UtcDateTime(), nullable=False),
        sa.Column("started", core.database.UtcDateTime(), nullable=True),
        sa.Column("ended", core.database.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_pipeline_runs_owner_id_users")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_pipeline_runs_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_pipeline_runs_release_id_releases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_runs")),
    )
    with op.batch_alter_table("pipeline_runs", schema=None) as batch_op:
        batch_op.create_index("uq_pipeline_runs_job_id", ["job_id"], unique=True)
        batch_op.create_index("uq_pipeline_runs_product_id", ["product_id"], unique=True)
        batch_op.create_index(batch_op.f("ix_pipeline_runs_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pipeline_runs_phase"), ["phase"], unique=False)


def downgrade() -> None:
    op.drop_table("pipeline_runs")
