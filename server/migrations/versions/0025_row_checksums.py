"""Size and SHA-256 of the Parquet files of products and of tables of users

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("product_tables", sa.Column("size", sa.BigInteger(), nullable=True))
    op.add_column("product_tables", sa.Column("sha256", sa.String(length=64), nullable=True))
    op.add_column("user_table_parts", sa.Column("sha256", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("user_table_parts", "sha256")
    op.drop_column("product_tables", "sha256")
    op.drop_column("product_tables", "size")
