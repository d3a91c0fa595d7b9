"""Columns of many products as plain records: TAP_SCHEMA of a large catalogue has hundreds of thousands of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from products.schema import ProductColumnRow, ProductRow, ProductTableRow

__all__ = ["ColumnRecord", "RecordedColumns", "products_with_columns", "recorded_columns"]


class ColumnRecord(NamedTuple):
    """A column of a product: the attributes of its VOTable FIELD, the alias of its owner, and its statistics."""

    position: int
    name: str
    datatype: str
    arraysize: str | None
    xtype: str | None
    unit: str | None
    ucd: str | None
    utype: str | None
    description: str | None
    alias: str | None
    density: str | None
    minimum: float | None
    maximum: float | None
    nulls: int | None
    distinct: int | None


@dataclass(frozen=True, slots=True)
class RecordedColumns:
    """The columns of a product in their order, with what else describes them.

    Parameters
    ----------
    table
        Full name of its table; none if it has no rows, and then there are neither ``rows`` nor a position.
    indexed
        Names of the columns of the position by which the rows are sorted.
    """

    product_id: int
    internal_name: str
    table: str | None
    rows: int | None
    indexed: frozenset[str]
    columns: Sequence[ColumnRecord]


_COLUMNS = tuple(
    ProductColumnRow.__table__.c[name]
    for name in (
        *("product_id", "position", "name", "datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description"),
        *("alias", "density", "min_value", "max_value", "null_count", "distinct_count"),
    )
)


def recorded_columns(session: Session, product_ids: Sequence[int]) -> Iterator[RecordedColumns]:
    """Yield the columns of those of some products that have columns, by number."""
    tables = {
        row.id: row
        for row in session.execute(
            select(
                *(ProductRow.id, ProductRow.internal_name, ProductTableRow.table_schema, ProductTableRow.table_name),
                *(ProductTableRow.rows, ProductTableRow.ra, ProductTableRow.dec),
            )
            .outerjoin(ProductTableRow, ProductTableRow.product_id == ProductRow.id)
            .where(ProductRow.id.in_(product_ids))
        )
    }
    product_id, position = _COLUMNS[:2]
    found = session.execute(select(*_COLUMNS).where(product_id.in_(product_ids)).order_by(product_id, position)).all()
    for number, rows in groupby(found, key=itemgetter(0)):
        row = tables[number]
        yield RecordedColumns(
            product_id=number,
            internal_name=row.internal_name or "",
            table=None if row.table_name is None else f"{row.table_schema}.{row.table_name}",
            rows=row.rows,
            indexed=frozenset({row.ra, row.dec}) if row.ra and row.dec else frozenset(),
            columns=[ColumnRecord._make(each[1:]) for each in rows],
        )


def products_with_columns(session: Session, product_ids: Sequence[int]) -> frozenset[int]:
    """Return the numbers of those of some products that have columns."""
    product_id = _COLUMNS[0]
    return frozenset(session.scalars(select(product_id).where(product_id.in_(product_ids)).distinct()))
