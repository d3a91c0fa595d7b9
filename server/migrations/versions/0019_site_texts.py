"""Texts of the site that administrators write

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

from core.database import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "site_texts",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.String(length=150), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_texts")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("site_texts")
