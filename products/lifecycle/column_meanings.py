"""Service of column meanings: UCDs and aliases that owners give to the columns of their products."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from products.access import require_change
from products.adjustments.options import AS_GIVEN, TableOptions
from products.inspection.meanings import MEANINGS, position_unit
from products.models import ProductColumn, ProductStatus
from products.schema import ProductColumnRow, ProductRow, ProductTableRow
from products.storage import column_of_row, find_product, product_columns

__all__ = ["ColumnMeaningService"]

_ALIASES = {meaning.key: meaning.alias for meaning in MEANINGS}
_UCDS = {meaning.alias: meaning.ucd for meaning in MEANINGS}


class ColumnMeaningService:
    """Read and change the meanings of columns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def columns(self, identity: Identity, product_id: int) -> tuple[ProductColumn, ...]:
        """Return the columns that inspection found, in the order of the table."""
        with self._database.read() as session:
            row = find_product(session, identity, product_id)
            return product_columns(session, [row.id])

    def column(self, identity: Identity, column_id: int) -> ProductColumn:
        """Find one column by its number, or raise NotFoundError."""
        with self._database.read() as session:
            return column_of_row(_find(session, identity, column_id)[0])

    def describe(self, identity: Identity, column_id: int, changes: Mapping[str, str | None]) -> ProductColumn:
        """Change the meaning of one column.

        Parameters
        ----------
        changes
            New values of ``ucd`` and ``alias``; None removes the value, missing keys leave it as it is.

        Raises
        ------
        InvalidValueError
            Another column of the product has this meaning already.
        ConflictError
            The product is published and its rows depend on this column.
        """
        with self._database.write() as session:
            row, product = _find(session, identity, column_id)
            require_change(identity, product)
            alias = changes.get("alias", row.alias)
            _check_fixed(session, product, row, alias)
            row.alias, row.ucd = alias, changes.get("ucd", row.ucd)
            row.unit = _unit(product, alias, row.unit)
            session.flush()
            _check_unique(session, product.id)
            product.updated_at = utc_now()
            return column_of_row(row)

    def describe_all(
        self, identity: Identity, product_id: int, meanings: Mapping[str, str]
    ) -> tuple[ProductColumn, ...]:
        """Set the meanings of all columns at once; a column that is not named loses its meaning.

        Parameters
        ----------
        meanings
            Column name to the key or alias of a meaning (``ra`` or ``RA``), or to a free alias.

        Raises
        ------
        InvalidValueError
            A name is not a column of the product, or a meaning is given to two columns.
        """
        with self._database.write() as session:
            product = find_product(session, identity, product_id, lock=True)
            require_change(identity, product)
            rows = session.scalars(select(ProductColumnRow).where(ProductColumnRow.product_id == product_id)).all()
            unknown = sorted(set(meanings) - {row.name for row in rows})
            if unknown:
                message = f"The product has no column '{unknown[0]}'."
                raise InvalidValueError(message, field=unknown[0])
            for row in rows:
                chosen = meanings.get(row.name, "").strip()
                alias = _ALIASES.get(chosen, chosen) or None
                _check_fixed(session, product, row, alias)
                if alias != row.alias:
                    row.ucd = _UCDS.get(alias or "")
                row.alias = alias
                row.unit = _unit(product, alias, row.unit)
            session.flush()
            _check_unique(session, product_id)
            product.updated_at = utc_now()
            return product_columns(session, [product_id])


def _unit(product: ProductRow, alias: str | None, declared: str | None) -> str | None:
    """Return the unit of a column: that of positions is known when the owner says that they are as given."""
    as_given = TableOptions.from_object(product.table_options).position == AS_GIVEN
    return position_unit(alias, declared, as_given=as_given)


def _find(session: Session, identity: Identity, column_id: int) -> tuple[ProductColumnRow, ProductRow]:
    """Find a column and its product; the error is the same when there is none and when it may not be read."""
    row = session.get(ProductColumnRow, column_id)
    try:
        product = None if row is None else find_product(session, identity, row.product_id)
    except NotFoundError:
        product = None
    if row is None or product is None:
        message = f"There is no column number {column_id}."
        raise NotFoundError(message)
    return row, product


def _check_unique(session: Session, product_id: int) -> None:
    seen: dict[str, str] = {}
    for item in product_columns(session, [product_id]):
        if item.alias not in _UCDS:
            continue
        if item.alias in seen:
            message = (
                f"The columns '{seen[item.alias]}' and '{item.column.name}' cannot both have the meaning {item.alias}; "
                "each meaning belongs to one column."
            )
            raise InvalidValueError(message, field="alias")
        seen[item.alias] = item.column.name


def _check_fixed(session: Session, product: ProductRow, row: ProductColumnRow, alias: str | None) -> None:
    table = session.get(ProductTableRow, product.id)
    if product.status == ProductStatus.REGISTERING or table is None or alias == row.alias:
        return
    if {row.alias, alias} & {"RA", "Dec", "z"}:
        message = "The columns of position and redshift of a published product cannot be changed."
        raise ConflictError(message, field="alias")
