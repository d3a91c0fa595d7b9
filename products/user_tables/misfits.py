"""Messages about rows that do not fit into a table: the row, the column and the value."""

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from core.errors import InvalidValueError

__all__ = ["delimited_misfit", "first_misfit"]

_CONVERSION = re.compile(r"In CSV column #(\d+):.* conversion error to (\w+): (.*)", re.DOTALL)
_VALUE = re.compile(r"invalid value '(.*)'", re.DOTALL)
#: Arrow names a row when it reads in one thread alone.
_FIELDS = re.compile(r"CSV parse error: (?:Row #\d+: )?Expected (\d+) columns, got (\d+)")


def delimited_misfit(path: Path, delimiter: str, names: Sequence[str], error: Exception) -> InvalidValueError:
    """Return the error for a delimited text file that Arrow could not read.

    Parameters
    ----------
    names
        Names of the columns of the file; empty when its header could not be read.
    error
        The error of Arrow, which names no row.
    """
    text = " ".join(str(error).split())
    if found := _CONVERSION.match(text):
        position, kind, rest = int(found[1]), found[2], found[3]
        value = _VALUE.match(rest)
        row = _first_row(path, delimiter, lambda fields: _is_value(fields, position, value[1] if value else None))
        name = names[position] if position < len(names) else str(position + 1)
        given = f"the value '{value[1][:100]}'" if value else "a value that is not UTF-8"
        return _misfit(row, f"{given} of the column '{name[:100]}' is not of the type {kind}")
    if fields := _FIELDS.match(text):
        expected, got = int(fields[1]), int(fields[2])
        row = _first_row(path, delimiter, lambda given: len(given) == got)
        return _misfit(row, f"there are {got} values, and {expected} columns")
    return InvalidValueError(
        f"The rows could not be read. {text[:1].upper()}{text[1:300].rstrip('.')}. Nothing was added."
    )


def first_misfit(array: pa.Array, kind: pa.DataType) -> int:
    """Return the position of the first value that cannot be cast to a type; one of them cannot."""
    first, end = 0, len(array)
    while end - first > 1:
        middle = (first + end) // 2
        try:
            array.slice(first, middle - first).cast(kind)
        except pa.ArrowException:
            end = middle
        else:
            first = middle
    return first


def _misfit(row: int | None, what: str) -> InvalidValueError:
    where = "In a row" if row is None else f"In row {row}"
    return InvalidValueError(f"The rows could not be read. {where}, {what}. Nothing was added.")


def _is_value(fields: Sequence[str], position: int, value: str | None) -> bool:
    if position >= len(fields):
        return False
    return (
        fields[position].strip() == value
        if value is not None
        else "\udc80" <= max(fields[position], default="") <= "\udcff"
    )


def _first_row(path: Path, delimiter: str, is_wrong: Callable[[list[str]], bool]) -> int | None:
    """Return the number of the first row after the header for which a condition holds."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = (fields for fields in csv.reader(file, delimiter=delimiter) if fields)
        try:
            next(rows, None)
            return next((number for number, fields in enumerate(rows, 1) if is_wrong(fields)), None)
        except csv.Error:
            return None
