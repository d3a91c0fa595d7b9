"""Matching of estimates with references, by identifiers, by position, or row by row."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import InvalidValueError
from pipelines.crossmatch import SkyPositions

__all__ = ["Matches", "NothingMatchedError", "comparable_ids", "match_by_id", "match_by_order", "match_by_position"]

_MOST_NAMED = 3
_Rows = NDArray[np.int64]


class NothingMatchedError(InvalidValueError):
    """Raised when no object has a reference."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Row of the reference for each row of the estimates; -1 where there is none.

    Parameters
    ----------
    how
        ``id``, ``position`` or ``order``.
    """

    rows: _Rows
    how: str

    @property
    def count(self) -> int:
        """Number of estimates with a reference."""
        return int(np.count_nonzero(self.rows >= 0))


def match_by_id(ids: pa.Array, reference: pa.Array, label: str, reference_label: str) -> Matches:
    """Match identifiers, which must be there and unique on both sides; numbers match the same digits as text.

    Raises
    ------
    InvalidValueError
        An identifier is missing or doubled.
    NothingMatchedError
        No identifier is in the reference.
    """
    ids, reference = comparable_ids(ids, reference)
    _require_unique(ids, label)
    _require_unique(reference, reference_label)
    found = pc.index_in(ids, value_set=reference)
    rows = pc.fill_null(found, -1).cast(pa.int64()).to_numpy(zero_copy_only=False)
    if not (rows >= 0).any():
        raise NothingMatchedError(
            f"No object of {label} has a redshift in {reference_label}: its identifiers are like {_named(ids)}, those "
            f"of the reference like {_named(reference)}. Name the columns of identifiers, or match by position."
        )
    return Matches(np.asarray(rows), "id")


def comparable_ids(ids: pa.Array, reference: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return two columns of identifiers in one type: numbers if both are, else text; missing ones are null."""
    ids, reference = _plain(ids), _plain(reference)
    if _kind(ids) != _kind(reference):
        return _as_text(ids), _as_text(reference)
    return ids, reference


def match_by_position(
    positions: SkyPositions, reference: SkyPositions, radius_arcsec: float, label: str, reference_label: str
) -> Matches:
    """Match each object with the nearest reference within the radius; a reference goes to the nearest object alone.

    Raises
    ------
    InvalidValueError
        No object is near a reference.
    """
    reach = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2)
    rows = np.full(len(positions), -1, dtype=np.int64)
    if len(reference.rows) and len(positions.rows):
        distances, nearest = reference.tree.query(positions.vectors, distance_upper_bound=reach)
        near = np.flatnonzero(np.isfinite(distances))
        order = near[np.lexsort((positions.rows[near], distances[near]))]
        _, first = np.unique(nearest[order], return_index=True)
        chosen = order[first]
        rows[positions.rows[chosen]] = reference.rows[nearest[chosen]]
    if not (rows >= 0).any():
        raise InvalidValueError(
            f"No object of {label} lies within {radius_arcsec:g} arcseconds of a redshift in {reference_label}; check "
            "the positions, or match by identifiers."
        )
    return Matches(rows, "position")


def match_by_order(count: int, reference: int, label: str, reference_label: str) -> Matches:
    """Match row by row; raises InvalidValueError unless both have as many rows."""
    if count != reference:
        raise InvalidValueError(
            f"{label} has {count} rows and {reference_label} {reference}; they cannot be matched row by row."
        )
    return Matches(np.arange(count, dtype=np.int64), "order")


def _kind(ids: pa.Array) -> str:
    return "text" if pa.types.is_large_string(ids.type) else str(ids.type)


def _plain(ids: pa.Array) -> pa.Array:
    """Return whole numbers that are stored as floating-point numbers as integers, NaN and empty texts as missing."""
    if pa.types.is_floating(ids.type):
        ids = pc.if_else(pc.is_nan(ids), pa.scalar(None, ids.type), ids)
        return ids.cast(pa.int64()) if pc.all(pc.equal(pc.floor(ids), ids)).as_py() is not False else ids
    if pa.types.is_integer(ids.type):
        return ids if ids.type == pa.uint64() else ids.cast(pa.int64())
    text = pc.utf8_trim_whitespace(ids.cast(pa.large_string()))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)


def _as_text(ids: pa.Array) -> pa.Array:
    return ids.cast(pa.large_string())


def _require_unique(ids: pa.Array, label: str) -> None:
    if ids.null_count:
        raise InvalidValueError(f"{ids.null_count} of {len(ids)} objects of {label} have no identifier.")
    if pc.count_distinct(ids).as_py() == len(ids):
        return
    counts = pc.value_counts(ids)
    doubled = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    raise InvalidValueError(
        f"{len(doubled)} identifiers occur more than once in {label}, such as {_named(doubled)}; each object must "
        "have one row."
    )


def _named(ids: pa.Array) -> str:
    return ", ".join(str(value) for value in ids[:_MOST_NAMED].to_pylist())
