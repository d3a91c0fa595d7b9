"""Footprints beside the rows that lie in them

Revision: 0006, after 0005.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("product_tables", sa.Column("footprint", sa.Text(), nullable=True))
    products = sa.table("products", sa.column("id"), sa.column("inspection"))
    tables = sa.table("product_tables", sa.column("product_id"), sa.column("footprint"))
    connection = op.get_bind()
    for product_id in connection.execute(sa.select(tables.c.product_id)).scalars().all():
        found = connection.execute(sa.select(products.c.inspection).where(products.c.id == product_id)).scalar()
        if found and (footprint := json.loads(found).get("moc")):
            connection.execute(tables.update().where(tables.c.product_id == product_id).values(footprint=footprint))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("product_tables", "footprint")
