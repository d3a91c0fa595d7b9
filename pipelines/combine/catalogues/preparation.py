"""Preparation of one catalogue: map columns, homogenise flags, cut rows, check positions.

A catalogue is prepared in parts, with the same outcome as if it were one: what depends on all of its rows is gathered
first (`Premises`), and what the report says is added up (`CatalogueCounts`).
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import column_of_field
from core.sky.positions import HIGHEST_RA, LOWEST_RA, within_turn
from pipelines.combine.catalogues.counts import CatalogueCounts
from pipelines.combine.catalogues.homogenisation import CatalogueRows, homogenised_flags, homogenised_instruments
from pipelines.combine.catalogues.mapping import CatalogueError, WrongValuesError, mapped_columns
from pipelines.combine.catalogues.models import PreparedCatalogue, PreparedRows
from pipelines.combine.catalogues.premises import Premises
from pipelines.combine.catalogues.priorities import priority_columns
from pipelines.combine.catalogues.values import numbers_of, texts_of, typed
from pipelines.combine.configuration import CatalogueInput, CombineConfiguration
from pipelines.combine.rules import FlagsTranslation
from pipelines.inputs.positions import input_positions

__all__ = [
    "CataloguePreparation",
    "expression_columns",
]

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


class CataloguePreparation:
    """Preparation of one catalogue, part by part: all parts are looked at before the first one is prepared.

    The methods raise `CatalogueError` when a mapped column is missing, numbers are none, hardly a row has a position, a
    survey has no rules, a condition cannot be evaluated, or homogenised values are out of range.
    """

    def __init__(self, entry: CatalogueInput, configuration: CombineConfiguration, rules: FlagsTranslation) -> None:
        self._entry, self._param, self._rules = entry, configuration.param, rules
        self._premises = Premises()
        self._counts = CatalogueCounts(entry.internal_name)
        self._sources: frozenset[str] = frozenset()

    def look_at(self, table: pa.Table) -> None:
        """Gather what must be known of all rows, of the next ones."""
        _refuse_other_units(self._entry, table)
        columns = mapped_columns(self._entry, table, self._param.extra_columns)
        self._premises.add_columns({name: column for name, column in columns.items() if name not in _FLOATS})
        wanted = {"survey"}
        if "z_flag_homogenized" not in columns:
            wanted.add("z_flag")
        if "instrument_type_homogenized" not in columns:
            wanted.add("type")
        if not columns.keys() & (wanted - {"survey"}):
            return
        chosen = {name: column for name, column in columns.items() if name in wanted}
        try:
            tidy = _tidied(self._entry, chosen, table.num_rows, self._premises)
        except WrongValuesError:
            return  # All of such values are counted when rows are prepared.
        if "z_flag" in chosen:
            self._premises.add_flags(tidy["z_flag"].to_numpy(zero_copy_only=False))
        if "type" in chosen:
            self._premises.add_types(tidy["type"])

    def prepare(self, table: pa.Table) -> PreparedRows:
        """Prepare the next rows."""
        entry, name, parameters, premises = self._entry, self._entry.internal_name, self._param, self._premises
        self._sources = frozenset(table.column_names)
        mapped = mapped_columns(entry, table, parameters.extra_columns)
        columns = _tidied(entry, mapped, table.num_rows, premises)
        z_flag = columns["z_flag"].to_numpy(zero_copy_only=False)
        rows = CatalogueRows(name, columns, columns["survey"], z_flag)
        flags = homogenised_flags(rows, self._rules, are_probabilities=premises.flags_are_probabilities)
        is_own = "instrument_type_homogenized" not in columns and premises.types_are_instruments
        instruments = homogenised_instruments(
            rows, self._rules, types_are_instruments=is_own, whole=premises.whole("instrument_type_homogenized")
        )
        if is_own:
            columns["instrument_type"] = instruments
        above = _kept(flags, parameters.z_flag_homogenized_value_to_cut)
        first = self._counts.rows + 1
        self._counts.add(rows, flags, instruments, above)
        keep = self._placed(columns, above)
        result = self._result_columns(columns, flags, instruments, first)
        scores = {
            column: _score(columns, column, name)
            for column in priority_columns(parameters, self._rules)
            if column not in {"z_flag_homogenized", "instrument_type_homogenized"}
        }
        if not keep.all():
            result = {key: column.filter(pa.array(keep)) for key, column in result.items()}
        return PreparedRows(
            columns=result,
            scores={key: score[keep] for key, score in scores.items()},
            tie_result=_earlier_ties(columns, name)[keep],
        )

    def finish(self) -> PreparedCatalogue:
        """Return what the report says of the catalogue, after all rows were prepared."""
        counts = self._counts
        counts.check()
        report = counts.report()
        return PreparedCatalogue(
            counts.rows_out, self._sources, report, counts.surveys_by_frequency(), counts.warnings(report)
        )

    def _placed(self, columns: dict[str, pa.Array], above: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return the rows above the cut that have a position; put their right ascensions into 0 to 360."""
        ra, dec = (columns[name].to_numpy(zero_copy_only=False) for name in ("ra", "dec"))
        all_rows, found = input_positions(ra, dec), input_positions(ra[above], dec[above])
        keep = above.copy()
        keep[above] = found.placed
        beyond = ((ra < 0) & (ra >= LOWEST_RA)) | (ra == HIGHEST_RA)
        if beyond.any():
            ra = ra.copy()
            ra[beyond] = within_turn(ra[beyond])
            columns["ra"] = pa.array(ra, from_pandas=True)
        self._counts.add_positions(ra, dec, all_rows, found)
        return keep

    def _result_columns(
        self, columns: Mapping[str, pa.Array], flags: _Numbers, instruments: pa.Array, first: int
    ) -> dict[str, pa.Array]:
        """Return the columns of the result, whose first row has this number in its catalogue."""
        rows, name, parameters = len(flags), self._entry.internal_name, self._param
        numbers = pa.array(np.arange(first, first + rows)).cast(pa.string())
        result = {
            "CRD_ID": pc.binary_join_element_wise(pa.scalar(f"CRD{self._entry.number}"), numbers, "_"),
            **{key: columns[key] for key in ("id", *_FLOATS, "instrument_type", "survey")},
            "source": pa.repeat(name, rows),
            "z_flag_homogenized": pa.array(flags, from_pandas=True),
            "instrument_type_homogenized": instruments,
        }
        for column in priority_columns(parameters, self._rules):
            if column not in result:
                result[column] = pa.array(_score(columns, column, name), from_pandas=True)
        extra = {column: each.type for column, each in parameters.extra_columns.items()}
        for column, kind in (*expression_columns(self._rules).items(), *extra.items()):
            whole = self._premises.whole(column)
            result[column] = typed(columns.get(column), kind, rows, column, name, whole=whole)
        return result


def _tidied(
    entry: CatalogueInput, columns: Mapping[str, pa.ChunkedArray], rows: int, premises: Premises
) -> dict[str, pa.Array]:
    tidy: dict[str, pa.Array] = {
        name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name, column in columns.items()
        if name not in _FLOATS and name not in _TEXTS
    }
    for name in _TEXTS:
        if name in columns or name != "type":
            tidy[name] = texts_of(columns.get(name), rows, whole=premises.whole(name))
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


def _score(columns: Mapping[str, pa.Array], column: str, catalogue: str) -> _Numbers:
    if column not in columns:
        raise CatalogueError(catalogue, f"the column {column}, which decides between duplicates, does not exist.")
    array = columns[column]
    return numbers_of(array, len(array), column, catalogue)


def _earlier_ties(columns: Mapping[str, pa.Array], catalogue: str) -> npt.NDArray[np.int8]:
    rows = len(columns["z"])
    earlier = numbers_of(columns.get("tie_result"), rows, "tie_result", catalogue)
    wrong = earlier[~np.isnan(earlier) & ~np.isin(earlier, (0, 1, 2, 3))]
    if len(wrong):
        raise CatalogueError(catalogue, f"tie_result of an earlier product must be 0, 1, 2 or 3, not {wrong[0]:g}.")
    return np.where(np.isnan(earlier), 1, earlier).astype(np.int8)


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
