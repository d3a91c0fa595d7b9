"""Credentials have a parent, and failed sign-ins are counted in the database

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

import core.database


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_PARENTS = (
    ("tokens", "parent_token_id", "tokens"),
    ("tokens", "parent_session_id", "sessions"),
    ("sessions", "parent_token_id", "tokens"),
    ("product_links", "parent_token_id", "tokens"),
    ("product_links", "parent_session_id", "sessions"),
)


def upgrade() -> None:
    """Bring the schema forward; credentials that exist have no parent."""
    op.add_column("sessions", sa.Column("for_browser", sa.Boolean(), server_default=sa.true(), nullable=False))
    # On SQLite a batch makes each table anew; nothing refers to its rows yet that would be deleted with the old one.
    for table in dict.fromkeys(table for table, _, _ in _PARENTS):
        with op.batch_alter_table(table) as batch_op:
            for column, parent in [(column, parent) for name, column, parent in _PARENTS if name == table]:
                batch_op.add_column(sa.Column(column, sa.Integer(), nullable=True))
                batch_op.create_foreign_key(
                    f"fk_{table}_{column}_{parent}", parent, [column], ["id"], ondelete="CASCADE"
                )
                batch_op.create_index(f"ix_{table}_{column}", [column])
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=150), nullable=False),
        sa.Column("address", sa.String(length=100), nullable=False),
        sa.Column("at", core.database.UtcDateTime(), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index("ix_sign_in_attempts_account", "sign_in_attempts", ["account"])
    op.create_index("ix_sign_in_attempts_address", "sign_in_attempts", ["address"])
    op.add_column("jobs", sa.Column("caller", sa.String(length=100), server_default="", nullable=False))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("jobs", "caller")
    op.drop_table("sign_in_attempts")
    for table, column, parent in reversed(_PARENTS):
        op.drop_index(f"ix_{table}_{column}", table_name=table)
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(f"fk_{table}_{column}_{parent}", type_="foreignkey")
            batch_op.drop_column(column)
    op.drop_column("sessions", "for_browser")
