"""Room that results of jobs take, and lengthy jobs

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    # Not in batches, which on SQLite make a table anew: that would take the lines of the logs along.
    op.add_column("jobs", sa.Column("lengthy", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("jobs", sa.Column("result_bytes", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("ix_jobs_owner_phase", "jobs", ["owner", "phase"], unique=False)
    jobs = sa.table("jobs", sa.column("id"), sa.column("results", sa.JSON), sa.column("result_bytes"))
    connection = op.get_bind()
    for job_id, results in connection.execute(sa.select(jobs.c.id, jobs.c.results)).all():
        if size := sum(result.get("size") or 0 for result in results or ()):
            connection.execute(jobs.update().where(jobs.c.id == job_id).values(result_bytes=size))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_jobs_owner_phase", table_name="jobs")
    op.drop_column("jobs", "result_bytes")
    op.drop_column("jobs", "lengthy")
