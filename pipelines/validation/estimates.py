"""Estimates of one table: its columns, its matches with the reference, and batches of its matched objects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import InvalidValueError
from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from pipelines.crossmatch import SkyPositions
from pipelines.inputs.rows import RowSource
from pipelines.validation.columns import TableColumns, density_form, numbers, point_column, table_columns
from pipelines.validation.configuration import EstimatesInput, ValidationParameters
from pipelines.validation.matching import Matches, NothingMatchedError, match_by_id, match_by_order, match_by_position
from pipelines.validation.reference import Reference, met_by, names_in

__all__ = ["COMPUTED_POINTS", "EstimatesTable", "MatchedBatch", "open_estimates", "read_columns"]

#: Point estimates that are computed of densities, by the name that asks for them.
COMPUTED_POINTS = ("mode", "mean", "median")
#: Numbers in the arrays of one batch.
_BATCH = 4_000_000
_MOST_ROWS = 65_536
#: Forms whose parameters are densities, and how far below 0 rounding may bring them, as a fraction of the peak.
_DENSITIES = frozenset({"interp", "hist"})
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class MatchedBatch:
    """Objects of a batch with a selected reference.

    Parameters
    ----------
    reference
        Their rows in the reference.
    points
        Their point estimates; None if these are to be computed of the densities.
    densities
        None if the table has none.
    """

    reference: NDArray[np.int64]
    points: NDArray[np.float64] | None
    densities: Densities | None


@dataclass(slots=True)
class EstimatesTable:
    """A table of estimates, with the reference of each row.

    Parameters
    ----------
    density
        Column of the densities, and their form; None without densities.
    point
        Column of the point estimate, or one of `COMPUTED_POINTS`.
    left_out
        Number of matched objects that fail each cut, filled while batches are read.
    """

    label: str
    rows: RowSource
    density: tuple[str, DensityForm] | None
    point: str
    matches: Matches
    cuts: Sequence[str]
    cut_columns: Sequence[str]
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def is_computed(self) -> bool:
        """Whether the point estimate is computed of the densities."""
        return self.point in COMPUTED_POINTS

    def batches(self, is_selected: NDArray[np.bool_]) -> Iterator[MatchedBatch]:
        """Yield the objects whose reference is selected.

        Raises
        ------
        InvalidValueError
            Densities are negative.
        """
        names = [*self.cut_columns]
        names += [] if self.is_computed else [self.point]
        names += [] if self.density is None else [self.density[0]]
        width = 1 if self.density is None else self.density[1].size
        start = 0
        for batch in self.rows.batches(list(dict.fromkeys(names)), size=max(min(_BATCH // width, _MOST_ROWS), 1)):
            reference = self.matches.rows[start : start + batch.num_rows]
            kept = (reference >= 0) & is_selected[reference]
            if self.cuts:
                holds, left_out = met_by(batch, self.cuts)
                kept &= holds
                self.left_out = {text: self.left_out.get(text, 0) + count for text, count in left_out.items()}
            yield self._matched(batch, np.flatnonzero(kept), reference, start)
            start += batch.num_rows

    def _matched(
        self, batch: pa.RecordBatch, kept: NDArray[np.intp], reference: NDArray[np.int64], start: int
    ) -> MatchedBatch:
        taken = batch if len(kept) == batch.num_rows else batch.take(pa.array(kept))
        points = None if self.is_computed else numbers(taken.column(self.point))
        densities = None
        if self.density is not None:
            name, form = self.density
            densities = Densities.from_arrow(form, taken.column(name))
            _refuse_negative(densities, kept + start, self.label)
        return MatchedBatch(reference[kept], points, densities)


def open_estimates(
    rows: RowSource, entry: EstimatesInput, param: ValidationParameters, reference: Reference, label: str
) -> EstimatesTable:
    """Choose the columns of a table of estimates, and match its objects with the reference.

    Raises
    ------
    InvalidValueError
        The table has neither densities nor a point estimate, a column that is named does not exist, or its objects
        cannot be matched.
    """
    columns = table_columns(rows.schema, entry.columns, label, is_reference=False)
    density = density_form(rows.schema, label)
    cut_columns = names_in(param.estimate_cuts, rows.schema.names, label, "estimate_cuts")
    if param.point in COMPUTED_POINTS:
        if density is None:
            raise InvalidValueError(
                f"{label} has no densities of which '{param.point}' could be computed; name a column.", field="point"
            )
        point: str | None = param.point
    else:
        point = point_column(rows.schema, param.point, columns.z, label) or (None if density is None else "mode")
    if point is None:
        raise InvalidValueError(f"{label} has neither densities nor a column of point estimates; name it as 'point'.")
    matches = _matches(rows, columns, param, reference, label)
    return EstimatesTable(label, rows, density, point, matches, param.estimate_cuts, cut_columns)


def _matches(
    rows: RowSource, columns: TableColumns, param: ValidationParameters, reference: Reference, label: str
) -> Matches:
    by_id = columns.id is not None and reference.ids is not None
    by_position = columns.ra is not None and columns.dec is not None and reference.positions is not None
    if param.match == "order":
        return match_by_order(_count(rows), len(reference), label, reference.label)
    if columns.id is not None and reference.ids is not None and param.match in {"id", "auto"}:
        ids = read_columns(rows, [columns.id])[columns.id]
        try:
            return match_by_id(ids, reference.ids, label, reference.label)
        except NothingMatchedError:
            if param.match == "id" or not by_position:
                raise
    if by_position and reference.positions is not None and param.match in {"position", "auto"}:
        read = read_columns(rows, [str(columns.ra), str(columns.dec)])
        positions = SkyPositions(numbers(read[str(columns.ra)]), numbers(read[str(columns.dec)]))
        return match_by_position(positions, reference.positions, param.match_radius_arcsec, label, reference.label)
    lacking = label if columns.id is None else reference.label
    left_out = _left_out(rows) if columns.id is None else ""
    what = "positions" if param.match == "position" and not by_position else "identifiers"
    if what == "identifiers" and not by_id:
        raise InvalidValueError(
            f"{lacking} has no column of identifiers (object_id or id); name it, or match by position or by order."
            f"{left_out}",
            field="match",
        )
    raise InvalidValueError(f"{label} or {reference.label} has no columns of positions (ra, dec).", field="match")


def _left_out(rows: RowSource) -> str:
    """Return a sentence about the columns that cannot be read, if there are any."""
    reasons = rows.details.get("left_out")
    if not isinstance(reasons, Mapping) or not reasons:
        return ""
    return f" Columns that cannot be read: {'; '.join(f'{name} ({why})' for name, why in reasons.items())}."


def read_columns(rows: RowSource, names: Sequence[str]) -> Mapping[str, pa.Array]:
    """Return whole columns by their names; arrays of one value as values."""
    schema = pa.schema([rows.schema.field(name) for name in names])
    table = pa.Table.from_batches(rows.batches(list(names)), schema=schema)
    return {name: _unnested(table.column(name).combine_chunks()) for name in names}


def _unnested(array: pa.Array) -> pa.Array:
    """Return arrays of one value as values."""
    return array.flatten() if pa.types.is_fixed_size_list(array.type) and array.type.list_size == 1 else array


def _count(rows: RowSource) -> int:
    if rows.rows is not None:
        return rows.rows
    return sum(batch.num_rows for batch in rows.batches(list(rows.schema.names[:1])))


def _refuse_negative(densities: Densities, rows: NDArray[np.int64], label: str) -> None:
    """Raise InvalidValueError if tabulated densities are negative beyond rounding."""
    if densities.form.name not in _DENSITIES or not len(densities):
        return
    if not (densities.parameters < 0).any():
        return
    lowest = np.nanmin(densities.parameters, axis=1, initial=0.0)
    peak = np.nanmax(densities.parameters, axis=1, initial=0.0)
    negative = lowest < -_ROUNDING * np.where(peak > 0, peak, 1.0)
    if negative.any():
        first = int(np.argmax(negative))
        raise InvalidValueError(
            f"{int(negative.sum())} objects of {label} have negative densities, such as {lowest[first]:g} in row "
            f"{int(rows[first]) + 1}; densities start at 0."
        )
