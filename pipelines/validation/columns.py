"""Choice of the columns of estimates and references, and their values as arrays."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.columns import Column, column_of_field
from core.errors import InvalidValueError
from core.photoz.forms import DensityForm
from pipelines.validation.configuration import ValidationColumns
from products.inspection.naming import name_score

__all__ = ["TableColumns", "density_form", "magnitude_column", "numbers", "point_column", "table_columns"]

#: Names of identifiers, in the order of preference, without case and underscores.
_IDENTIFIERS = ("objectid", "id", "diaobjectid", "sourceid", "galaxyid", "galid")
#: Names of point estimates, in the order of preference, without case and underscores.
_POINTS = ("zmode", "zbest", "zphot", "photoz", "zpeak", "zmap", "zml", "zmedian", "zmean", "z", "redshift")
#: Names of reference redshifts before any that only looks like one.
_REDSHIFTS = ("redshift", "ztrue", "zspec", "specz", "z")
_MAGNITUDE = re.compile(r"(mag_?)i([^a-z].*)?|i_?(cmodel_?)?mag.*", re.IGNORECASE)
_TELLING = 0.5
_MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Names of the columns of a table by their meaning; None where it has none."""

    id: str | None
    ra: str | None
    dec: str | None
    z: str | None


def table_columns(schema: pa.Schema, chosen: ValidationColumns, label: str, *, is_reference: bool) -> TableColumns:
    """Return the columns of a table: those that were chosen, else those whose names tell what they are.

    Raises
    ------
    InvalidValueError
        A chosen column does not exist.
    """
    for key, name in chosen.model_dump().items():
        if name is not None and name not in schema.names:
            raise InvalidValueError(f"{label} has no column '{name}' (given for {key}); it has {_some(schema.names)}.")
    names = list(_scalars(schema))
    redshift = chosen.z or (_named(names, _REDSHIFTS) or _best(names, "z") if is_reference else None)
    return TableColumns(
        chosen.id or _named(names, _IDENTIFIERS) or _best(names, "id"),
        chosen.ra or _best(names, "ra"),
        chosen.dec or _best(names, "dec"),
        redshift,
    )


def density_form(schema: pa.Schema, label: str) -> tuple[str, DensityForm] | None:
    """Return the column of densities and its form, or None if the table has none.

    Raises
    ------
    InvalidValueError
        The description of the column is damaged.
    """
    for field in schema:
        column = _column(field)
        if column is not None and column.density:
            try:
                return field.name, DensityForm.from_json(column.density)
            except ValueError as error:
                raise InvalidValueError(f"The densities of {label} cannot be used: {error}.") from error
    return None


def point_column(schema: pa.Schema, point: str | None, declared: str | None, label: str) -> str | None:
    """Return the column of the point estimate; None if none is named like one.

    Case and underscores of a name do not matter: RAIL writes ``zmode`` and sometimes ``z_mode``.

    Raises
    ------
    InvalidValueError
        The table has no such column.
    """
    names = list(_scalars(schema))
    if point is None:
        return declared or _named(names, _POINTS)
    found = point if point in names else _named(names, (_plain(point),))
    if found is None:
        raise InvalidValueError(
            f"{label} has no point estimate '{point}'; its columns of numbers are {_some(names)}.", field="point"
        )
    return found


def magnitude_column(schema: pa.Schema, chosen: str | None, label: str) -> str | None:
    """Return the column of magnitudes: the chosen one, or the first of the i band; None if there is none.

    Raises
    ------
    InvalidValueError
        The table has no such column.
    """
    names = list(_scalars(schema))
    if chosen is not None and chosen not in names:
        raise InvalidValueError(f"{label} has no column of magnitudes '{chosen}'.", field="magnitude")
    plain = (name for name in names if _MAGNITUDE.fullmatch(name) and "err" not in name.lower())
    return chosen or next(plain, None)


def numbers(values: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column of numbers, or of arrays of one number (as RAIL writes them), with NaN for missing ones."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_fixed_size_list(values.type):
        values = pc.list_element(values, 0)
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _scalars(schema: pa.Schema) -> Iterator[str]:
    """Yield the names of columns with one value an object."""
    for field in schema:
        column = _column(field)
        if column is not None and (column.arraysize in {None, "1"} or column.is_text):
            yield field.name


def _column(field: pa.Field) -> Column | None:
    try:
        return column_of_field(field)
    except TypeError:  # structs and the like are no columns of a table
        return None


def _named(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Return the first column with one of the wanted names."""
    by_name = {_plain(name): name for name in reversed(names)}
    return next((by_name[each] for each in wanted if each in by_name), None)


def _best(names: Sequence[str], meaning: str) -> str | None:
    """Return the column whose name is most like that of a meaning."""
    best = max(names, key=lambda name: name_score(name, meaning), default=None)
    return best if best is not None and name_score(best, meaning) >= _TELLING else None


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
