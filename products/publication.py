"""What must hold before a product is published."""

from collections.abc import Sequence
from typing import ClassVar

from core.columns import Column
from core.errors import ConflictError, InvalidValueError
from products.inspection.meanings import MEANINGS, Meanings
from products.models import (
    InspectionState,
    Product,
    ProductColumn,
    ProductFile,
    ProductStatus,
    ProductTable,
    ProductType,
)

__all__ = ["MissingColumnsError", "check_publication", "rows_agree", "wanted_meanings"]


class MissingColumnsError(InvalidValueError):
    """Mandatory meanings are not given to any column."""

    code = "MissingColumns"
    status: ClassVar[int] = 406


def check_publication(
    kind: ProductType, product: Product, columns: Sequence[ProductColumn], main_file: ProductFile | None
) -> None:
    """Raise unless a product has all that its type asks for."""
    if product.status != ProductStatus.REGISTERING:
        message = f"A product that is {product.status.label.lower()} cannot be published."
        raise ConflictError(message)
    if main_file is None:
        message = "Send the main file first."
        raise ConflictError(message, field="file")
    if product.inspection_state is InspectionState.RUNNING:
        message = "The main file is still being read; publish when that has ended."
        raise ConflictError(message)
    if kind.tabular:
        if product.inspection_state is InspectionState.NONE:
            message = "The main file has not been read yet; ask for its inspection first."
            raise ConflictError(message)
        if product.inspection_state is not InspectionState.DONE:
            raise ConflictError(product.inspection_error or "The main file could not be read.")
    _check_mandatory(kind, columns)


def wanted_meanings(columns: Sequence[ProductColumn]) -> Meanings:
    """Give the columns of right ascension, declination and redshift, as their owner said."""
    by_alias = {item.alias: item.column.name for item in columns}
    return Meanings(ra=by_alias.get("RA"), dec=by_alias.get("Dec"), z=by_alias.get("z"))


def rows_agree(table: ProductTable, wanted: Meanings) -> bool:
    """Say whether the derived rows were made with the columns that the owner chose; what was not chosen is free."""
    same_position = not wanted.has_position or (wanted.ra, wanted.dec) == (table.ra, table.dec)
    return same_position and wanted.z in {None, table.z}


def _check_mandatory(kind: ProductType, columns: Sequence[ProductColumn]) -> None:
    aliases = {meaning.key: meaning.alias for meaning in MEANINGS}
    by_alias = {item.alias: item.column for item in columns}
    missing = sorted(aliases[key] for key in kind.mandatory if aliases[key] not in by_alias)
    if missing:
        message = f"The column(s) was not filled in: {','.join(missing)}"
        raise MissingColumnsError(message, field="columns")
    for key in kind.mandatory:
        column = by_alias[aliases[key]]
        if not column.is_numeric:
            message = (
                f"The column '{column.name}' was given the meaning {aliases[key]}, but it holds {_kind_of(column)}; "
                "choose a column of numbers."
            )
            raise InvalidValueError(message, field=column.name)


def _kind_of(column: Column) -> str:
    if column.is_text:
        return "text"
    return "true and false" if column.datatype == "boolean" else "arrays"
