"""Densities of single objects in stored rows: by their identifiers, by a cone, or the first ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column
from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from products.inspection.meanings import Meanings
from products.rows.stored_file import StoredFile

__all__ = ["DensityColumns", "SelectedDensities", "select_densities"]

_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class DensityColumns:
    """Columns of a table with densities.

    Parameters
    ----------
    density
        The column of densities.
    identifier
        Name of the column of identifiers; rows are numbered without one.
    meanings
        The columns of position and point estimate.
    """

    density: Column
    identifier: str | None
    meanings: Meanings


@dataclass(frozen=True, slots=True)
class SelectedDensities:
    """Densities of chosen objects, with their identifiers and point estimates (NaN without one).

    Parameters
    ----------
    found
        Number of objects that were found; the first of them are selected.
    """

    identifiers: tuple[str, ...]
    densities: Densities
    points: np.ndarray
    found: int


def select_densities(
    path: Path,
    columns: DensityColumns,
    *,
    identifiers: Sequence[str] = (),
    cone: tuple[float, float, float] | None = None,
    most: int = 12,
) -> SelectedDensities:
    """Select objects from the stored rows of a table.

    Parameters
    ----------
    identifiers
        Texts of identifiers.
    cone
        Right ascension, declination and radius in degrees. Without identifiers and a cone, the first rows.
    most
        Maximum number of objects.

    Raises
    ------
    ValueError
        The form of the densities is not known.
    """
    form = DensityForm.from_json(columns.density.density or "")
    with StoredFile(path) as stored:
        rows, found = _rows(stored, columns, identifiers, cone, most)
        names = [columns.density.name]
        names += [name for name in (columns.identifier, columns.meanings.z) if name is not None]
        table = _taken(stored, list(dict.fromkeys(names)), rows)
    labels = [f"row {row + 1}" for row in rows]
    if columns.identifier is not None:
        labels = [str(value) for value in table[columns.identifier].to_pylist()]
    points = np.full(len(rows), np.nan)
    if columns.meanings.z is not None:
        points = table[columns.meanings.z].cast(pa.float64()).to_numpy()
    return SelectedDensities(
        tuple(labels), Densities.from_arrow(form, table[columns.density.name]), np.asarray(points), found
    )


def _rows(
    stored: StoredFile,
    columns: DensityColumns,
    identifiers: Sequence[str],
    cone: tuple[float, float, float] | None,
    most: int,
) -> tuple[list[int], int]:
    """Return the numbers of the rows that are selected, in their order, and how many were found."""
    total = int(stored.metadata.num_rows)
    if not identifiers and cone is None:
        return list(range(min(most, total))), total
    found: list[np.ndarray] = []
    first = 0
    needed = [columns.identifier] if identifiers else [columns.meanings.ra, columns.meanings.dec]
    names = [name for name in needed if name is not None]
    if len(names) < len(needed):
        return [], 0
    for batch in stored.iter_batches(_BATCH_ROWS, columns=names):
        if identifiers:
            chosen = pc.is_in(batch.column(0).cast(pa.string()), value_set=pa.array(identifiers, pa.string()))
            inside = chosen.to_numpy(zero_copy_only=False)
        else:
            inside = _in_cone(batch, cone or (0.0, 0.0, 0.0))
        found.append(np.flatnonzero(inside) + first)
        first += batch.num_rows
    rows = np.concatenate(found) if found else np.empty(0, np.int64)
    return rows[:most].tolist(), len(rows)


def _in_cone(batch: pa.RecordBatch, cone: tuple[float, float, float]) -> np.ndarray:
    """Return which positions lie in a cone, by the haversine formula."""
    ra, dec = (np.radians(batch.column(k).cast(pa.float64()).to_numpy(zero_copy_only=False)) for k in (0, 1))
    ra0, dec0, radius = np.radians(cone)
    square = np.sin((dec - dec0) / 2) ** 2 + np.cos(dec) * np.cos(dec0) * np.sin((ra - ra0) / 2) ** 2
    return np.asarray(square <= np.sin(min(radius, np.pi) / 2) ** 2)


def _taken(stored: StoredFile, names: Sequence[str], rows: Sequence[int]) -> pa.Table:
    """Return some columns of some rows, reading only the row groups that have them."""
    parts, first = [], 0
    for group in range(stored.num_row_groups):
        count = int(stored.metadata.row_group(group).num_rows)
        inside = [row - first for row in rows if first <= row < first + count]
        if inside:
            parts.append(stored.read_row_group(group, names).take(inside))
        first += count
    if parts:
        return pa.concat_tables(parts)
    return pa.schema([stored.schema.field(name) for name in names]).empty_table()
