"""Numbers of the queries that wait in the web processes

Revision: 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "waiting_queries",
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("process", "owner", name=op.f("pk_waiting_queries")),
    )
    op.create_index(op.f("ix_waiting_queries_renewed_at"), "waiting_queries", ["renewed_at"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("waiting_queries")
