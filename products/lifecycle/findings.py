"""Storage of what an inspection found: the columns of a product, and its table of derived rows."""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from products.inspection.inspection import Inspection
from products.inspection.meanings import position_unit
from products.product_types import product_type
from products.schema import ProductColumnRow, ProductRow, ProductTableRow

__all__ = ["StoredRows", "store_columns", "store_table"]

_LONGEST_TABLE_NAME = 60
#: Minimum score of a guessed UCD that is stored for a column without one.
_SURE = 0.7


@dataclass(frozen=True, slots=True)
class StoredRows:
    """The Parquet file of derived rows."""

    id: str
    size: int
    sha256: str


def store_columns(session: Session, product_id: int, inspection: Inspection, *, as_given: bool) -> None:
    """Store the columns; those that keep their name keep what their owner stated and the meaning given to them."""
    guessed = {guess.column: guess.ucd for guess in inspection.ucd_guesses if guess.score >= _SURE}
    rows = session.scalars(select(ProductColumnRow).where(ProductColumnRow.product_id == product_id)).all()
    old = {row.name: (row.ucd, row.alias) for row in rows if row.alias}
    known = {row.name: row.stated for row in rows if row.stated}
    session.execute(delete(ProductColumnRow).where(ProductColumnRow.product_id == product_id))
    session.get_one(ProductRow, product_id).column_names = "\n".join(c.name for c in inspection.columns)
    for position, column in enumerate(inspection.columns):
        ucd, alias = old.get(column.name, (column.ucd or guessed.get(column.name), None))
        stated = known.get(column.name, {})
        unit = position_unit(alias, column.unit, as_given=as_given)
        described = replace(
            column, unit=stated.get("unit", unit), description=stated.get("description", column.description)
        )
        counted = inspection.statistics.get(column.name)
        row = ProductColumnRow.of(
            product_id,
            position,
            described,
            ucd=stated.get("ucd", ucd),
            alias=alias,
            stated=stated,
            summary=None if counted is None else counted.summary,
        )
        session.add(row)


def store_table(
    session: Session, product: ProductRow, inspection: Inspection, stored: StoredRows, options: dict[str, Any]
) -> None:
    """Store where the derived rows of a product are, and what is known of its table, instead of what was known."""
    meanings = inspection.meanings
    session.execute(delete(ProductTableRow).where(ProductTableRow.product_id == product.id))
    session.add(
        ProductTableRow(
            product_id=product.id,
            table_schema=product_type(product.product_type_id).name,
            table_name=_table_name(product.internal_name or str(product.id)),
            stored_id=stored.id,
            size=stored.size,
            sha256=stored.sha256,
            rows=inspection.rows,
            ra=meanings.ra,
            dec=meanings.dec,
            z=meanings.z,
            area_deg2=inspection.sky_area_deg2,
            footprint=inspection.moc,
            options=options,
        )
    )


def _table_name(internal_name: str) -> str:
    """Return a regular identifier of ADQL for an internal name: ``12_vvds_é`` becomes ``p12_vvds_e``."""
    ascii_name = unicodedata.normalize("NFKD", internal_name).encode("ascii", "ignore").decode()
    return "p" + re.sub(r"[^a-z0-9_]", "", ascii_name.lower())[:_LONGEST_TABLE_NAME].rstrip("_")
