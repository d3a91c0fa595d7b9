"""Who manages groups, co-owners, links, deletion with a grace time, versions, quotas, and the audit log

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

import core.database


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    _add_columns()
    _keep_groups_of_releases("RESTRICT")
    op.create_table(
        "product_co_owners",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_co_owners_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_product_co_owners_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "user_id", name=op.f("pk_product_co_owners")),
    )
    op.create_index(op.f("ix_product_co_owners_user_id"), "product_co_owners", ["user_id"])
    op.create_table(
        "product_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", core.database.UtcDateTime(), nullable=False),
        sa.Column("expires_at", core.database.UtcDateTime(), nullable=False),
        sa.Column("last_used_at", core.database.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_links_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_product_links_created_by_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_links")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_product_links_secret_hash")),
    )
    op.create_index(op.f("ix_product_links_product_id"), "product_links", ["product_id"])
    op.create_index(op.f("ix_product_links_created_by"), "product_links", ["created_by"])
    _add_audit_log()


def _add_columns() -> None:
    op.add_column(
        "group_members", sa.Column("is_manager", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("groups", sa.Column("source", sa.String(length=20), nullable=False, server_default="local"))
    op.add_column("users", sa.Column("quota_bytes", sa.BigInteger(), nullable=True))
    # Without a foreign key: SQLite could only have it in a table that is made anew, and products are never removed.
    op.add_column("products", sa.Column("previous_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_products_previous_id"), "products", ["previous_id"])
    op.add_column("products", sa.Column("deleted_at", core.database.UtcDateTime(), nullable=True))
    op.add_column("products", sa.Column("deleted_from", sa.Integer(), nullable=True))
    op.add_column("products", sa.Column("purged_at", core.database.UtcDateTime(), nullable=True))
    # Until now the files of a deleted product went at once.
    op.execute(sa.text("UPDATE products SET deleted_at = updated_at, purged_at = updated_at WHERE status = 2"))


def _add_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", core.database.UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=150), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"])
    op.create_index(op.f("ix_audit_log_actor_id"), "audit_log", ["actor_id"])
    op.create_index("ix_audit_log_kind_subject_id", "audit_log", ["kind", "subject_id"])


def _keep_groups_of_releases(rule: str) -> None:
    name = op.f("fk_release_groups_group_id_groups")
    with op.batch_alter_table("release_groups") as batch_op:
        batch_op.drop_constraint(name, type_="foreignkey")
        batch_op.create_foreign_key(name, "groups", ["group_id"], ["id"], ondelete=rule)


def downgrade() -> None:
    """Bring the schema back."""
    for table in ("audit_log", "product_links", "product_co_owners"):
        op.drop_table(table)
    _keep_groups_of_releases("CASCADE")
    op.drop_index(op.f("ix_products_previous_id"), "products")
    for column in ("previous_id", "deleted_at", "deleted_from", "purged_at"):
        op.drop_column("products", column)
    op.drop_column("users", "quota_bytes")
    op.drop_column("groups", "source")
    op.drop_column("group_members", "is_manager")
