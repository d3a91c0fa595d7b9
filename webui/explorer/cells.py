"""Values of rows as texts: numbers with all their digits, long texts and arrays shortened, addresses as links."""

import re
from dataclasses import dataclass

import pyarrow as pa

from core.columns import Column
from core.votable import cell_texts
from webui.explorer.rows import Rows

__all__ = ["Cell", "cells_of", "type_text"]

_INFINITIES = ("Infinity", "-Infinity")
_LONGEST_TEXT = 120
_SHOWN_ELEMENTS = 3
_ADDRESS = re.compile(r"""https?://[^\s/?#<>"\\][^\s<>"\\]*""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value for a template.

    Parameters
    ----------
    text
        The value, or its beginning; None without one.
    rest
        What the text leaves out, such as ``300 values``; empty when it is whole.
    link
        The address, where the value is one.
    """

    text: str | None
    rest: str = ""
    link: str = ""


def cells_of(rows: Rows, *, whole: bool = False) -> list[list[Cell]]:
    """Return the cells of each row.

    Parameters
    ----------
    whole
        Whether nothing is shortened.
    """
    columns = [_cells(array, column, whole) for array, column in zip(rows.arrays, rows.columns, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def type_text(column: Column) -> str:
    """Return the short name of the type of a column: ``double``, ``int[3]``, ``text``, ``timestamp``."""
    if column.is_text:
        return column.xtype or "text"
    name = column.xtype or column.datatype
    return f"{name}[{column.arraysize}]" if column.arraysize else name


def _cells(array: pa.Array, column: Column, whole: bool) -> list[Cell]:
    if column.arraysize is not None and not column.is_text and not whole:
        return [_shortened(values, column) for values in array]
    texts = cell_texts(array, column, _INFINITIES).to_pylist()
    if not column.is_text:
        return [Cell(text) for text in texts]
    links = "meta.ref.url" in (column.ucd or "").lower().split(";")
    return [_text(text, links, whole) for text in texts]


def _shortened(value: pa.Scalar, column: Column) -> Cell:
    if not value.is_valid:
        return Cell(None)
    elements = value.values
    beginning = pa.array([elements.slice(0, _SHOWN_ELEMENTS).to_pylist()], pa.large_list(elements.type))
    shape = Column(column.name, column.datatype, "*")
    text = cell_texts(beginning, shape, _INFINITIES).to_pylist()[0]
    count = len(elements)
    return Cell(text, f"{count} values" if count > _SHOWN_ELEMENTS else "")


def _text(text: str | None, links: bool, whole: bool) -> Cell:
    if text is None:
        return Cell(None)
    link = text if links and _ADDRESS.fullmatch(text) else ""
    if whole or len(text) <= _LONGEST_TEXT:
        return Cell(text, link=link)
    return Cell(text[:_LONGEST_TEXT], f"{len(text)} characters", link)
