"""Decisions about the duplicates of rows on disk, and the result in a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.combine.configuration import CombineParameters
from pipelines.combine.facts import PairCounts, RowFacts
from pipelines.combine.partitioned.decisions import Decided, PartitionTask, Terms, decide, decide_partition
from pipelines.combine.partitioned.rows import SpilledRows, contest_schema
from pipelines.combine.partitioned.sky import divided_sky
from pipelines.combine.resolution import Resolution, drawn_alone, texts_of_reasons, unmatched
from pipelines.combine.result import result_table
from pipelines.crossmatch import Pairs
from pipelines.crossmatch.parallel import Runner
from pipelines.outputs.sorted_runs import SortedRuns
from pipelines.outputs.stored_tables import StoredTable, TableWriter

__all__ = ["Decisions", "combine_spilled", "decide_spilled"]

_Rows = npt.NDArray[np.int64]

_COMPARED = pa.schema([("row", pa.int64()), ("compared_to", pa.string())])
#: Texts of this many rows are written together.
_ROWS_IN_RUN = 200_000


@dataclass(slots=True)
class Decisions:
    """The outcome for all rows.

    Parameters
    ----------
    compared_to
        Texts by the numbers of rows, of those that have any.
    """

    resolution: Resolution
    counts: PairCounts
    compared_to: SortedRuns


def decide_spilled(
    rows: SpilledRows,
    facts: RowFacts,
    terms: Terms,
    *,
    most: int,
    runner: Runner,
    progress: Callable[[float, str], None],
) -> Decisions:
    """Find duplicates partition by partition and decide between them.

    Parameters
    ----------
    most
        Rows in a partition.
    progress
        Told the fraction from 0 to 1 and the step.
    """
    contest = rows.contest
    if contest is None:
        raise ValueError("the rows were written without what decides between duplicates")
    texts = _Texts(SortedRuns(rows.folder("compared_to"), _COMPARED))
    outcome = _Outcome(rows.earlier(), facts.star, draws=terms.seed is not None)
    partitions = list(divided_sky(contest.count, terms.radius_arcsec, most))
    tasks = (PartitionTask(rows.contest_folder, one, terms) for one in partitions)
    waiting, crossing, counts = [], [], PairCounts.sum([])
    for number, found in enumerate(runner.each(decide_partition, tasks, rows.contest_folder)):
        progress(number / len(partitions), f"Comparing rows in {len(partitions)} partitions of the sky")
        counts = PairCounts.sum([counts, found.counts])
        outcome.take(found.decided)
        texts.add(found.decided)
        if found.waiting.num_rows:
            waiting.append(found.waiting)
            crossing.append(found.pairs)
    progress(1.0, f"Deciding between duplicates: {counts.pairs} pairs of rows within the radius")
    last = _decided_together(waiting, crossing, terms)
    outcome.take(last)
    texts.add(last)
    texts.close()
    return Decisions(outcome.resolution(last.reasons), counts, texts.runs)


def combine_spilled(
    rows: SpilledRows,
    decisions: Decisions | None,
    keep: npt.NDArray[np.bool_],
    param: CombineParameters,
    path: Path,
) -> StoredTable:
    """Write the result.

    Parameters
    ----------
    decisions
        None when duplicates are left alone.
    keep
        Which rows are in the result.
    path
        File that is written.
    """
    empty = set(rows.empty or ())
    if decisions is not None and not decisions.counts.pairs:
        empty.add("compared_to")
    without = empty - set(param.extra_columns) if param.drop_empty_columns else set[str]()
    with TableWriter(path) as writer:
        start = 0
        for batch in rows.batches():
            beyond = start + batch.num_rows
            columns = {name: pa.chunked_array([batch.column(name)]) for name in batch.schema.names}
            if decisions is not None:
                columns |= _decided_columns(decisions, start, beyond)
            table = result_table(columns, without)
            kept = keep[start:beyond]
            writer.write(table if kept.all() else table.filter(pa.array(kept)))
            start = beyond
    return writer.table


def _decided_columns(decisions: Decisions, start: int, beyond: int) -> dict[str, pa.ChunkedArray]:
    resolution = decisions.resolution
    here = slice(start, beyond)
    found = decisions.compared_to.take(np.array([start]), np.array([beyond]))
    places = np.full(beyond - start, -1, dtype=np.int64)
    places[found["row"].to_numpy() - start] = np.arange(found.num_rows)
    texts = found["compared_to"].combine_chunks()
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return {
        "tie_result": pa.chunked_array([pa.array(resolution.tie_result[here])]),
        "tie_reason": texts_of_reasons(resolution.reasons, resolution.reason[here]),
        "group_id": pa.chunked_array([pa.array(resolution.group[here].astype(np.int64, copy=False))]),
        "compared_to": pa.chunked_array([texts.take(pa.array(places, mask=places < 0))]),
    }


def _decided_together(waiting: list[pa.Table], crossing: list[Pairs], terms: Terms) -> Decided:
    """Decide between rows of groups that lie in several partitions."""
    schema = contest_schema(len(terms.priorities))
    table = pa.concat_tables([schema.empty_table(), *waiting]).sort_by("row").combine_chunks()
    row = table["row"].to_numpy()
    left, right, separation = (
        np.concatenate([np.empty(0, kind), *(getattr(pairs, name) for pairs in crossing)])
        for name, kind in (("left", np.int64), ("right", np.int64), ("separation", np.float64))
    )
    order = np.lexsort((right, left))
    places = np.searchsorted(row, left[order]), np.searchsorted(row, right[order])
    return decide(table, Pairs(*places, separation[order]), terms)


class _Outcome:
    """Results of all rows, at first those of rows without any other within the radius."""

    def __init__(self, earlier: npt.NDArray[np.int8], star: npt.NDArray[np.bool_], *, draws: bool) -> None:
        self._tie, self._reason = unmatched(earlier, star)
        if draws:
            drawn_alone(self._tie, self._reason)
        # Half of the memory, where row numbers fit.
        kind = np.int32 if len(star) < np.iinfo(np.int32).max else np.int64
        self._first = np.arange(len(star), dtype=kind)
        self._begins = np.ones(len(star), dtype=np.bool_)

    def take(self, decided: Decided) -> None:
        rows = decided.row
        self._tie[rows], self._reason[rows], self._first[rows] = decided.tie_result, decided.reason, decided.first
        # Stars are counted as groups of their own, though they bear the number of another.
        self._begins[rows] = decided.star | (decided.first == rows)

    def resolution(self, reasons: tuple[str, ...]) -> Resolution:
        numbers = np.cumsum(self._begins, dtype=self._first.dtype)
        return Resolution(self._tie, numbers[self._first], self._reason, reasons)


@dataclass(slots=True)
class _Texts:
    """Writer of the column ``compared_to`` of rows that have a value."""

    runs: SortedRuns
    _waiting: list[pa.Table] = field(default_factory=list)
    _rows: int = 0

    def add(self, decided: Decided) -> None:
        if not len(decided.row):
            return
        columns: Mapping[str, object] = {"row": decided.row, "compared_to": decided.compared_to}
        self._waiting.append(pa.table(columns, schema=_COMPARED))
        self._rows += len(decided.row)
        if self._rows >= _ROWS_IN_RUN:
            self.close()

    def close(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting)
            self.runs.add(table["row"].to_numpy(), table)
        self._waiting, self._rows = [], 0
