"""How often products were downloaded

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

import core.database

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "download_counts",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.Column("last_at", core.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_download_counts_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_download_counts")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("download_counts")
