"""Main function of the combination: Arrow tables and a configuration to one table and a report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.combine.configuration import CombineConfiguration, CombineParameters
from pipelines.combine.facts import PairCounts, RowFacts
from pipelines.combine.footprints import footprint_flags
from pipelines.combine.homogenisation import STAR
from pipelines.combine.mapping import CatalogueError
from pipelines.combine.partitioned import SpilledRows, Terms, combine_spilled, decide_spilled
from pipelines.combine.preparation import Prepared, prepare, priorities_of, priority_columns
from pipelines.combine.report import CombineReport
from pipelines.combine.reporting import report_of
from pipelines.combine.resolution import (
    Contest,
    Priority,
    Resolution,
    compared_to,
    draw_lots,
    identifier_ranks,
    kept_rows,
    reasons_of,
    resolve,
)
from pipelines.combine.result import result_table
from pipelines.combine.rules import FlagsTranslation
from pipelines.crossmatch import Pairs, SkyPositions, find_pairs_within
from pipelines.crossmatch.parallel import Runner, ThreadRunner
from pipelines.outputs.stored_tables import StoredTable

__all__ = ["Combined", "Spill", "combine_redshifts"]

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Combined:
    """The combined catalogue, with units and UCDs on its fields, and the report.

    Parameters
    ----------
    configuration
        The configuration with what its rules decided: the radius, the threshold and the priorities of duplicates.
    """

    table: pa.Table | StoredTable
    report: CombineReport
    configuration: CombineConfiguration


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


def combine_redshifts(
    inputs: Mapping[str, pa.Table],
    configuration: CombineConfiguration,
    *,
    rules: FlagsTranslation | None = None,
    progress: Progress | None = None,
    spill: Spill | None = None,
) -> Combined:
    """Combine redshift catalogues.

    Parameters
    ----------
    inputs
        The tables by internal name, one for each catalogue of the configuration.
    rules
        The rules of surveys; by default those that come with this server. A configuration that names a file of
        rules needs them, as `load_rules` gives them: nothing is read from a disk here.
    progress
        Told the fraction that is done, and the step. What it raises ends the work.
    spill
        From how many rows on, and where, rows wait on disk; by default all are in memory.

    Returns
    -------
    Combined
        Rows in the order of the configuration and of the tables; equal inputs give equal results.

    Raises
    ------
    CatalogueError
        When a catalogue cannot be used. All catalogues are looked at, and all errors are in the sentence.
    InvalidValueError
        When a table or the rules are missing, or no row is left.
    """
    report_progress = progress or _silent
    rules = rules or _default_rules(configuration)
    configuration = _decided(configuration, rules)
    gathered = _Gathered(configuration.param, rules, spill)
    _prepare_all(inputs, configuration, rules, report_progress, gathered)
    _give_memory_back()
    made = _combined_spilled if gathered.spilled is not None else _combined
    return made(gathered, configuration, report_progress)


def _combined(gathered: "_Gathered", configuration: CombineConfiguration, report_progress: Progress) -> Combined:
    """Combine rows that are in memory."""
    param, prepared = configuration.param, gathered.prepared
    columns = {name: pa.chunked_array([each.columns[name] for each in prepared]) for name in prepared[0].columns}
    positions = SkyPositions(columns["ra"].to_numpy(), columns["dec"].to_numpy())
    columns |= {name: pa.chunked_array([flags]) for name, flags in footprint_flags(positions, param).items()}
    pairs, resolution, facts = None, None, RowFacts.of(columns)
    if param.combine_type != "concatenate":
        report_progress(0.5, f"Finding duplicates among {gathered.rows} rows")
        pairs = find_pairs_within(positions, param.crossmatch_radius_arcsec or gathered.rules.crossmatch_radius_arcsec)
    del positions  # 24 bytes a row
    _give_memory_back()
    counts = None
    if pairs is not None:
        report_progress(0.7, f"Deciding between duplicates: {len(pairs)} pairs of rows within the radius")
        resolution = _resolved(columns, gathered, pairs)
        columns["tie_result"] = pa.chunked_array([pa.array(resolution.tie_result)])
        columns["tie_reason"] = reasons_of(resolution)
        columns["group_id"] = pa.chunked_array([pa.array(resolution.group)])
        catalogue = np.repeat(np.arange(len(prepared)), [len(each) for each in prepared])
        counts = PairCounts.of(pairs, facts.z, facts.star, catalogue, param.crossmatch_radius_arcsec or 1.0)
    report_progress(0.9, "Writing the report")
    keep = _kept(gathered.rows, param, resolution)
    empty = {name for name, column in columns.items() if column.null_count == len(column)}
    table = result_table(columns, empty - set(param.extra_columns) if param.drop_empty_columns else ())
    report = report_of(prepared, facts, keep, counts, resolution, param)
    report_progress(1.0, f"{report.rows_out} of {report.rows_in} rows are in the result")
    return Combined(table if keep.all() else table.filter(pa.array(keep)), report, configuration)


def _combined_spilled(
    gathered: "_Gathered", configuration: CombineConfiguration, report_progress: Progress
) -> Combined:
    """Combine rows that are on disk."""
    param, spilled, spill = configuration.param, gathered.spilled, gathered.spill
    if spilled is None or spill is None:
        raise ValueError("no rows were written")
    facts, decisions = spilled.facts(), None
    if param.combine_type != "concatenate":
        terms = Terms(
            param.crossmatch_radius_arcsec or gathered.rules.crossmatch_radius_arcsec,
            param.delta_z_threshold or 0.0,
            priority_columns(param, gathered.rules),
            tuple(np.cumsum([len(each) for each in spilled.prepared]).tolist()),
            param.random_seed if _draws_lots(param) else None,
        )
        decisions = decide_spilled(
            spilled, facts, terms, most=spill.rows_in_partition, runner=spill.runner,
            progress=lambda fraction, step: report_progress(0.5 + 0.3 * fraction, step),
        )  # fmt: skip
    resolution = None if decisions is None else decisions.resolution
    keep = _kept(spilled.rows, param, resolution)
    report_progress(0.8, "Writing the report")
    counts = None if decisions is None else decisions.counts
    report = report_of(spilled.prepared, facts, keep, counts, resolution, param)
    del facts
    _give_memory_back()
    report_progress(0.9, f"Writing {report.rows_out} rows to disk")
    table = combine_spilled(spilled, decisions, keep, param, spill.folder / "result.parquet")
    report_progress(1.0, f"{report.rows_out} of {report.rows_in} rows are in the result")
    return Combined(table, report, configuration)


def _kept(rows: int, param: CombineParameters, resolution: Resolution | None) -> npt.NDArray[np.bool_]:
    if resolution is None or not param.combine_type.endswith("remove_duplicates"):
        return np.ones(rows, dtype=np.bool_)
    return kept_rows(resolution, with_unresolved=param.tie_treatment_option == "keep_all")


def _draws_lots(param: CombineParameters) -> bool:
    return param.combine_type.endswith("remove_duplicates") and param.tie_treatment_option == "draw_one"


class _Gathered:
    """The prepared rows: in memory, and from so many rows on, on disk."""

    def __init__(self, param: CombineParameters, rules: FlagsTranslation, spill: Spill | None) -> None:
        self.param, self.rules, self.spill = param, rules, spill
        self.prepared: list[Prepared] = []
        self.spilled: SpilledRows | None = None
        self.rows = 0

    def add(self, each: Prepared) -> None:
        self.rows += len(each)
        self.prepared.append(each)
        if self.spill is None or self.rows <= self.spill.rows_in_memory:
            return
        if self.spilled is None:
            is_compared = self.param.combine_type != "concatenate"
            scores = len(priority_columns(self.param, self.rules)) if is_compared else None
            self.spilled = SpilledRows(self.spill.folder / "combination", scores)
        while self.prepared:
            self._write(self.spilled, self.prepared.pop(0))

    def _write(self, spilled: SpilledRows, each: Prepared) -> None:
        ra, dec = (each.columns[name].to_numpy(zero_copy_only=False) for name in ("ra", "dec"))
        flags = footprint_flags(SkyPositions(ra, dec), self.param)
        priorities = priorities_of(each, self.param, self.rules) if spilled.contest is not None else []
        spilled.add(each, {**each.columns, **flags}, [priority.score for priority in priorities])


def _give_memory_back() -> None:
    """Release the allocator's unused memory to the operating system."""
    pa.default_memory_pool().release_unused()


def _silent(fraction: float, step: str) -> None:
    """Ignore progress."""


def _default_rules(configuration: CombineConfiguration) -> FlagsTranslation:
    if configuration.param.flags_translation_file is not None:
        raise InvalidValueError(
            f"The rules {configuration.param.flags_translation_file}, which the configuration names, are missing.",
            field="flags_translation_file",
        )
    return FlagsTranslation.default()


def _prepare_all(
    inputs: Mapping[str, pa.Table],
    configuration: CombineConfiguration,
    rules: FlagsTranslation,
    report_progress: Progress,
    gathered: _Gathered,
) -> None:
    wrong: list[CatalogueError] = []
    catalogues = configuration.inputs.specz
    for place, entry in enumerate(catalogues):
        table = inputs.get(entry.internal_name)
        if table is None:
            raise InvalidValueError(f"The table of {entry.internal_name} is missing.")
        report_progress(0.5 * place / len(catalogues), f"Preparing {entry.internal_name}: {table.num_rows} rows")
        try:
            gathered.add(prepare(entry, table, configuration, rules))
        except CatalogueError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise InvalidValueError(" ".join(error.message for error in wrong)) from wrong[0]
    if not gathered.rows:
        raise InvalidValueError("No catalogue has rows left after the quality cut.")


def _decided(configuration: CombineConfiguration, rules: FlagsTranslation) -> CombineConfiguration:
    """Return the configuration with the parameters of duplicates, as the rules have them by default."""
    param = configuration.param
    if param.combine_type == "concatenate":
        return configuration
    names = ("crossmatch_radius_arcsec", "delta_z_threshold", "tiebreaking_priority")
    decided = {name: getattr(rules, name) for name in names if getattr(param, name) is None}
    return configuration.model_copy(update={"param": param.model_copy(update=decided)})


def _resolved(columns: dict[str, pa.ChunkedArray], gathered: _Gathered, pairs: Pairs) -> Resolution:
    param, prepared, identifiers = gathered.param, gathered.prepared, columns["CRD_ID"]
    ranks = identifier_ranks(identifiers, pairs)
    columns["compared_to"] = compared_to(identifiers, ranks, pairs)
    parts = [priorities_of(each, param, gathered.rules) for each in prepared]
    contest = Contest(
        star=columns["z_flag_homogenized"].to_numpy() == STAR,
        priorities=[
            Priority(each[0].name, np.concatenate([part.score for part in each])) for each in zip(*parts, strict=True)
        ],
        z=columns["z"].to_numpy(),
        rank=ranks,
        earlier=np.concatenate([each.tie_result for each in prepared]),
        threshold=param.delta_z_threshold or 0.0,
    )
    resolution = resolve(contest, pairs)
    return draw_lots(resolution, identifiers, param.random_seed) if _draws_lots(param) else resolution
