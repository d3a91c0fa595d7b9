"""Selection of the tables of a FITS file that are read: the first, that of a choice, or several side by side."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import InvalidValueError
from products.readers.base import TableChoice, chosen_tables
from products.readers.errors import listed
from products.readers.fits.columns import AsciiColumn, BinaryColumn
from products.readers.fits.hdus import FitsTable

__all__ = ["Selection", "selected_tables", "without_repeated_columns"]

_IDENTIFIER = re.compile(r"(^|_)(\w*id|name|number)$", re.IGNORECASE)
_NUMBERED = re.compile(r"HDU (\d{1,4})", re.IGNORECASE)
_CHECKED_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class Selection:
    """The tables that are read, with the notes about them, and of a qp ensemble its tables META and DATA."""

    tables: tuple[FitsTable, ...]
    choices: tuple[TableChoice, ...]
    notes: tuple[str, ...]
    ensemble: tuple[FitsTable, FitsTable] | None = None


def selected_tables(tables: Sequence[FitsTable], name: str, wanted: str | None) -> Selection:
    """Select the first table, the tables of a qp ensemble of photo-z distributions, or those of a choice.

    Raises
    ------
    InvalidValueError
        There is no such table, or the tables of the choice have different numbers of rows.
    """
    choices = [TableChoice(each.label, each.rows, len(each.names)) for each in tables]
    notes: list[str] = []
    ensemble = None
    if wanted is not None:
        taken = [tables[number] for number in _numbers(tables, choices, name, wanted)]
        _check_rows(taken, name)
    elif ensemble := _ensemble(tables):
        _, data = ensemble
        ancil = next((each for each in tables if each.label.upper() == "ANCIL"), None)
        if ancil is not None and ancil.rows != data.rows:
            notes.append(
                f"The ancillary columns of {name} are left out: ANCIL has {ancil.rows} rows, and DATA {data.rows}."
            )
        taken = [data] if ancil is None or ancil.rows != data.rows else [ancil, data]
    else:
        taken = [tables[0]]
    others = [f"{each.label} ({each.rows} rows)" for each in tables if each not in taken]
    if others and ensemble is None:
        which = "The first table" if wanted is None else "The table" if len(taken) == 1 else "The tables"
        verb = "was" if len(taken) == 1 else "were"
        notes.append(
            f"{which}, {listed([each.label for each in taken])}, {verb} read; there are others: {listed(others)}."
        )
    labels = {each.label for each in taken}
    read = tuple(replace(each, is_read=each.name in labels) for each in choices)
    return Selection(tuple(taken), read, tuple(notes), ensemble)


def without_repeated_columns(
    tables: Sequence[FitsTable], path: Path, name: str
) -> dict[str, tuple[FitsTable, BinaryColumn | AsciiColumn]]:
    """Return the columns of tables that are read side by side, by name.

    A column that two tables have with the same values is one column. With other values, a second one is named after
    its table; identifiers with other values show that the rows do not belong together.

    Raises
    ------
    InvalidValueError
        Identifiers differ.
    """
    sources: dict[str, tuple[FitsTable, BinaryColumn | AsciiColumn]] = {}
    for table in tables:
        for column in table.columns:
            known = sources.get(column.name)
            if known is None:
                sources[column.name] = (table, column)
            elif _are_equal(known, (table, column), path, name):
                continue
            elif _IDENTIFIER.search(column.name):
                raise InvalidValueError(
                    f"The rows of {known[0].label} and {table.label} in {name} do not belong together: their columns "
                    f"{column.name} differ. Choose one of the tables.",
                    field="table",
                )
            else:
                sources[f"{table.label}.{column.name}"] = (table, column)
    return sources


def _numbers(tables: Sequence[FitsTable], choices: Sequence[TableChoice], name: str, wanted: str) -> list[int]:
    """Return the numbers of the tables of a choice, in which ``HDU 2`` also names an extension that has a name."""
    numbered = _NUMBERED.fullmatch(wanted.strip())
    known = {each.label.casefold() for each in tables}
    if numbered and wanted.strip().casefold() not in known:
        by_number = {each.number: position for position, each in enumerate(tables)}
        if (position := by_number.get(int(numbered[1]))) is not None:
            return [position]
    return chosen_tables(name, choices, wanted)


def _ensemble(tables: Sequence[FitsTable]) -> tuple[FitsTable, FitsTable] | None:
    labels = {table.label.upper(): table for table in tables}
    meta, data = labels.get("META"), labels.get("DATA")
    return (meta, data) if meta and data and "pdf_name" in meta.names and meta.rows else None


def _check_rows(tables: Sequence[FitsTable], name: str) -> None:
    if len({table.rows for table in tables}) > 1:
        numbers = listed([f"{table.label} has {table.rows} rows" for table in tables])
        raise InvalidValueError(
            f"Tables of {name} can be read side by side only when they have as many rows as each other: {numbers}.",
            field="table",
        )


def _are_equal(
    one: tuple[FitsTable, BinaryColumn | AsciiColumn],
    other: tuple[FitsTable, BinaryColumn | AsciiColumn],
    path: Path,
    name: str,
) -> bool:
    data = np.memmap(path, np.uint8, "r")
    for first in range(0, one[0].rows, _CHECKED_ROWS):
        last = min(one[0].rows, first + _CHECKED_ROWS)
        arrays = [
            column.array(table.cells(data, first, last)(column.name), data[table.heap[0] : sum(table.heap)], name)
            for table, column in (one, other)
        ]
        if not arrays[0].equals(arrays[1]):
            return False
    return True
