"""Validation of product metadata, and the checks before publication."""

import re
from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.columns import Column
from core.errors import ConflictError, InvalidValueError, PermissionDeniedError
from products.access import release_readable
from products.adjustments.options import TableOptions
from products.inspection.inspection import Inspection
from products.inspection.meanings import MEANINGS, MEANINGS_BY_KEY, Meanings
from products.inspection.ranges import hardly_any, offending_rows
from products.models import (
    InspectionState,
    Product,
    ProductColumn,
    ProductFile,
    ProductStatus,
    ProductTable,
    ProductType,
)
from products.product_types import product_type
from products.schema import ProductRow, ReleaseRow
from products.storage import main_file_row

__all__ = [
    "MissingColumnsError",
    "check_data_elsewhere",
    "check_official",
    "check_positions",
    "check_publication",
    "check_release",
    "check_type_rules",
    "check_values",
    "checked_description",
    "checked_name",
    "has_link",
    "internal_name",
    "rows_agree",
    "type_problem",
    "wanted_meanings",
]

_LONGEST_NAME = 255
_LONGEST_PZ_CODE = 55
_LONGEST_DESCRIPTION = 100_000


def checked_name(display_name: str) -> str:
    """Return a display name without surrounding blanks, or raise InvalidValueError."""
    name = "".join(c for c in display_name if c.isprintable()).strip()
    if not name:
        message = "This field may not be blank."
        raise InvalidValueError(message, field="display_name")
    if len(name) > _LONGEST_NAME:
        message = f"Ensure this field has no more than {_LONGEST_NAME} characters."
        raise InvalidValueError(message, field="display_name")
    return name


def checked_description(description: str) -> str:
    """Return a description that can be stored, or raise InvalidValueError."""
    if len(description) > _LONGEST_DESCRIPTION:
        message = f"The description may have at most {_LONGEST_DESCRIPTION} characters."
        raise InvalidValueError(message, field="description")
    return description.replace("\0", "")


def check_type_rules(kind: ProductType, release: int | None, pz_code: str) -> None:
    """Raise InvalidValueError when the type has no release, or takes no photo-z code, and one is given."""
    if release is not None and not kind.has_release:
        message = f"Release must be null on {kind.display_name} products."
        raise InvalidValueError(message, field="release")
    if pz_code and not kind.takes_pz_code:
        message = f"Pz Code must be null on {kind.display_name} products. '{pz_code}'"
        raise InvalidValueError(message, field="pz_code")
    if len(pz_code) > _LONGEST_PZ_CODE:
        message = f"Ensure this field has no more than {_LONGEST_PZ_CODE} characters."
        raise InvalidValueError(message, field="pz_code")


def check_official(identity: Identity, *, official: bool) -> None:
    """Raise PermissionDeniedError when somebody else than an administrator would make a product official."""
    if official and not identity.acts_as_admin:
        message = "Not allowed. Only users with admin permissions can create official products."
        raise PermissionDeniedError(message, field="official_product")


def check_release(session: Session, identity: Identity, release: int | None) -> None:
    """Raise InvalidValueError when there is no such release, or the identity may not see it."""
    if release is None:
        return
    found = session.scalar(select(ReleaseRow.id).where(ReleaseRow.id == release, release_readable(identity)))
    if found is None:
        message = f'Invalid pk "{release}" - object does not exist.'
        raise InvalidValueError(message, field="release")


def internal_name(product_id: int, display_name: str) -> str:
    """Return the internal name, used in addresses: blanks become underscores, letters of any script and digits stay."""
    name = display_name.replace(" ", "_").lower()
    return f"{product_id}_" + "".join(c for c in name if c.isalnum() or c == "_")


#: An address at which data can be fetched.
_LINK = re.compile(r"\b(?:https?|ftp|ivo|vos|s3|gs|doi):(?://)?[^\s/]\S*", re.IGNORECASE)
#: Names of the counts of rows without a value, and of those with an impossible one.
_FAULTS = {"ra": ("ra_missing", "ra_outside"), "dec": ("dec_missing", "dec_outside"), "z": ("z_missing", "z_outside")}


class MissingColumnsError(InvalidValueError):
    """Mandatory column meanings are missing.

    Parameters
    ----------
    missing
        Names of these meanings.
    """

    code = "MissingColumns"
    status: ClassVar[int] = 406

    def __init__(self, message: str, missing: Sequence[str]) -> None:
        super().__init__(message, field="columns")
        self.missing = tuple(missing)


def check_publication(
    kind: ProductType, product: Product, columns: Sequence[ProductColumn], main_file: ProductFile | None
) -> None:
    """Raise unless a product has everything that its type requires."""
    if product.status != ProductStatus.REGISTERING:
        message = f"A product that is {product.status.label.lower()} cannot be published."
        raise ConflictError(message)
    if main_file is None:
        if not kind.data_elsewhere:
            message = "Send the main file first."
            raise ConflictError(message, field="file")
        _check_link(product.description)
        return
    if product.inspection_state is InspectionState.RUNNING:
        message = "The main file is being inspected; publish the product when the inspection has ended."
        raise ConflictError(message)
    if kind.tabular:
        if product.inspection_state is InspectionState.NONE:
            message = "The main file has not been inspected yet; start the inspection first."
            raise ConflictError(message)
        if product.inspection_state is not InspectionState.DONE:
            raise ConflictError(product.inspection_error or "The main file could not be read.")
    _check_mandatory(kind, columns)


def check_positions(found: Inspection, chosen: Meanings, options: TableOptions) -> None:
    """Raise InvalidValueError when the columns chosen as position are not in ICRS degrees, or it is not known."""
    problem = options.position_problem(chosen, found.position_forms, found.derived_columns, found.derived_from)
    if problem is not None:
        raise InvalidValueError(problem, field=chosen.ra)


def check_values(kind: ProductType, found: Inspection, chosen: Meanings | None = None) -> None:
    """Raise InvalidValueError when a mandatory column has hardly any plausible value.

    Missing values, and a few placeholders such as -99, are usual in catalogues; they are counted and shown with the
    product. When most values are out of range, the column is the wrong one, or in another unit.

    Parameters
    ----------
    chosen
        The columns that are checked, as far as their rows were counted; by default all that were.
    """
    offending = offending_rows(found.ranges)
    for key in kind.mandatory:
        if chosen is not None and getattr(chosen, key) != getattr(found.meanings, key):
            continue
        (missing, no_value), (outside, odd_value) = (offending.get(name, (0, "")) for name in _FAULTS[key])
        if found.rows and hardly_any(found.rows, missing, outside):
            alias, column = MEANINGS_BY_KEY[key].alias, getattr(found.meanings, key)
            message = (
                f"The column '{column}' cannot be {alias}: of {found.rows:,} rows, "
                f"{' '.join(sentence for sentence in (odd_value, no_value) if sentence)} "
                f"{_advice(found, column)}"
            )
            raise InvalidValueError(message, field=column)


def _advice(found: Inspection, column: str) -> str:
    """Return what to do about a column with hardly any plausible value."""
    proposed = [str(item.value) for item in found.missing_values if item.column == column]
    if not proposed:
        return "Choose another column, or correct the file."
    verb = "seems" if len(proposed) == 1 else "seem"
    return (
        f"{', '.join(proposed)} {verb} to mean that there is no value: accept that with the columns, or with the "
        "option missing_values of the table; or choose another column."
    )


def has_link(description: str) -> bool:
    """Return whether a description has an address at which data can be fetched."""
    return _LINK.search(description) is not None


def check_data_elsewhere(session: Session, row: ProductRow) -> None:
    """Raise InvalidValueError when a published product has neither a main file nor a link in its description."""
    may_be_elsewhere = product_type(row.product_type_id).data_elsewhere
    if may_be_elsewhere and row.status == ProductStatus.PUBLISHED and main_file_row(session, row.id) is None:
        _check_link(row.description)


def _check_link(description: str) -> None:
    if not has_link(description):
        message = (
            "This product has no main file. Send one, or put the address of its data into the description: one that "
            "begins with https:// or the like."
        )
        raise InvalidValueError(message, field="description")


def wanted_meanings(columns: Sequence[ProductColumn]) -> Meanings:
    """Return the columns of right ascension, declination and redshift that the owner chose."""
    by_alias = {item.alias: item.column.name for item in columns}
    return Meanings(ra=by_alias.get("RA"), dec=by_alias.get("Dec"), z=by_alias.get("z"))


def rows_agree(table: ProductTable, wanted: Meanings) -> bool:
    """Return whether the derived rows were made with the chosen columns; meanings without a column are ignored."""
    same_position = not wanted.has_position or (wanted.ra, wanted.dec) == (table.ra, table.dec)
    return same_position and wanted.z in {None, table.z}


def _check_mandatory(kind: ProductType, columns: Sequence[ProductColumn]) -> None:
    aliases = {meaning.key: meaning.alias for meaning in MEANINGS}
    given = {item.alias for item in columns}
    missing = sorted(aliases[key] for key in kind.mandatory if aliases[key] not in given)
    if missing:
        message = f"The column(s) was not filled in: {','.join(missing)}"
        raise MissingColumnsError(message, missing)


def type_problem(column: Column, alias: str) -> str | None:
    """Return why a column cannot have a mandatory meaning by its type: it does not hold numbers."""
    if column.is_numeric:
        return None
    return (
        f"The column '{column.name}' was given the meaning {alias}, but it holds {_kind_of(column)}; choose a column "
        "of numbers."
    )


def _kind_of(column: Column) -> str:
    if column.is_text:
        return "text"
    return "true and false" if column.datatype == "boolean" else "arrays"
