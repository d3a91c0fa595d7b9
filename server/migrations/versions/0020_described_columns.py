"""Units, UCDs and descriptions that owners state of columns, and uploads in parts

Revision: 0020, after 0018.
"""

import sqlalchemy as sa
from alembic import op

import core.database

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("product_columns", sa.Column("stated", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "product_uploads",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(100), nullable=False),
        sa.Column("staged_id", sa.String(64), nullable=False),
        sa.Column("created_at", core.database.UtcDateTime(), nullable=False),
        sa.Column("updated_at", core.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_uploads_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_product_uploads_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_uploads")),
    )
    for name in ("product_id", "user_id"):
        op.create_index(op.f(f"ix_product_uploads_{name}"), "product_uploads", [name])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("product_uploads")
    with op.batch_alter_table("product_columns") as batch:
        batch.drop_column("stated")
