"""Layout of stored rows, frames of columns, and how the table of a product is taken from its file

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLES = ("product_tables", "user_table_parts")


def upgrade() -> None:
    """Bring the schema forward; the files of layout 0 are converted when the server starts."""
    for table in _TABLES:
        op.add_column(table, sa.Column("layout", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("product_tables", sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("product_columns", sa.Column("frame", sa.String(length=64), nullable=True))
    op.add_column("products", sa.Column("table_options", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("products", "table_options")
    op.drop_column("product_columns", "frame")
    op.drop_column("product_tables", "options")
    for table in _TABLES:
        op.drop_column(table, "layout")
