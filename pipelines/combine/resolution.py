"""Resolution of duplicates: which row of a group is kept, and why.

Rows within the radius of each other hang together in groups, in which stars have no part. In each group the columns of
the priority list decide one after the other: rows below the group's highest value drop out. Of the rows that are left,
those whose redshifts chain together within the threshold agree, and the one with the alphabetically first CRD_ID stays.
If one row is left it is kept (1), if several are, they are unresolved (2); the others are duplicates (0).
Stars are 3. CRD_ID counts the rows of its catalogue; nothing else depends on the order of rows, except the numbers in
group_id.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidValueError
from pipelines.crossmatch import Pairs, connected_groups, paired_rows

__all__ = [
    "DUPLICATE",
    "KEPT",
    "STAR_ROW",
    "UNRESOLVED",
    "Contest",
    "Priority",
    "Resolution",
    "compared_to",
    "draw_lots",
    "drawn_alone",
    "identifier_ranks",
    "kept_rows",
    "reasons_of",
    "resolve",
    "rows_kept_by_identifier",
    "texts_of_reasons",
    "unmatched",
]

#: Values of ``tie_result``.
DUPLICATE, KEPT, UNRESOLVED, STAR_ROW = 0, 1, 2, 3

_ALONE, _STAR, _TIED, _FIRST, _NOT_FIRST, _DRAWN, _NOT_DRAWN, _EARLIER = range(8)
_REASONS = (
    "alone: no other row within the radius",
    "star: takes no part",
    "unresolved: equal in all priorities, at different redshifts",
    "kept: first CRD_ID of equal redshifts",
    "duplicate: not the first CRD_ID of equal redshifts",
    "kept: drawn by lot",
    "duplicate: not drawn by lot",
    "alone: as an earlier product said",
)
_Rows = npt.NDArray[np.int64]
#: Texts of more rows could be more than the 2 GB that an array of Arrow holds.
_ROWS_IN_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class Priority:
    """A column that decides between duplicates: the higher score is kept, and NaN is the lowest."""

    name: str
    score: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contest:
    """All rows, with the columns that decide between duplicates.

    Parameters
    ----------
    star
        Which rows are stars.
    z
        Redshifts, NaN where there is none.
    rank
        Place of each row's CRD_ID in alphabetical order, as `identifier_ranks` gives it.
    earlier
        The ``tie_result`` that the rows came with, 1 for those without: it stays with rows that have no partner.
    threshold
        Largest difference of redshifts that agree; 0 for none.
    """

    star: npt.NDArray[np.bool_]
    priorities: Sequence[Priority]
    z: npt.NDArray[np.float64]
    rank: _Rows
    earlier: npt.NDArray[np.int8]
    threshold: float


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome for each row.

    Parameters
    ----------
    tie_result
        1 kept, 0 duplicate, 2 unresolved, 3 star.
    group
        Number of each row's group, from 1 in the order of first rows. Stars bear the number of the group of the nearest
        row within their radius.
    reason
        For each row a code into ``reasons``.
    """

    tie_result: npt.NDArray[np.int8]
    group: _Rows
    reason: npt.NDArray[np.int8]
    reasons: tuple[str, ...]


def resolve(contest: Contest, pairs: Pairs) -> Resolution:
    """Select the rows to keep in each group."""
    rows = len(contest.z)
    reasons = list(_REASONS)
    tie_result, reason = unmatched(contest.earlier, contest.star)
    edges = _chosen(pairs, ~(contest.star[pairs.left] | contest.star[pairs.right]))
    labels = connected_groups(rows, edges)
    members = paired_rows(rows, edges)
    _, group = np.unique(labels[members], return_inverse=True)
    alive, because = _by_priorities(contest, members, group, reasons)
    if contest.threshold > 0:
        _by_redshift(contest, members, group, alive, because)
    several = np.bincount(group[alive], minlength=1)[group] > 1 if len(members) else alive
    tie_result[members] = np.where(alive, np.where(several, UNRESOLVED, KEPT), DUPLICATE)
    reason[members] = np.where(alive & several, _TIED, because)
    _number_stars(labels, contest, pairs)
    labels += 1
    return Resolution(tie_result, labels, reason, tuple(reasons))


def unmatched(
    earlier: npt.NDArray[np.int8], star: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Return the outcome and the code of the reason for rows of which none has another within the radius."""
    reason = np.where(earlier == KEPT, np.int8(_ALONE), np.int8(_EARLIER))
    tie_result = earlier.copy()
    tie_result[star], reason[star] = STAR_ROW, _STAR
    return tie_result, reason


def drawn_alone(tie_result: npt.NDArray[np.int8], reason: npt.NDArray[np.int8]) -> None:
    """Change the outcome of rows without any other within the radius to that of `draw_lots`."""
    drawn = tie_result == UNRESOLVED
    tie_result[drawn], reason[drawn] = KEPT, _DRAWN


def draw_lots(resolution: Resolution, identifiers: pa.Array | pa.ChunkedArray, seed: int) -> Resolution:
    """Draw one of the unresolved rows of each group that has no kept one.

    The lot of a row is a hash of the seed and its CRD_ID, so it does not depend on the order of rows.
    """
    tied = np.flatnonzero(resolution.tie_result == UNRESOLVED)
    if not len(tied):
        return resolution
    kept_groups = np.unique(resolution.group[resolution.tie_result == KEPT])
    tied = tied[~np.isin(resolution.group[tied], kept_groups)]
    lots = np.array(
        [
            int.from_bytes(hashlib.blake2b(f"{seed}:{identifier}".encode(), digest_size=8).digest())
            for identifier in identifiers.take(pa.array(tied)).to_pylist()
        ],
        dtype=np.uint64,
    )
    order = tied[np.lexsort((lots, resolution.group[tied]))]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = resolution.group[order[1:]] != resolution.group[order[:-1]]
    tie_result, reason = resolution.tie_result.copy(), resolution.reason.copy()
    tie_result[order] = np.where(first, KEPT, DUPLICATE)
    reason[order] = np.where(first, _DRAWN, _NOT_DRAWN)
    return Resolution(tie_result, resolution.group, reason, resolution.reasons)


def kept_rows(resolution: Resolution, *, with_unresolved: bool) -> npt.NDArray[np.bool_]:
    """Return which rows are kept; InvalidValueError when there are none."""
    wanted = (KEPT, UNRESOLVED) if with_unresolved else (KEPT,)
    kept = np.isin(resolution.tie_result, wanted)
    if not kept.any():
        raise InvalidValueError("The result has no rows: all are unresolved duplicates or stars.")
    return kept


def identifier_ranks(identifiers: pa.Array | pa.ChunkedArray, pairs: Pairs) -> _Rows:
    """Rank the CRD_IDs of all rows that have a partner, alphabetically; the others rank 0."""
    ranks = np.zeros(len(identifiers), dtype=np.int64)
    involved = paired_rows(len(identifiers), pairs)
    order = pc.sort_indices(identifiers.take(pa.array(involved))).to_numpy()
    ranks[involved[order]] = np.arange(len(involved))
    return ranks


def compared_to(identifiers: pa.Array | pa.ChunkedArray, ranks: _Rows, pairs: Pairs) -> pa.ChunkedArray:
    """List for each row the CRD_IDs of all rows within the radius, in alphabetical order, or null."""
    rows = np.concatenate([pairs.left, pairs.right])
    others = np.concatenate([pairs.right, pairs.left])
    order = np.lexsort((ranks[others], rows))
    rows, others = rows[order], others[order]
    lists = []
    for start in range(0, max(len(identifiers), 1), _ROWS_IN_CHUNK):
        bounds = np.arange(start, min(start + _ROWS_IN_CHUNK, len(identifiers)) + 1)
        offsets = np.searchsorted(rows, bounds)
        named = identifiers.take(pa.array(others[offsets[0] : offsets[-1]]))
        named = named.combine_chunks() if isinstance(named, pa.ChunkedArray) else named
        joined = pc.binary_join(pa.LargeListArray.from_arrays(pa.array(offsets - offsets[0]), named), ", ")
        lists.append(pc.if_else(pa.array(np.diff(offsets) > 0), joined, None))
    return pa.chunked_array(lists)


def reasons_of(resolution: Resolution) -> pa.ChunkedArray:
    """Return the reason of each row as text."""
    return texts_of_reasons(resolution.reasons, resolution.reason)


def texts_of_reasons(reasons: Sequence[str], codes: npt.NDArray[np.int8]) -> pa.ChunkedArray:
    """Return the texts of codes of reasons."""
    words = pa.array(reasons)
    starts = range(0, max(len(codes), 1), _ROWS_IN_CHUNK)
    return pa.chunked_array([words.take(pa.array(codes[start : start + _ROWS_IN_CHUNK])) for start in starts])


def rows_kept_by_identifier(resolution: Resolution) -> int:
    """Count the rows that were kept because of their CRD_ID: first of equal redshifts, or drawn by lot."""
    return int(np.isin(resolution.reason, (_FIRST, _DRAWN)).sum())


def _by_priorities(
    contest: Contest, members: _Rows, group: _Rows, reasons: list[str]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int8]]:
    alive = np.ones(len(members), dtype=np.bool_)
    because = np.full(len(members), _TIED, dtype=np.int8)
    for priority in contest.priorities:
        score = priority.score[members]
        score = np.where(np.isnan(score), -np.inf, score)
        best = np.full(group.max(initial=-1) + 1, -np.inf)
        np.maximum.at(best, group[alive], score[alive])
        lower = alive & (score < best[group])
        alive &= ~lower
        decided = np.zeros(len(best), dtype=np.bool_)
        decided[group[lower]] = True
        because[alive & decided[group]] = len(reasons)
        because[lower] = len(reasons) + 1
        reasons += [f"kept: highest {priority.name}", f"duplicate: lower {priority.name}"]
    return alive, because


def _by_redshift(
    contest: Contest,
    members: _Rows,
    group: _Rows,
    alive: npt.NDArray[np.bool_],
    because: npt.NDArray[np.int8],
) -> None:
    """Keep the first CRD_ID of each chain of agreeing redshifts; rows without a redshift stay."""
    z, rank = contest.z[members], contest.rank[members]
    order = np.flatnonzero(alive & ~np.isnan(z))
    order = order[np.lexsort((rank[order], z[order], group[order]))]
    apart = np.ones(len(order), dtype=np.bool_)
    with np.errstate(invalid="ignore"):  # infinite redshifts have no difference, and agree
        apart[1:] = (group[order[1:]] != group[order[:-1]]) | (np.diff(z[order]) > contest.threshold)
    chain = np.cumsum(apart) - 1
    first_rank = np.full(int(apart.sum()), np.iinfo(np.int64).max)
    np.minimum.at(first_rank, chain, rank[order])
    first = rank[order] == first_rank[chain]
    shared = np.bincount(chain, minlength=1)[chain] > 1 if len(order) else first
    alive[order[~first]] = False
    because[order[~first]] = _NOT_FIRST
    because[order[first & shared]] = _FIRST


def _number_stars(labels: _Rows, contest: Contest, pairs: Pairs) -> None:
    """Assign each star the number of the group of the nearest row within its radius, if there is one."""
    star = contest.star
    mixed = star[pairs.left] != star[pairs.right]
    left, right = pairs.left[mixed], pairs.right[mixed]
    stars, others = np.where(star[left], left, right), np.where(star[left], right, left)
    # Of several rows of a star the nearest is written last, and stays; of equally near ones the first CRD_ID.
    order = np.lexsort((-contest.rank[others], -pairs.separation[mixed]))
    labels[stars[order]] = labels[others[order]]


def _chosen(pairs: Pairs, mask: npt.NDArray[np.bool_]) -> Pairs:
    return Pairs(pairs.left[mask], pairs.right[mask], pairs.separation[mask])
