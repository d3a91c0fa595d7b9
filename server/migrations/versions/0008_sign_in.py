"""People who sign in elsewhere, and the scope of sessions

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

import core.database


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "external_identities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("created_at", core.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_external_identities_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_identities")),
        sa.UniqueConstraint("issuer", "subject", name="uq_external_identities_issuer_subject"),
    )
    op.create_index(op.f("ix_external_identities_user_id"), "external_identities", ["user_id"])
    with op.batch_alter_table("sessions") as batch_op:
        batch_op.add_column(sa.Column("scope", sa.String(length=10), server_default="admin", nullable=False))


def downgrade() -> None:
    """Take the schema back."""
    with op.batch_alter_table("sessions") as batch_op:
        batch_op.drop_column("scope")
    op.drop_table("external_identities")
