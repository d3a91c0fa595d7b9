"""Decisions between duplicates in one partition of the sky, and in the groups that reach beyond one.

A partition is looked at with its margin, so that all pairs of its own rows are found. Of the rows that hang together
by pairs, those with all of their group in the partition are decided at once. The others wait, with the pairs of which
their partition has the first row, until those of all partitions are decided together.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.combine.facts import PairCounts
from pipelines.combine.partitioned.rows import contest_schema
from pipelines.combine.partitioned.sky import SkyPartition
from pipelines.combine.resolution import (
    Contest,
    Priority,
    compared_to,
    draw_lots,
    identifier_ranks,
    resolve,
)
from pipelines.crossmatch import Pairs, SkyPositions, connected_groups, find_pairs_within, paired_rows
from pipelines.outputs.sorted_runs import SortedRuns

__all__ = ["Decided", "PartitionOutcome", "PartitionTask", "Terms", "decide", "decide_partition"]

_Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides between duplicates.

    Parameters
    ----------
    priorities
        Names of the columns of the scores.
    ends
        Number of the row after the last one of each catalogue.
    seed
        Seed of the lots; None when none are drawn.
    """

    radius_arcsec: float
    threshold: float
    priorities: tuple[str, ...]
    ends: tuple[int, ...]
    seed: int | None


@dataclass(frozen=True, slots=True)
class PartitionTask:
    """A partition whose duplicates are to be decided, and the folder with the rows by position."""

    folder: Path
    partition: SkyPartition
    terms: Terms


@dataclass(frozen=True, slots=True)
class Decided:
    """The outcome for rows in groups, as in `Resolution`.

    Parameters
    ----------
    row
        Numbers of the rows, ascending.
    first
        Number of the first row of the group whose number the row bears.
    compared_to
        Texts of the result, null for rows without any other within the radius.
    """

    row: _Rows
    tie_result: npt.NDArray[np.int8]
    reason: npt.NDArray[np.int8]
    first: _Rows
    star: npt.NDArray[np.bool_]
    compared_to: pa.ChunkedArray
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartitionOutcome:
    """What was found in a partition.

    Parameters
    ----------
    waiting, pairs
        Own rows in groups that reach beyond the partition, and their pairs by numbers of rows.
    """

    decided: Decided
    waiting: pa.Table
    pairs: Pairs
    counts: PairCounts


def decide_partition(task: PartitionTask) -> PartitionOutcome:
    """Find the duplicates of a partition, and decide those that are whole in it; also runs on Dask workers."""
    terms = task.terms
    runs = SortedRuns(task.folder, contest_schema(len(terms.priorities)))
    first, beyond = (np.array([bound], dtype=np.int64) for bound in task.partition.bounds)
    own = runs.take(first, beyond)
    around = runs.take(*task.partition.margin(terms.radius_arcsec))
    table = pa.concat_tables([own, around])
    order = np.argsort(table["row"].to_numpy())
    is_own = (np.arange(len(order)) < own.num_rows)[order]
    table = table.take(pa.array(order)).combine_chunks()
    pairs = find_pairs_within(SkyPositions(table["ra"].to_numpy(), table["dec"].to_numpy()), terms.radius_arcsec)
    pairs = _some(pairs, is_own[pairs.left] | is_own[pairs.right])
    labels = connected_groups(len(order), pairs)
    reaches_beyond = np.zeros(len(order), dtype=np.bool_)
    reaches_beyond[labels[~is_own]] = True
    waits = reaches_beyond[labels]
    members = paired_rows(len(order), pairs)
    inside = members[~waits[members]]
    mine = _some(pairs, is_own[pairs.left])
    z, star = table["z"].to_numpy(), table["star"].to_numpy()
    row = table["row"].to_numpy()
    catalogue = np.searchsorted(np.array(terms.ends), row, side="right")
    crossing = _some(mine, waits[mine.left])
    return PartitionOutcome(
        decide(table.take(pa.array(inside)), _renumbered(_some(pairs, ~waits[pairs.left]), inside), terms),
        table.take(pa.array(members[waits[members] & is_own[members]])),
        Pairs(row[crossing.left], row[crossing.right], crossing.separation),
        PairCounts.of(mine, z, star, catalogue, terms.radius_arcsec),
    )


def decide(table: pa.Table, pairs: Pairs, terms: Terms) -> Decided:
    """Decide between rows that are ascending, and of which all pairs are given by their places in the table."""
    identifiers, star, row = table["CRD_ID"], table["star"].to_numpy(), table["row"].to_numpy()
    ranks = identifier_ranks(identifiers, pairs)
    contest = Contest(
        star=star,
        priorities=[
            Priority(name, table[f"score_{number}"].to_numpy()) for number, name in enumerate(terms.priorities)
        ],
        z=table["z"].to_numpy(),
        rank=ranks,
        earlier=table["earlier"].to_numpy(),
        threshold=terms.threshold,
    )
    resolution = resolve(contest, pairs)
    if terms.seed is not None:
        resolution = draw_lots(resolution, identifiers, terms.seed)
    return Decided(
        row,
        resolution.tie_result,
        resolution.reason,
        _first_rows(resolution.group, row, star),
        star,
        compared_to(identifiers, ranks, pairs),
        resolution.reasons,
    )


def _first_rows(group: _Rows, row: _Rows, star: npt.NDArray[np.bool_]) -> _Rows:
    """Return for each row the first row of its group; stars bear the number of a group, but are not of it."""
    first = np.full(int(group.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, group[~star], row[~star])
    # A star that has no other kind of row near it is a group of its own.
    alone = star & (first[group] == np.iinfo(np.int64).max)
    first[group[alone]] = row[alone]
    return first[group]


def _some(pairs: Pairs, mask: npt.NDArray[np.bool_]) -> Pairs:
    return Pairs(pairs.left[mask], pairs.right[mask], pairs.separation[mask])


def _renumbered(pairs: Pairs, rows: _Rows) -> Pairs:
    """Return pairs by their places among some ascending rows."""
    return Pairs(np.searchsorted(rows, pairs.left), np.searchsorted(rows, pairs.right), pairs.separation)
