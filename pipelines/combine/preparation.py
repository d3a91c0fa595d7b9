"""Preparation of one catalogue: map columns, homogenise flags, cut rows, check positions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import column_of_field
from core.sky.positions import HIGHEST_RA, within_turn
from pipelines.combine.configuration import CatalogueInput, CombineConfiguration, CombineParameters
from pipelines.combine.homogenisation import CatalogueRows, homogenised_flags, homogenised_instruments
from pipelines.combine.mapping import CatalogueError, mapped_columns
from pipelines.combine.report import CatalogueReport, counts_of
from pipelines.combine.resolution import Priority
from pipelines.combine.rules import FlagsTranslation
from pipelines.combine.values import numbers_of, texts_of, typed
from pipelines.inputs.positions import input_positions

__all__ = ["Prepared", "expression_columns", "prepare", "priorities_of", "priority_columns"]

_Numbers = npt.NDArray[np.float64]

_FLOATS = ("ra", "dec", "z", "z_err", "z_flag")
_TEXTS = ("id", "instrument_type", "survey", "type")
#: Letters that two surveys have for flags.
_LETTERS: Mapping[str, Mapping[str, float]] = {
    "JADES": {"A": 4, "B": 3, "C": 2, "D": 1, "E": 0},
    "VIMOS": {
        "LRB_X": 0, "MR_X": 0, "LRB_B": 1, "LRB_C": 1, "MR_C": 1, "MR_B": 3, "LRB_A": 4, "MR_A": 4,
    },
}  # fmt: skip
_HOURS = {"h", "hour", "hours", "hr", "hourangle", "hms", "h:m:s"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """The prepared rows of one catalogue.

    Parameters
    ----------
    columns
        Columns of the result that stand in this catalogue, and nothing else, all of one length.
    scores
        For each column of the priority list that is no homogenised one, its values.
    sources
        Names of the columns that were read of this catalogue.
    """

    columns: Mapping[str, pa.Array]
    scores: Mapping[str, _Numbers]
    sources: frozenset[str]
    tie_result: npt.NDArray[np.int8]
    report: CatalogueReport
    surveys_in: Mapping[str, int]
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tie_result)


def priority_columns(parameters: CombineParameters, rules: FlagsTranslation) -> tuple[str, ...]:
    """Return the columns that decide between duplicates; none if duplicates are not resolved."""
    if parameters.combine_type == "concatenate":
        return ()
    return rules.tiebreaking_priority if parameters.tiebreaking_priority is None else parameters.tiebreaking_priority


def expression_columns(rules: FlagsTranslation) -> dict[str, str]:
    """Return the columns of conditions that stay in the result, with their types."""
    if not rules.save_expr_columns:
        return {}
    names = dict.fromkeys(
        name
        for survey in rules.translation_rules.values()
        for translation in (survey.z_flag_translation, survey.instrument_type_translation)
        for condition in (translation.conditions if translation else ())
        for name in condition.expression.names
    )
    standard = {*_FLOATS, *_TEXTS, "z_flag_homogenized", "instrument_type_homogenized"}
    return {name: rules.expr_column_schema.get(name, "float") for name in names if name not in standard}


def prepare(
    entry: CatalogueInput, table: pa.Table, configuration: CombineConfiguration, rules: FlagsTranslation
) -> Prepared:
    """Prepare one catalogue.

    Raises
    ------
    CatalogueError
        When a mapped column is missing, numbers are none, hardly a row has a position, a survey has no rules, a
        condition cannot be evaluated, or homogenised values are out of range.
    """
    name, parameters = entry.internal_name, configuration.param
    _refuse_other_units(entry, table)
    columns = _tidied(entry, mapped_columns(entry, table, parameters.extra_columns), table.num_rows)
    z_flag = columns["z_flag"].to_numpy(zero_copy_only=False)
    rows = CatalogueRows(name, columns, columns["survey"], z_flag)
    flags = homogenised_flags(rows, rules)
    instruments, own = homogenised_instruments(rows, rules)
    if own:
        columns["instrument_type"] = instruments
    above = _kept(flags, parameters.z_flag_homogenized_value_to_cut)
    keep, position_warning = _placed(columns, above, name)
    result = _result_columns(entry, columns, flags, instruments, parameters, rules)
    scores = {
        column: _score(columns, column, name)
        for column in priority_columns(parameters, rules)
        if column not in {"z_flag_homogenized", "instrument_type_homogenized"}
    }
    report = CatalogueReport(
        internal_name=name,
        rows_in=table.num_rows,
        rows_cut=int(table.num_rows - above.sum()),
        rows_without_position=int(above.sum() - keep.sum()),
        rows_out=0,
        flags_before=counts_of(rows.z_flag),
        flags_after=counts_of(flags),
        instruments=_text_counts(instruments),
        flags_without_rule=counts_of(rows.z_flag[np.isnan(flags)]),
    )
    if not keep.all():
        result = {key: column.filter(pa.array(keep)) for key, column in result.items()}
    return Prepared(
        columns=result,
        scores={key: score[keep] for key, score in scores.items()},
        sources=frozenset(table.column_names),
        tie_result=_earlier_ties(columns, name)[keep],
        report=report,
        surveys_in=_text_counts(columns["survey"]),
        warnings=(*position_warning, *_warnings(report, columns)),
    )


def priorities_of(each: Prepared, param: CombineParameters, rules: FlagsTranslation) -> list[Priority]:
    """Return the columns of a catalogue that decide between duplicates, the most important first."""
    found = []
    for name in priority_columns(param, rules):
        if name == "instrument_type_homogenized":
            score = _instrument_scores(each.columns[name], rules)
        elif name == "z_flag_homogenized":
            score = each.columns[name].to_numpy(zero_copy_only=False)
        else:
            score = each.scores[name]
        found.append(Priority(name, score))
    return found


def _tidied(entry: CatalogueInput, columns: dict[str, pa.ChunkedArray], rows: int) -> dict[str, pa.Array]:
    tidy: dict[str, pa.Array] = {
        name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name, column in columns.items()
        if name not in _FLOATS and name not in _TEXTS
    }
    for name in _TEXTS:
        if name in columns or name != "type":
            tidy[name] = texts_of(columns.get(name), rows)
    tidy["survey"] = pc.utf8_upper(tidy["survey"])
    if "type" in tidy:
        tidy["type"] = pc.utf8_lower(tidy["type"])
    for name in _FLOATS:
        column = columns.get(name)
        if name == "z_flag" and column is not None:
            column = _without_letters(column, tidy["survey"])
        numbers = numbers_of(column, rows, name, entry.internal_name)
        tidy[name] = pa.array(numbers, from_pandas=True)
    return tidy


def _without_letters(column: pa.ChunkedArray, survey: pa.Array) -> pa.ChunkedArray | pa.Array:
    """Convert flags that are letters to numbers, and other texts that are not numbers to null."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    texts = texts_of(column, len(column))
    for name, letters in _LETTERS.items():
        here = pc.fill_null(pc.equal(survey, name), fill_value=False)
        if not pc.any(here).as_py():
            continue
        places = pc.index_in(pc.utf8_upper(texts), pa.array(list(letters)))
        numbers = pa.array([f"{value:g}" for value in letters.values()]).take(places)
        numeric = pc.match_substring_regex(texts, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        texts = pc.if_else(pc.and_(here, pc.invert(pc.fill_null(numeric, fill_value=False))), numbers, texts)
    return texts


def _kept(flags: _Numbers, cut: float | None) -> npt.NDArray[np.bool_]:
    return np.ones(len(flags), dtype=np.bool_) if cut is None else flags >= cut


def _result_columns(
    entry: CatalogueInput,
    columns: Mapping[str, pa.Array],
    flags: _Numbers,
    instruments: pa.Array,
    parameters: CombineParameters,
    rules: FlagsTranslation,
) -> dict[str, pa.Array]:
    rows, name = len(flags), entry.internal_name
    numbers = pa.array(np.arange(1, rows + 1)).cast(pa.string())
    result = {
        "CRD_ID": pc.binary_join_element_wise(pa.scalar(f"CRD{entry.number}"), numbers, "_"),
        **{key: columns[key] for key in ("id", *_FLOATS, "instrument_type", "survey")},
        "source": pa.repeat(name, rows),
        "z_flag_homogenized": pa.array(flags, from_pandas=True),
        "instrument_type_homogenized": instruments,
    }
    for column in priority_columns(parameters, rules):
        if column not in result:
            result[column] = pa.array(_score(columns, column, name), from_pandas=True)
    for column, kind in expression_columns(rules).items():
        result[column] = typed(columns.get(column), kind, rows, column, name)
    for column, extra in parameters.extra_columns.items():
        result[column] = typed(columns.get(column), extra.type, rows, column, name)
    return result


def _score(columns: Mapping[str, pa.Array], column: str, catalogue: str) -> _Numbers:
    if column not in columns:
        raise CatalogueError(catalogue, f"the column {column}, which decides between duplicates, does not exist.")
    array = columns[column]
    return numbers_of(array, len(array), column, catalogue)


def _instrument_scores(types: pa.Array, rules: FlagsTranslation) -> _Numbers:
    encoded = types.dictionary_encode()
    priorities: Mapping[str, float] = rules.instrument_type_priority
    scores = np.array([*(priorities.get(kind, 0.0) for kind in encoded.dictionary.to_pylist()), 0.0])
    codes = encoded.indices.fill_null(len(scores) - 1).to_numpy(zero_copy_only=False)
    chosen: _Numbers = scores[codes]
    return chosen


def _earlier_ties(columns: Mapping[str, pa.Array], catalogue: str) -> npt.NDArray[np.int8]:
    rows = len(columns["z"])
    earlier = numbers_of(columns.get("tie_result"), rows, "tie_result", catalogue)
    wrong = earlier[~np.isnan(earlier) & ~np.isin(earlier, (0, 1, 2, 3))]
    if len(wrong):
        raise CatalogueError(catalogue, f"tie_result of an earlier product must be 0, 1, 2 or 3, not {wrong[0]:g}.")
    return np.where(np.isnan(earlier), 1, earlier).astype(np.int8)


def _placed(
    columns: dict[str, pa.Array], above: npt.NDArray[np.bool_], catalogue: str
) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Return the rows above the cut that have a position, and warnings; put their right ascensions into 0 to 360."""
    ra, dec = (columns[name].to_numpy(zero_copy_only=False) for name in ("ra", "dec"))
    whole, found = input_positions(ra, dec), input_positions(ra[above], dec[above])
    if whole.are_wrong:
        raise CatalogueError(
            catalogue, f"its columns ra and dec hardly hold positions in degrees. {whole.sentence} Map other columns."
        )
    keep = above.copy()
    keep[above] = found.placed
    if found.counts.ra_negative or (ra[keep] == HIGHEST_RA).any():
        columns["ra"] = pa.array(within_turn(np.where(np.isfinite(ra), ra, np.nan)), from_pandas=True)
    return keep, () if found.warning is None else (f"{catalogue}: {found.warning}",)


def _refuse_other_units(entry: CatalogueInput, table: pa.Table) -> None:
    for target in ("ra", "dec"):
        source = getattr(entry.columns, target)
        if source is None:
            raise CatalogueError(entry.internal_name, f"no column is mapped to {target}.")
        if source in table.column_names and table.column_names.count(source) == 1:
            unit = (column_of_field(table.schema.field(source)).unit or "deg").strip().lower()
            if unit in _HOURS or unit in {"rad", "radian", "radians"}:
                raise CatalogueError(
                    entry.internal_name, f"the column {source} is in {unit}; positions must be in degrees."
                )


def _warnings(report: CatalogueReport, columns: Mapping[str, pa.Array]) -> tuple[str, ...]:
    found, name = [], report.internal_name
    unruled = sum(report.flags_without_rule.values())
    if unruled:
        values = ", ".join(list(report.flags_without_rule)[:5])
        found.append(f"{name}: {unruled} rows have a z_flag without a rule ({values}).")
    if report.rows_cut == report.rows_in:
        found.append(f"{name}: no row is left after the quality cut." if report.rows_in else f"{name}: is empty.")
    ra, dec, z = (columns[key].to_numpy(zero_copy_only=False) for key in ("ra", "dec", "z"))
    ra, dec = ra[np.isfinite(ra)], dec[np.isfinite(dec)]
    if len(ra) > 100 and ra.max() <= 24 and ra.min() < 4 and ra.max() > 20 and len(dec) and np.ptp(dec) > 10:
        found.append(f"{name}: all right ascensions lie between 0 and 24, as if they were in hours.")
    without = int(np.isnan(z).sum())
    if without:
        found.append(f"{name}: {without} rows have no redshift.")
    negative = int(np.sum(z < 0))
    if negative:
        found.append(f"{name}: {negative} rows have a negative redshift.")
    return tuple(found)


def _text_counts(texts: pa.Array) -> dict[str, int]:
    counted = texts.value_counts().to_pylist()
    ordered = sorted(counted, key=lambda each: (-each["counts"], each["values"] or ""))
    return {each["values"] or "missing": each["counts"] for each in ordered}
