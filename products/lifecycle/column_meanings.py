"""Service of columns: meanings, units, UCDs and descriptions that owners give to the columns of their products."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from products.access import require_change
from products.adjustments.options import AS_GIVEN, TableOptions
from products.inspection.meanings import MEANINGS, position_unit
from products.lifecycle.column_descriptions import ColumnDescription, columns_described_by
from products.lifecycle.column_words import ATTRIBUTES, checked_attributes
from products.models import ProductColumn, ProductStatus
from products.schema import ProductColumnRow, ProductRow, ProductTableRow
from products.storage import column_of_row, find_product, product_columns

__all__ = ["ColumnMeaningService", "DescribedColumns"]

_ALIASES = {meaning.key: meaning.alias for meaning in MEANINGS}
_UCDS = {meaning.alias: meaning.ucd for meaning in MEANINGS}
_DEGREES = frozenset({"deg", "degree", "degrees"})
_MOST_FAULTS = 10


@dataclass(frozen=True, slots=True)
class DescribedColumns:
    """Result of a table of descriptions.

    Parameters
    ----------
    described
        Names of the columns that it describes.
    unknown
        Names in it that are not columns of the product.
    """

    described: tuple[str, ...]
    unknown: tuple[str, ...]


class ColumnMeaningService:
    """Read and change the meanings and attributes of columns."""

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
        """Change the meaning and the attributes of one column.

        Parameters
        ----------
        changes
            New values of ``alias``, ``unit``, ``ucd`` and ``description``; None removes the value, missing keys leave
            it as it is.

        Raises
        ------
        InvalidValueError
            Another column of the product has this meaning already, or a unit or a UCD is not valid.
        ConflictError
            The product is published and its rows depend on this column.
        """
        with self._database.write() as session:
            row, product = _find(session, identity, column_id)
            require_change(identity, product)
            alias = changes.get("alias", row.alias)
            _check_fixed(session, product, row, alias)
            row.alias, row.unit = alias, _unit(product, alias, row.unit)
            _state(row, checked_attributes({key: changes[key] for key in ATTRIBUTES if key in changes}))
            session.flush()
            _check_unique(session, product.id)
            product.updated_at = utc_now()
            return column_of_row(row)

    def describe_all(
        self,
        identity: Identity,
        product_id: int,
        meanings: Mapping[str, str],
        attributes: Sequence[ColumnDescription] = (),
    ) -> tuple[ProductColumn, ...]:
        """Set the meanings of all columns at once; a column that is not named loses its meaning.

        Parameters
        ----------
        meanings
            Column name to the key or alias of a meaning (``ra`` or ``RA``), or to a free alias.
        attributes
            Units, UCDs and descriptions of columns, which are set with the meanings.

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
                    row.ucd = _ucd_beside(row, alias)
                row.alias = alias
                row.unit = _unit(product, alias, row.unit)
                _check_degrees(row)
            by_name = {row.name: row for row in rows}
            faults = [fault for item in attributes for fault in _stated_faults(item, [by_name[item.name]])]
            if faults:
                raise _all_of(faults)
            session.flush()
            _check_unique(session, product_id)
            product.updated_at = utc_now()
            return product_columns(session, [product_id])

    def describe_columns(
        self, identity: Identity, product_id: int, given: Sequence[ColumnDescription]
    ) -> DescribedColumns:
        """Set units, UCDs and descriptions of columns, all of them or none; what is not given stays as it is.

        Raises
        ------
        InvalidValueError
            Values are not valid, or no column is described. The message names each wrong row, up to ten.
        """
        with self._database.write() as session:
            product = find_product(session, identity, product_id, lock=True)
            require_change(identity, product)
            rows = session.scalars(select(ProductColumnRow).where(ProductColumnRow.product_id == product_id)).all()
            by_name = {row.name: row for row in rows}
            faults: list[InvalidValueError] = []
            described: dict[str, None] = {}
            unknown: list[str] = []
            for item in given:
                names = columns_described_by(item.name, list(by_name))
                unknown.extend([] if names else [item.name])
                described.update(dict.fromkeys(names))
                faults.extend(_stated_faults(item, [by_name[name] for name in names]))
            if faults:
                raise _all_of(faults)
            if not described:
                message = f"The table has no column '{unknown[0][:80]}', nor any other of the described ones."
                raise InvalidValueError(message, field="descriptions")
            product.updated_at = utc_now()
            return DescribedColumns(tuple(described), tuple(unknown))


def _ucd_beside(row: ProductColumnRow, alias: str | None) -> str | None:
    """Return the UCD of a column with a new meaning: the one that its owner stated, unless it is that of a meaning."""
    stated = row.stated.get("ucd")
    if stated in _UCDS.values():
        row.stated = {key: value for key, value in row.stated.items() if key != "ucd"}
        stated = None
    return stated or _UCDS.get(alias or "")


def _stated_faults(item: ColumnDescription, rows: Iterable[ProductColumnRow]) -> list[InvalidValueError]:
    """Set the attributes of columns by one row of descriptions, and return what is wrong with it."""
    faults: list[InvalidValueError] = []
    for key, value in item.attributes.items():
        try:
            checked = checked_attributes({key: value})
            for row in rows:
                _state(row, checked)
        except InvalidValueError as e:
            place = f"{item.place[:1].upper()}{item.place[1:]}, column '{item.name}'" if item.place else item.name
            faults.append(InvalidValueError(f"{place}: {e.message}", field=item.name))
    return faults


def _all_of(faults: Sequence[InvalidValueError]) -> InvalidValueError:
    """Return one error that says what all of them say."""
    more = len(faults) - _MOST_FAULTS
    sentences = [fault.message for fault in faults[:_MOST_FAULTS]] + ([f"And {more} more."] if more > 0 else [])
    return InvalidValueError(" ".join(sentences), field=faults[0].field)


def _state(row: ProductColumnRow, attributes: Mapping[str, str | None]) -> None:
    """Set attributes of a column that its owner states, which stay when the file is inspected again."""
    changed = {key: value for key, value in attributes.items() if value != getattr(row, key)}
    for key, value in changed.items():
        setattr(row, key, value)
    if changed:
        row.stated = {**row.stated, **changed}
    _check_degrees(row)


def _check_degrees(row: ProductColumnRow) -> None:
    """Raise InvalidValueError when a column of position was given another unit than degrees."""
    unit = row.stated.get("unit", "deg")
    if row.alias in {"RA", "Dec"} and str(unit).lower() not in _DEGREES:
        message = (
            f"The column '{row.name}' has the meaning {row.alias}, which is in deg, not in '{unit}'. If its values are "
            "in another unit, choose how positions are read; they are converted then."
        )
        raise InvalidValueError(message, field=row.name)


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
