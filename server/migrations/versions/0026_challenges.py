"""Challenges with their task sets, submissions and scores, and hidden products

Revision: 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op

import core.database

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("products", sa.Column("is_hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    _pairs("hidden_product_readers", "product_id", "products", "user_id", "users")
    op.create_table(
        "challenges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(150), nullable=False),
        sa.Column("created_at", core.database.UtcDateTime(), nullable=False),
        sa.Column("updated_at", core.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sa.UniqueConstraint("name", name=op.f("uq_challenges_name")),
    )
    _pairs("challenge_organisers", "challenge_id", "challenges", "user_id", "users")
    _pairs("challenge_groups", "challenge_id", "challenges", "group_id", "groups", ondelete="RESTRICT")
    op.create_table(
        "challenge_truths",
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("task_set", sa.String(64), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_challenge_truths_challenge_id_challenges"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_challenge_truths_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("challenge_id", "task_set", name=op.f("pk_challenge_truths")),
    )
    op.create_index(op.f("ix_challenge_truths_product_id"), "challenge_truths", ["product_id"])
    _submissions()


def _submissions() -> None:
    op.create_table(
        "challenge_submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("task_set", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("stored_id", sa.String(64), nullable=True),
        sa.Column("table_options", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("method", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("reproduction", sa.JSON(), nullable=False),
        sa.Column("job_id", sa.String(64), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("submitted_at", core.database.UtcDateTime(), nullable=False),
        sa.Column("scored_at", core.database.UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", core.database.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_challenge_submissions_challenge_id_challenges"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_challenge_submissions_user_id_users")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_challenge_submissions_product_id_products"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_submissions")),
        sa.UniqueConstraint("stored_id", name=op.f("uq_challenge_submissions_stored_id")),
    )
    op.create_index("ix_challenge_submissions_of_user", "challenge_submissions", ["challenge_id", "user_id"])
    op.create_index(op.f("ix_challenge_submissions_product_id"), "challenge_submissions", ["product_id"])
    op.create_table(
        "challenge_scores",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("subset", sa.String(64), nullable=False),
        sa.Column("metric", sa.String(40), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("uncertainty", sa.Double(), nullable=True),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["challenge_submissions.id"],
            name=op.f("fk_challenge_scores_submission_id_challenge_submissions"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("submission_id", "subset", "metric", name=op.f("pk_challenge_scores")),
    )


def _pairs(name: str, first: str, first_of: str, second: str, second_of: str, ondelete: str = "CASCADE") -> None:
    op.create_table(
        name,
        sa.Column(first, sa.Integer(), nullable=False),
        sa.Column(second, sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            [first], [f"{first_of}.id"], name=op.f(f"fk_{name}_{first}_{first_of}"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            [second], [f"{second_of}.id"], name=op.f(f"fk_{name}_{second}_{second_of}"), ondelete=ondelete
        ),
        sa.PrimaryKeyConstraint(first, second, name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_{second}"), name, [second])


def downgrade() -> None:
    """Take the schema back."""
    for name in (
        "challenge_scores", "challenge_submissions", "challenge_truths", "challenge_groups", "challenge_organisers",
        "challenges", "hidden_product_readers",
    ):
        op.drop_table(name)
    op.drop_column("products", "is_hidden")
