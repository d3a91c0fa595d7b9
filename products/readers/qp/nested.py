"""Densities in nested columns: for each object a list of redshifts and a list of densities (nested-pandas, DP1).

The readers make columns ``record.field`` of such records. Where all objects have the same redshifts, these become the
grid of the form ``interp``; else the redshifts and densities of each object are its array (``interp_irregular``).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.photoz.forms import DensityForm
from products.readers.base import FileReader
from products.readers.qp.composition import array_width, matrix_of

__all__ = ["NestedArrays", "nested_arrays"]

_REDSHIFTS = re.compile(r"(z|redshift|x)(_?(grid|vals?|values?|bins?|axis|s))?|zs|grid|bins?", re.IGNORECASE)
_DENSITIES = re.compile(
    r"p|pz|p_z|pdfs?|pdf_?z?|prob(ability|abilities)?|dens(ity|ities)?|y_?vals?|p_?vals?|values?|y", re.IGNORECASE
)
_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class NestedArrays:
    """`Composition` of a column of redshifts and a column of densities."""

    name: str
    form: DensityForm
    type: pa.DataType
    redshifts: str
    densities: str
    words: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the densities, and of the redshifts where objects have their own."""
        return (self.densities,) if self.form.grid else (self.redshifts, self.densities)

    @property
    def replaced(self) -> tuple[str, ...]:
        """The columns of the redshifts and of the densities."""
        return (self.redshifts, self.densities)

    def arrays(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """Return the densities of each object, after its redshifts where it has its own."""
        width = self.form.size // len(self.sources)
        parts = [matrix_of(columns[column], width, column, self.name) for column in self.sources]
        values = np.ascontiguousarray(np.concatenate(parts, axis=1))
        return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), type=self.type)


def nested_arrays(reader: FileReader) -> NestedArrays | None:
    """Return what makes the arrays of the first pair of nested columns that hold densities, or None.

    Lists that differ in length, or redshifts that do not increase, are no densities of such a form.
    """
    for redshifts, densities in _pairs(reader.schema):
        width = array_width(reader, densities)
        if width < 2:
            continue
        found = _grid_of(reader, redshifts, densities, width)
        if found is None:
            continue
        shared, grid = found
        form = DensityForm("interp", width, grid) if shared else DensityForm("interp_irregular", 2 * width)
        kind = pa.list_(pa.float64(), form.size)
        return NestedArrays(reader.name, form, kind, redshifts, densities, f"form {form.name}, of nested lists")
    return None


def _pairs(schema: pa.Schema) -> Iterator[tuple[str, str]]:
    """Yield columns of redshifts and of densities in one record."""
    lists = [field.name for field in schema if _is_list_of_numbers(field.type)]
    for redshifts in lists:
        record, dot, inner = redshifts.rpartition(".")
        if not dot or not _REDSHIFTS.fullmatch(inner):
            continue
        for densities in lists:
            other, _, name = densities.rpartition(".")
            if other == record and densities != redshifts and _DENSITIES.fullmatch(name):
                yield redshifts, densities


def _is_list_of_numbers(kind: pa.DataType) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and pa.types.is_floating(kind.value_type))


def _grid_of(reader: FileReader, redshifts: str, densities: str, width: int) -> tuple[bool, tuple[float, ...]] | None:
    """Return whether all objects have the same redshifts, and these; None if they do not increase or vary in number."""
    grid: np.ndarray | None = None
    shared = True
    for batch in reader.batches([redshifts, densities], size=_ROWS):
        if not all(_has_one_length(array, width) for array in batch.columns):
            return None
        rows = matrix_of(batch.column(0), width, redshifts, reader.name)
        rows = rows[~np.isnan(rows).all(axis=1)]
        if not len(rows):
            continue
        if not (np.isfinite(rows).all() and (np.diff(rows, axis=1) > 0).all()):
            return None
        grid = rows[0] if grid is None else grid
        shared = shared and bool((rows == grid).all())
    return None if grid is None else (shared, tuple(grid.tolist()))


def _has_one_length(array: pa.Array, width: int) -> bool:
    lengths = pc.list_value_length(array).drop_null().to_numpy()
    return bool(((lengths == width) | (lengths == 0)).all())
