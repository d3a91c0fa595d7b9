"""Homogenised quality flags and instrument types of one catalogue.

A catalogue that brings homogenised values keeps them; flags that are probabilities are read as such; otherwise each
row follows the rules of its survey.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.combine.catalogues.mapping import CatalogueError, WrongValuesError
from pipelines.combine.catalogues.values import numbers_of, texts_of
from pipelines.combine.rules import FLAGS, INSTRUMENTS, FlagsTranslation, Translation
from pipelines.expressions import ColumnValues, ExpressionError, column_values

__all__ = ["STAR", "CatalogueRows", "homogenised_flags", "homogenised_instruments"]

#: The homogenised flag of stars and of whatever else is not extragalactic.
STAR = 6.0

#: Least probability that a redshift is right, of each flag from 2 to 4.
_PROBABILITIES = (0.7, 0.9, 0.99)
#: Columns whose missing values are unknown to conditions, rather than NaN.
_STANDARD = frozenset({"ra", "dec", "z", "z_err", "z_flag", "z_flag_homogenized"})


@dataclass(frozen=True, slots=True)
class CatalogueRows:
    """The rows of one catalogue before the combination.

    Parameters
    ----------
    columns
        Every column under its name after mapping; the standard ones tidied.
    survey
        Survey of each row, in capitals, or null.
    z_flag
        Quality flag in the survey's own system, or NaN.
    """

    catalogue: str
    columns: Mapping[str, pa.Array]
    survey: pa.Array
    z_flag: npt.NDArray[np.float64]
    _surveys: list[tuple[str, npt.NDArray[np.int64] | None]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.z_flag)

    def surveys(self) -> list[tuple[str, npt.NDArray[np.int64] | None]]:
        """Return each survey with its row numbers; None when all rows belong to one survey."""
        if not self._surveys:
            encoded = self.survey.dictionary_encode()
            codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
            names = encoded.dictionary.to_pylist()
            if len(names) == 1 and not self.survey.null_count:
                self._surveys.append((names[0], None))
            else:
                order = np.argsort(codes, kind="stable")
                starts = np.searchsorted(codes[order], np.arange(len(names)))
                self._surveys.extend(zip(names, np.split(order, starts)[1:], strict=True))
        return self._surveys


def homogenised_flags(
    rows: CatalogueRows, rules: FlagsTranslation, *, are_probabilities: bool
) -> npt.NDArray[np.float64]:
    """Return the homogenised quality flag of each row, or NaN where no rule applies.

    Parameters
    ----------
    are_probabilities
        Whether the quality flags of the catalogue are probabilities.

    Raises
    ------
    CatalogueError
        When the catalogue's own homogenised flags are out of range, a survey has no rules, or a condition cannot be
        evaluated.
    """
    own = rows.columns.get("z_flag_homogenized")
    if own is not None:
        flags = numbers_of(own, len(rows), "z_flag_homogenized", rows.catalogue)
        _check_range(flags, rows.catalogue)
    elif are_probabilities:
        flags = np.where(rows.z_flag > 0, 1.0 + np.digitize(rows.z_flag, _PROBABILITIES), 0.0)
        flags[np.isnan(rows.z_flag)] = np.nan
    else:
        flags = np.full(len(rows), np.nan)
        for survey, chosen in rows.surveys():
            translation = _translation(rows, rules, survey, "z_flag_translation")
            flags[_all_or(chosen)] = _translated(rows, translation, survey, chosen, np.array([*FLAGS, np.nan]))
    return flags


def homogenised_instruments(
    rows: CatalogueRows, rules: FlagsTranslation, *, types_are_instruments: bool, whole: bool
) -> pa.Array:
    """Return the homogenised instrument type of each row, or null where no rule applies.

    Parameters
    ----------
    types_are_instruments
        Whether the column ``type`` of the catalogue has instrument types.
    whole
        As of `texts_of`, for the catalogue's own homogenised types.

    Raises
    ------
    CatalogueError
        As `homogenised_flags` does.
    """
    known = pa.array(INSTRUMENTS)
    own = rows.columns.get("instrument_type_homogenized")
    if own is not None:
        types = pc.utf8_lower(texts_of(own, len(rows), whole=whole))
        wrong = types.filter(pc.invert(pc.is_in(types, known))).unique().drop_null().to_pylist()
        if wrong:
            raise WrongValuesError(
                rows.catalogue, "instrument_type_homogenized", len(wrong), wrong,
                lambda _, examples: (
                    f"instrument_type_homogenized must be s, g or p; it holds {', '.join(map(repr, examples))}."
                ),
            )  # fmt: skip
        return types
    if types_are_instruments:
        return rows.columns["type"]
    codes = np.full(len(rows), len(INSTRUMENTS))
    for survey, chosen in rows.surveys():
        translation = _translation(rows, rules, survey, "instrument_type_translation")
        codes[_all_or(chosen)] = _translated(rows, translation, survey, chosen, np.arange(len(INSTRUMENTS) + 1))
    return pa.array([*INSTRUMENTS, None]).take(pa.array(codes))


def _check_range(flags: npt.NDArray[np.float64], catalogue: str) -> None:
    wrong = flags[~np.isin(flags, FLAGS) & ~np.isnan(flags)]
    if len(wrong):

        def sentence(count: int, examples: Sequence[float]) -> str:
            some = ", ".join(f"{value:g}" for value in examples)
            return (
                f"{count} values of z_flag_homogenized are out of range, for example {some}; they must be 0, 1, 2, 3, "
                "4 or 6."
            )

        found = np.unique(wrong).tolist()
        raise WrongValuesError(catalogue, "z_flag_homogenized", len(wrong), found, sentence, in_order=True)


def _translation(rows: CatalogueRows, rules: FlagsTranslation, survey: str, kind: str) -> Translation:
    found = rules.translation_rules.get(survey)
    translation: Translation | None = getattr(found, kind) if found else None
    if translation is None:
        known = sorted(name for name, each in rules.translation_rules.items() if getattr(each, kind))
        raise CatalogueError(
            rows.catalogue,
            f"the survey {survey!r} has no {kind} in the rules, which know {_some_of(survey, known)}. Add it to the "
            "flags translation file.",
        )
    return translation


def _some_of(survey: str, known: list[str]) -> str:
    """Return surveys with similar names, or the first few."""
    near = difflib.get_close_matches(survey, known, n=3, cutoff=0.6) or known[:5]
    more = len(known) - len(near)
    return (", ".join(near) or "no survey") + (f" and {more} more" if more and near else "")


def _translated(
    rows: CatalogueRows,
    translation: Translation,
    survey: str,
    chosen: npt.NDArray[np.int64] | None,
    results: npt.NDArray[np.generic],
) -> npt.NDArray[np.generic]:
    """Apply a translation; ``results`` are the values for each possible outcome, and for no outcome at the end."""
    possible: list[float | str] = [*(FLAGS if results.dtype.kind == "f" else INSTRUMENTS)]
    z_flag = rows.z_flag[_all_or(chosen)]
    start = len(possible) if translation.default is None else possible.index(translation.default)
    codes = np.full(len(z_flag), start)
    for value, outcome in translation.values.items():
        codes[z_flag == value] = possible.index(outcome)
    names = {name for condition in translation.conditions for name in condition.expression.names}
    columns = _columns_for(rows, names, chosen)
    for condition in translation.conditions:
        try:
            codes[condition.expression.holds(columns, len(z_flag))] = possible.index(condition.value)
        except ExpressionError as error:
            raise CatalogueError(rows.catalogue, f"the rules of survey {survey}: {error.message}") from error
    chosen_results: npt.NDArray[np.generic] = results[codes]
    return chosen_results


def _columns_for(rows: CatalogueRows, names: set[str], chosen: npt.NDArray[np.int64] | None) -> dict[str, ColumnValues]:
    columns = {}
    for name, column in rows.columns.items():
        if name in names:
            part = column if chosen is None else column.take(pa.array(chosen))
            try:
                columns[name] = column_values(part, missing_is_unknown=name in _STANDARD)
            except TypeError as error:
                raise CatalogueError(rows.catalogue, f"the rules need the column {name}: {error}.") from error
    return columns


def _all_or(chosen: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int64] | slice:
    return slice(None) if chosen is None else chosen
