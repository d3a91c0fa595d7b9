"""Files that arrive in parts, whose pieces are objects

Revision: 0038, after 0034.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "partial_files",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partial_files")),
    )
    op.create_index("ix_partial_files_account", "partial_files", ["account"])
    op.create_table(
        "partial_pieces",
        sa.Column("stored_id", sa.String(length=32), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["partial_files.id"], name=op.f("fk_partial_pieces_file_id_partial_files"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stored_id", name=op.f("pk_partial_pieces")),
        sa.UniqueConstraint("file_id", "position", name="uq_partial_pieces_file_id_position"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("partial_pieces")
    op.drop_table("partial_files")
