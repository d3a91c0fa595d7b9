"""Mapping of the columns of a catalogue to the names of the pipeline."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.combine.configuration import RESERVED, CatalogueInput, ExtraColumn

__all__ = ["CatalogueError", "WrongValuesError", "mapped_columns"]

_MOST_EXAMPLES = 5

#: Columns that earlier results of this pipeline carry and new ones make afresh.
_MADE_AFRESH = ("CRD_ID", "compared_to", "group_id")
_RESULT = {"CRD_ID", "ra", "dec", "z", "source"}
_RESULT_SIGNS = {
    "tie_result",
    "compared_to",
    "group_id",
    "z_flag_homogenized",
    "instrument_type_homogenized",
    "is_in_DP1_fields",
    "is_in_rubin_footprint",
}


class CatalogueError(InvalidValueError):
    """Raised when a catalogue cannot be combined; the message begins with its name."""

    code = "InvalidCatalogue"

    def __init__(self, catalogue: str, sentence: str) -> None:
        super().__init__(f"Catalogue {catalogue}: {sentence}")
        self.catalogue = catalogue


class WrongValuesError(CatalogueError):
    """Raised when values of a column cannot be used; those of other parts of the catalogue are added.

    Parameters
    ----------
    column
        What the values are of.
    examples
        Different ones of the values.
    sentence
        Returns the message of a number of values and at most five examples.
    in_order
        Whether the examples are the lowest values, instead of the first ones.
    """

    def __init__(
        self,
        catalogue: str,
        column: str,
        count: int,
        examples: Sequence[Any],  # texts or numbers
        sentence: Callable[[int, Sequence[Any]], str],
        *,
        in_order: bool = False,
    ) -> None:
        self.examples = tuple(sorted(examples) if in_order else examples)[:_MOST_EXAMPLES]
        super().__init__(catalogue, sentence(count, self.examples))
        self.column, self.count, self._sentence, self._in_order = column, count, sentence, in_order

    def with_values_of(self, other: "WrongValuesError") -> "WrongValuesError":
        """Return the error with those of a later part of the catalogue; the same one if they are of another column."""
        if other.column != self.column:
            return self
        examples = list(dict.fromkeys((*self.examples, *other.examples)))
        count = self.count + other.count
        return WrongValuesError(self.catalogue, self.column, count, examples, self._sentence, in_order=self._in_order)


def mapped_columns(
    entry: CatalogueInput, table: pa.Table, extra_columns: Mapping[str, ExtraColumn]
) -> dict[str, pa.ChunkedArray]:
    """Rename the columns of a catalogue as the configuration maps them; others keep their names.

    Conditions may name a mapped column as its catalogue does, too, unless the pipeline uses that name itself.
    A column whose name is needed for a mapped one is kept under ``<name>__orig``. Extra columns from another source
    are copied first, under their own name.

    Raises
    ------
    CatalogueError
        When a mapped column does not exist, or the catalogue has a column twice.
    """
    names = table.column_names
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise CatalogueError(entry.internal_name, f"the column {twice} exists twice.")
    mapping = _mapping(entry, set(names))
    _check_sources(entry, mapping, names)
    sources = {source for source in mapping.values() if source in names}
    columns: dict[str, pa.ChunkedArray] = {}
    for name in names:
        if name in mapping and mapping[name] != name:
            if name not in sources:
                columns[_free_name(name, names)] = table[name]
        elif name not in sources or name in mapping:
            columns[name] = table[name]
    for target, source in mapping.items():
        columns[target] = table[source]
    _copy_homogenised(entry, columns)
    for source in sources.difference(columns, RESERVED, {"type"}):
        columns[source] = table[source]
    for output, extra in extra_columns.items():
        if extra.source is not None and extra.source != output:
            columns.pop(output, None)
            if extra.source in names:
                columns[output] = table[extra.source]
    return {name: column for name, column in columns.items() if not name.startswith(_stale(name))}


def _mapping(entry: CatalogueInput, names: set[str]) -> dict[str, str]:
    mapping = {target: source for target, source in entry.columns.model_dump().items() if source}
    if names >= _RESULT and names & _RESULT_SIGNS:
        mapping["id"] = "id" if "id" in names else "CRD_ID"
    return mapping


def _check_sources(entry: CatalogueInput, mapping: Mapping[str, str], names: list[str]) -> None:
    for target, source in mapping.items():
        if source not in names:
            near = difflib.get_close_matches(source, names, n=3, cutoff=0.5)
            hint = f"similar ones are {', '.join(near)}" if near else f"it has {', '.join(names[:8])}"
            raise CatalogueError(
                entry.internal_name, f"the column {source}, mapped to {target}, does not exist; {hint}."
            )


def _free_name(name: str, names: list[str]) -> str:
    number, free = 1, f"{name}__orig"
    while free in names:
        number, free = number + 1, f"{name}__orig{number}"
    return free


def _copy_homogenised(entry: CatalogueInput, columns: dict[str, pa.ChunkedArray]) -> None:
    """Copy a homogenised column that is mapped as the raw one, so that it keeps its own name as well."""
    for raw in ("z_flag", "instrument_type"):
        if getattr(entry.columns, raw) == f"{raw}_homogenized":
            columns[f"{raw}_homogenized"] = columns[raw]


def _stale(name: str) -> tuple[str, ...]:
    return tuple(f"{made}_prev" for made in _MADE_AFRESH) + ((name,) if name in _MADE_AFRESH else ())
