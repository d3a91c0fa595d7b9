"""Binned distributions of submissions to challenges

Revision: 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "challenge_distributions",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(10), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["challenge_submissions.id"],
            name=op.f("fk_challenge_distributions_submission_id_challenge_submissions"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("submission_id", "part", name=op.f("pk_challenge_distributions")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("challenge_distributions")
