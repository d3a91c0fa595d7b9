"""People's own nodes

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

import core.database


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NAME = sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "nodes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("home_id", sa.Integer(), nullable=True),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("created_at", core.database.UtcDateTime(), nullable=False),
        sa.Column("modified_at", core.database.UtcDateTime(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("group_read", sa.Text(), nullable=False),
        sa.Column("group_write", sa.Text(), nullable=False),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("inherits", sa.Boolean(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("media_type", sa.String(length=255), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("stored_id", sa.String(length=64), nullable=True),
        sa.Column("quota", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["home_id"], ["nodes.id"], name=op.f("fk_nodes_home_id_nodes"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_nodes_owner_id_users")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["nodes.id"], name=op.f("fk_nodes_parent_id_nodes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
        sa.UniqueConstraint("parent_id", "name", name="uq_nodes_parent_id_name"),
        sa.UniqueConstraint("stored_id", name=op.f("uq_nodes_stored_id")),
    )
    with op.batch_alter_table("nodes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nodes_home_id"), ["home_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_nodes_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(
            "uq_nodes_home",
            ["name"],
            unique=True,
            sqlite_where=sa.text("parent_id IS NULL"),
            postgresql_where=sa.text("parent_id IS NULL"),
        )
    op.create_table(
        "node_writes",
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("expires_at", core.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["nodes.id"], name=op.f("fk_node_writes_parent_id_nodes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("parent_id", "name", name=op.f("pk_node_writes")),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("node_writes")
    op.drop_table("nodes")
