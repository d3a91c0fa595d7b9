"""Main function of the combination: Arrow tables and a configuration to one table and a report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.combine.catalogues import priorities_of, priority_columns
from pipelines.combine.catalogues.homogenisation import STAR
from pipelines.combine.configuration import CombineConfiguration, CombineParameters
from pipelines.combine.facts import PairCounts, RowFacts
from pipelines.combine.footprints import footprint_flags
from pipelines.combine.gathering import ROWS_AT_A_TIME, CatalogueTable, Gathered, Spill, gather
from pipelines.combine.partitioned import Terms, combine_spilled, decide_spilled
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
from pipelines.outputs.stored_tables import StoredTable

__all__ = ["Combined", "combine_redshifts"]

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


def combine_redshifts(
    inputs: Mapping[str, CatalogueTable],
    configuration: CombineConfiguration,
    *,
    rules: FlagsTranslation | None = None,
    progress: Progress | None = None,
    spill: Spill | None = None,
    rows_at_a_time: int = ROWS_AT_A_TIME,
) -> Combined:
    """Combine redshift catalogues.

    Parameters
    ----------
    inputs
        The tables by internal name, one for each catalogue of the configuration, or what opens them.
    rules
        The rules of surveys; by default those that come with this server. A configuration that names a file of
        rules needs them, as `load_rules` gives them: nothing is read from a disk here.
    progress
        Told the fraction that is done, and the step. What it raises ends the work.
    spill
        From how many rows on, and where, rows wait on disk; by default all are in memory.
    rows_at_a_time
        Rows of a catalogue that are prepared at a time.

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
    gathered = Gathered(configuration.param, rules, spill)
    gather(inputs, configuration, gathered, report_progress, rows_at_a_time)
    _give_memory_back()
    made = _combined_spilled if gathered.spilled is not None else _combined
    return made(gathered, configuration, report_progress)


def _combined(gathered: Gathered, configuration: CombineConfiguration, report_progress: Progress) -> Combined:
    """Combine rows that are in memory."""
    param, parts = configuration.param, gathered.parts
    columns = {name: pa.chunked_array([each.columns[name] for each in parts]) for name in parts[0].columns}
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
        catalogue = np.repeat(np.arange(len(gathered.catalogues)), [each.rows for each in gathered.catalogues])
        counts = PairCounts.of(pairs, facts.z, facts.star, catalogue, param.crossmatch_radius_arcsec or 1.0)
    report_progress(0.9, "Writing the report")
    keep = _kept(gathered.rows, param, resolution)
    empty = {name for name, column in columns.items() if column.null_count == len(column)}
    table = result_table(columns, empty - set(param.extra_columns) if param.drop_empty_columns else ())
    report = report_of(gathered.catalogues, facts, keep, counts, resolution, param)
    report_progress(1.0, f"{report.rows_out} of {report.rows_in} rows are in the result")
    return Combined(table if keep.all() else table.filter(pa.array(keep)), report, configuration)


def _combined_spilled(gathered: Gathered, configuration: CombineConfiguration, report_progress: Progress) -> Combined:
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
            tuple(np.cumsum([each.rows for each in gathered.catalogues]).tolist()),
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
    report = report_of(gathered.catalogues, facts, keep, counts, resolution, param)
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


def _decided(configuration: CombineConfiguration, rules: FlagsTranslation) -> CombineConfiguration:
    """Return the configuration with the parameters of duplicates, as the rules have them by default."""
    param = configuration.param
    if param.combine_type == "concatenate":
        return configuration
    names = ("crossmatch_radius_arcsec", "delta_z_threshold", "tiebreaking_priority")
    decided = {name: getattr(rules, name) for name in names if getattr(param, name) is None}
    return configuration.model_copy(update={"param": param.model_copy(update=decided)})


def _resolved(columns: dict[str, pa.ChunkedArray], gathered: Gathered, pairs: Pairs) -> Resolution:
    param, prepared, identifiers = gathered.param, gathered.parts, columns["CRD_ID"]
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
