"""Survey catalogues that are registered as tables, and the groups that may read them

Revision: 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "survey_catalogues",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("partitions", sa.Integer(), nullable=False),
        sa.Column("listing", sa.String(length=160), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_catalogues")),
        sa.UniqueConstraint("name", name=op.f("uq_survey_catalogues_name")),
    )
    op.create_table(
        "survey_catalogue_groups",
        sa.Column("catalogue_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["catalogue_id"],
            ["survey_catalogues.id"],
            name=op.f("fk_survey_catalogue_groups_catalogue_id_survey_catalogues"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_survey_catalogue_groups_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("catalogue_id", "group_id", name=op.f("pk_survey_catalogue_groups")),
    )
    op.create_index(op.f("ix_survey_catalogue_groups_group_id"), "survey_catalogue_groups", ["group_id"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("survey_catalogue_groups")
    op.drop_table("survey_catalogues")
