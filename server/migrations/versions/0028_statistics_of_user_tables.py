"""Statistics of the columns of tables of users

Revision: 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("user_table_parts", sa.Column("statistics", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("user_table_parts", "statistics")
