"""Room that parameters of jobs take, and files that came with them

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("jobs", sa.Column("parameter_bytes", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("file_bytes", sa.BigInteger(), server_default="0", nullable=False))
    jobs = sa.table("jobs", sa.column("parameters", sa.JSON), sa.column("parameter_bytes"))
    op.execute(jobs.update().values(parameter_bytes=1000 + sa.func.length(sa.cast(jobs.c.parameters, sa.Text))))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("jobs", "file_bytes")
    op.drop_column("jobs", "parameter_bytes")
