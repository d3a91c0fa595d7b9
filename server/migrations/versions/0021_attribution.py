"""Attribution of products, embargo dates, and presets of pipelines

Revision: 0021, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("products", sa.Column("attribution", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("products", sa.Column("embargo_date", sa.Date(), nullable=True))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("products", "embargo_date")
    op.drop_column("products", "attribution")
