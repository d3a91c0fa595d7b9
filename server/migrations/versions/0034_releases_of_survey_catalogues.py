"""Releases of survey catalogues

Revision: 0034, after 0033.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("survey_catalogues") as batch_op:
        batch_op.add_column(sa.Column("release_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_survey_catalogues_release_id_releases"), "releases", ["release_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_survey_catalogues_release_id"), ["release_id"], unique=False)


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("survey_catalogues") as batch_op:
        batch_op.drop_index(batch_op.f("ix_survey_catalogues_release_id"))
        batch_op.drop_constraint(batch_op.f("fk_survey_catalogues_release_id_releases"), type_="foreignkey")
        batch_op.drop_column("release_id")
