"""Form and grid of the columns that hold probability densities

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("product_columns", sa.Column("density", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("product_columns", "density")
