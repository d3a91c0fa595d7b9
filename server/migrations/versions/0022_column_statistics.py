"""Statistics of the columns of tables

Revision: 0022, after 0018.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "min_value": sa.Double(),
    "max_value": sa.Double(),
    "null_count": sa.BigInteger(),
    "distinct_count": sa.BigInteger(),
}


def upgrade() -> None:
    """Bring the schema forward, with what the inspections of existing tables know of their columns."""
    for name, kind in _COLUMNS.items():
        op.add_column("product_columns", sa.Column(name, kind, nullable=True))
    connection = op.get_bind()
    products = sa.table("products", sa.column("id", sa.Integer), sa.column("inspection", sa.Text))
    columns = sa.table(
        "product_columns",
        sa.column("product_id", sa.Integer),
        sa.column("name", sa.Text),
        *(sa.column(name, kind) for name, kind in _COLUMNS.items()),
    )
    inspected = sa.select(products.c.id).where(products.c.inspection.is_not(None))
    for product_id in connection.scalars(inspected).all():
        text = connection.scalar(sa.select(products.c.inspection).where(products.c.id == product_id))
        for name, known in json.loads(str(text))["statistics"].items():
            chosen = (columns.c.product_id == product_id) & (columns.c.name == name)
            connection.execute(sa.update(columns).where(chosen).values(_values(known)))


def downgrade() -> None:
    """Take the schema back."""
    for name in _COLUMNS:
        op.drop_column("product_columns", name)


def _values(known: dict[str, object]) -> dict[str, object]:
    # The extremes of text are lengths.
    is_text = known.get("ascii") is not None
    return {
        "min_value": None if is_text else known.get("minimum"),
        "max_value": None if is_text else known.get("maximum"),
        "null_count": known["nulls"],
        "distinct_count": known.get("distinct"),
    }
