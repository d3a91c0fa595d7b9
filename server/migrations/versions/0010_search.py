"""Names of columns and areas, for searches

Revision: 0010, after 0009.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("products", sa.Column("column_names", sa.Text(), server_default="", nullable=False))
    op.add_column("product_tables", sa.Column("area_deg2", sa.Double(), nullable=True))
    products = sa.table("products", sa.column("id"), sa.column("inspection"), sa.column("column_names"))
    tables = sa.table("product_tables", sa.column("product_id"), sa.column("area_deg2"))
    columns = sa.table("product_columns", sa.column("product_id"), sa.column("position"), sa.column("name"))
    connection = op.get_bind()
    for number in connection.execute(sa.select(products.c.id)).scalars().all():
        of_product = sa.select(columns.c.name).where(columns.c.product_id == number).order_by(columns.c.position)
        names = "\n".join(connection.execute(of_product).scalars())
        connection.execute(products.update().where(products.c.id == number).values(column_names=names))
        found = connection.execute(sa.select(products.c.inspection).where(products.c.id == number)).scalar()
        if found and (area := json.loads(found).get("sky_area_deg2")) is not None:
            connection.execute(tables.update().where(tables.c.product_id == number).values(area_deg2=area))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("product_tables", "area_deg2")
    op.drop_column("products", "column_names")
