"""Prepared rows of all catalogues, gathered part by part: in memory, and from so many rows on, on disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.combine.catalogues import (
    CatalogueError,
    CataloguePreparation,
    PreparedCatalogue,
    PreparedRows,
    WrongValuesError,
    priorities_of,
    priority_columns,
)
from pipelines.combine.configuration import CatalogueInput, CombineConfiguration, CombineParameters
from pipelines.combine.footprints import footprint_flags
from pipelines.combine.partitioned import SpilledRows
from pipelines.combine.rules import FlagsTranslation
from pipelines.crossmatch import SkyPositions
from pipelines.crossmatch.parallel import Runner, ThreadRunner
from pipelines.inputs.rows import OpenRows, TableRows, tables_of
from pipelines.inputs.spooled_rows import SpooledTables

__all__ = ["ROWS_AT_A_TIME", "CatalogueTable", "Gathered", "Spill", "gather"]

#: Rows of a catalogue that are prepared at a time, which takes about 400 bytes a row.
ROWS_AT_A_TIME = 131_072

#: A table, or what opens one whose rows are read in batches.
CatalogueTable: TypeAlias = pa.Table | OpenRows
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Spill:
    """Work on disk for combinations beyond memory; results are the same.

    Parameters
    ----------
    folder
        Folder for rows.
    rows_in_memory
        Most rows that stay in memory.
    rows_in_partition
        Rows of a part of the sky that are compared at a time.
    """

    folder: Path
    rows_in_memory: int
    runner: Runner = field(default_factory=ThreadRunner)
    rows_in_partition: int = 262_144


class Gathered:
    """The prepared rows, and what the report says of their catalogues.

    Attributes
    ----------
    parts
        The rows in memory; empty when they are on disk.
    spilled
        The rows on disk; None when they are in memory.
    """

    def __init__(self, param: CombineParameters, rules: FlagsTranslation, spill: Spill | None) -> None:
        self.param, self.rules, self.spill = param, rules, spill
        self.catalogues: list[PreparedCatalogue] = []
        self.parts: list[PreparedRows] = []
        self.spilled: SpilledRows | None = None
        self.rows = 0

    def add(self, part: PreparedRows) -> None:
        """Add the next rows."""
        self.rows += len(part)
        self.parts.append(part)
        if self.spill is None or self.rows <= self.spill.rows_in_memory:
            return
        if self.spilled is None:
            is_compared = self.param.combine_type != "concatenate"
            scores = len(priority_columns(self.param, self.rules)) if is_compared else None
            self.spilled = SpilledRows(self.spill.folder / "combination", scores)
        while self.parts:
            self._write(self.spilled, self.parts.pop(0))

    def close(self) -> None:
        """Write to disk what waits; no rows are added any more."""
        if self.spilled is not None:
            self.spilled.close()

    def _write(self, spilled: SpilledRows, part: PreparedRows) -> None:
        ra, dec = (part.columns[name].to_numpy(zero_copy_only=False) for name in ("ra", "dec"))
        flags = footprint_flags(SkyPositions(ra, dec), self.param)
        priorities = priorities_of(part, self.param, self.rules) if spilled.contest is not None else []
        spilled.add({**part.columns, **flags}, part.tie_result, [priority.score for priority in priorities])


def gather(
    inputs: Mapping[str, CatalogueTable],
    configuration: CombineConfiguration,
    gathered: Gathered,
    report_progress: Progress,
    rows_at_a_time: int,
) -> None:
    """Prepare all catalogues, one after the other.

    Raises
    ------
    CatalogueError, InvalidValueError
        As `combine_redshifts` does.
    """
    wrong: list[CatalogueError] = []
    catalogues = configuration.inputs.specz
    for place, entry in enumerate(catalogues):
        table = inputs.get(entry.internal_name)
        if table is None:
            raise InvalidValueError(f"The table of {entry.internal_name} is missing.")

        def progress(fraction: float, step: str, place: int = place) -> None:
            report_progress(0.5 * (place + fraction) / len(catalogues), step)

        try:
            _prepare(entry, table, CataloguePreparation(entry, configuration, gathered.rules), gathered, progress,
                     rows_at_a_time)  # fmt: skip
        except CatalogueError as error:
            wrong.append(error)
    gathered.close()
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise InvalidValueError(" ".join(error.message for error in wrong)) from wrong[0]
    if not gathered.rows:
        raise InvalidValueError("No catalogue has rows left after the quality cut.")


def _prepare(
    entry: CatalogueInput,
    table: CatalogueTable,
    preparation: CataloguePreparation,
    gathered: Gathered,
    progress: Progress,
    rows_at_a_time: int,
) -> None:
    """Prepare a catalogue, whose rows are read once; from the second part on they wait on disk meanwhile."""
    folder = None if gathered.spill is None else gathered.spill.folder / "catalogue"
    opened = TableRows(table) if isinstance(table, pa.Table) else table()
    with opened as source, SpooledTables(folder, rows_at_a_time) as tables:
        step = f"Preparing {entry.internal_name}" + ("" if source.rows is None else f": {source.rows} rows")
        for part in tables_of(source, rows_at_a_time):
            progress(min(0.5 * tables.rows / source.rows, 0.5) if source.rows else 0.0, step)
            preparation.look_at(part)
            tables.add(part)
        wrong: WrongValuesError | None = None
        done = 0
        for part in tables:
            progress(0.5 + 0.5 * done / max(tables.rows, 1), step)
            done += part.num_rows
            try:
                prepared = preparation.prepare(part)
            except WrongValuesError as error:
                wrong = error if wrong is None else wrong.with_values_of(error)
            except CatalogueError:
                if wrong is None:
                    raise
            else:
                if wrong is None:
                    gathered.add(prepared)
        if wrong is not None:
            raise wrong
    gathered.catalogues.append(preparation.finish())
