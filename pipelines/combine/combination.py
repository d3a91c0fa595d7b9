"""Main function of the combination: Arrow tables and a configuration to one table and a report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.combine.configuration import CombineConfiguration, CombineParameters
from pipelines.combine.footprints import in_dp1_fields, in_rubin_footprint
from pipelines.combine.homogenisation import STAR
from pipelines.combine.mapping import CatalogueError
from pipelines.combine.preparation import Prepared, prepare, priority_columns
from pipelines.combine.report import CombineReport
from pipelines.combine.reporting import report_of
from pipelines.combine.resolution import (
    KEPT,
    UNRESOLVED,
    Contest,
    Priority,
    Resolution,
    compared_to,
    draw_lots,
    identifier_ranks,
    reasons_of,
    resolve,
)
from pipelines.combine.result import result_table
from pipelines.combine.rules import FlagsTranslation
from pipelines.crossmatch import Pairs, SkyPositions, find_pairs_within

__all__ = ["Combined", "PairFinder", "combine_redshifts"]

Progress = Callable[[float, str], None]

#: Gives all pairs of positions closer than a radius in arcseconds, each once.
PairFinder = Callable[[SkyPositions, float], Pairs]


@dataclass(frozen=True, slots=True)
class Combined:
    """The combined catalogue, with units and UCDs on its fields, and the report.

    Parameters
    ----------
    configuration
        The configuration with what its rules decided: the radius, the threshold and the priorities of duplicates.
    """

    table: pa.Table
    report: CombineReport
    configuration: CombineConfiguration


def combine_redshifts(
    inputs: Mapping[str, pa.Table],
    configuration: CombineConfiguration,
    *,
    rules: FlagsTranslation | None = None,
    progress: Progress | None = None,
    finder: PairFinder = find_pairs_within,
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
    finder
        Finds the pairs of rows within the radius; another one than the default may work in several processes.

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
    prepared = _all_prepared(inputs, configuration, rules, report_progress)
    _give_memory_back()
    columns = {name: pa.chunked_array([each.columns[name] for each in prepared]) for name in prepared[0].columns}
    rows = sum(len(each) for each in prepared)
    positions = SkyPositions(columns["ra"].to_numpy(), columns["dec"].to_numpy())
    columns |= _footprint_flags(positions, configuration.param)
    pairs, resolution = None, None
    if configuration.param.combine_type != "concatenate":
        report_progress(0.5, f"Finding duplicates among {rows} rows")
        pairs = finder(positions, configuration.param.crossmatch_radius_arcsec or rules.crossmatch_radius_arcsec)
    del positions  # 24 bytes a row
    _give_memory_back()
    if pairs is not None:
        report_progress(0.7, f"Deciding between duplicates: {len(pairs)} pairs of rows within the radius")
        resolution = _resolved(columns, prepared, pairs, configuration, rules)
        columns |= _tie_columns(resolution)
    report_progress(0.9, "Writing the report")
    keep = _kept(rows, configuration, resolution)
    param = configuration.param
    table = result_table(columns, drop_empty=param.drop_empty_columns, keep=frozenset(param.extra_columns))
    report = report_of(prepared, columns, keep, pairs, resolution, param)
    report_progress(1.0, f"{report.rows_out} of {report.rows_in} rows are in the result")
    return Combined(table if keep.all() else table.filter(pa.array(keep)), report, configuration)


def _footprint_flags(positions: SkyPositions, param: CombineParameters) -> dict[str, pa.ChunkedArray]:
    flags = {}
    if param.insert_DP1_footprint_flag:
        flags["is_in_DP1_fields"] = _numbers(in_dp1_fields(positions.vectors).astype(np.int64))
    if param.insert_rubin_footprint_flag:
        flags["is_in_rubin_footprint"] = _numbers(in_rubin_footprint(positions.vectors).astype(np.int64))
    return flags


def _tie_columns(resolution: Resolution) -> dict[str, pa.ChunkedArray]:
    return {
        "tie_result": _numbers(resolution.tie_result),
        "tie_reason": reasons_of(resolution),
        "group_id": _numbers(resolution.group),
    }


def _give_memory_back() -> None:
    """Release the allocator's unused memory to the operating system."""
    pa.default_memory_pool().release_unused()


def _numbers(values: npt.NDArray[np.generic]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def _silent(fraction: float, step: str) -> None:
    """Ignore progress."""


def _default_rules(configuration: CombineConfiguration) -> FlagsTranslation:
    if configuration.param.flags_translation_file is not None:
        raise InvalidValueError(
            f"The rules {configuration.param.flags_translation_file}, which the configuration names, are missing.",
            field="flags_translation_file",
        )
    return FlagsTranslation.default()


def _all_prepared(
    inputs: Mapping[str, pa.Table],
    configuration: CombineConfiguration,
    rules: FlagsTranslation,
    report_progress: Progress,
) -> list[Prepared]:
    prepared: list[Prepared] = []
    wrong: list[CatalogueError] = []
    catalogues = configuration.inputs.specz
    for place, entry in enumerate(catalogues):
        table = inputs.get(entry.internal_name)
        if table is None:
            raise InvalidValueError(f"The table of {entry.internal_name} is missing.")
        report_progress(0.5 * place / len(catalogues), f"Preparing {entry.internal_name}: {table.num_rows} rows")
        try:
            prepared.append(prepare(entry, table, configuration, rules))
        except CatalogueError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise InvalidValueError(" ".join(error.message for error in wrong)) from wrong[0]
    if not any(len(each) for each in prepared):
        raise InvalidValueError("No catalogue has rows left after the quality cut.")
    return prepared


def _decided(configuration: CombineConfiguration, rules: FlagsTranslation) -> CombineConfiguration:
    """Return the configuration with the parameters of duplicates, as the rules have them by default."""
    param = configuration.param
    if param.combine_type == "concatenate":
        return configuration
    names = ("crossmatch_radius_arcsec", "delta_z_threshold", "tiebreaking_priority")
    decided = {name: getattr(rules, name) for name in names if getattr(param, name) is None}
    return configuration.model_copy(update={"param": param.model_copy(update=decided)})


def _resolved(
    columns: dict[str, pa.ChunkedArray],
    prepared: Sequence[Prepared],
    pairs: Pairs,
    configuration: CombineConfiguration,
    rules: FlagsTranslation,
) -> Resolution:
    parameters, identifiers = configuration.param, columns["CRD_ID"]
    ranks = identifier_ranks(identifiers, pairs)
    columns["compared_to"] = compared_to(identifiers, ranks, pairs)
    flags = columns["z_flag_homogenized"].to_numpy()
    own = {"z_flag_homogenized": flags, "instrument_type_homogenized": _instrument_scores(columns, rules)}
    contest = Contest(
        star=flags == STAR,
        priorities=[
            Priority(name, own[name] if name in own else np.concatenate([each.scores[name] for each in prepared]))
            for name in priority_columns(parameters, rules)
        ],
        z=columns["z"].to_numpy(),
        rank=ranks,
        earlier=np.concatenate([each.tie_result for each in prepared]),
        threshold=parameters.delta_z_threshold or 0.0,
    )
    resolution = resolve(contest, pairs)
    if parameters.combine_type.endswith("remove_duplicates") and parameters.tie_treatment_option == "draw_one":
        return draw_lots(resolution, identifiers, parameters.random_seed)
    return resolution


def _instrument_scores(columns: Mapping[str, pa.ChunkedArray], rules: FlagsTranslation) -> npt.NDArray[np.float64]:
    encoded = columns["instrument_type_homogenized"].dictionary_encode().combine_chunks()
    priorities = rules.instrument_type_priority
    scores = np.array([*(priorities.get(kind, 0.0) for kind in encoded.dictionary.to_pylist()), 0.0])
    codes = encoded.indices.fill_null(len(scores) - 1).to_numpy(zero_copy_only=False)
    chosen: npt.NDArray[np.float64] = scores[codes]
    return chosen


def _kept(rows: int, configuration: CombineConfiguration, resolution: Resolution | None) -> npt.NDArray[np.bool_]:
    """Return which rows are in the result; InvalidValueError when there are none."""
    parameters, kept = configuration.param, np.ones(rows, dtype=np.bool_)
    if resolution is not None and parameters.combine_type == "concatenate_and_remove_duplicates":
        wanted = (KEPT, UNRESOLVED) if parameters.tie_treatment_option == "keep_all" else (KEPT,)
        kept = np.isin(resolution.tie_result, wanted)
    if not kept.any():
        raise InvalidValueError("The result has no rows: all are unresolved duplicates or stars.")
    return kept
