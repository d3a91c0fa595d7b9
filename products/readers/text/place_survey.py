"""Survey of the places of words in the lines of a text: where no line has a character, and what stands between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from products.readers.text.source import Cleaning, TextSource

__all__ = ["Cells", "CellsOfColumn", "Survey", "TextBlocks", "cells_of_rows", "surveyed"]

_BLOCK = 1 << 20
_LONGEST_LINE = 100_000
_MOST_TEXTS = 1000

_Numbers = NDArray[np.int64]


@dataclass(slots=True)
class Survey:
    """Places of the words of all rows.

    Parameters
    ----------
    edges
        For each place in a line, the number of words that begin there less those that end before it.
    rows
        Number of rows.
    is_padded
        Whether rows have runs of several blanks, as tables with columns at fixed places have.
    """

    edges: _Numbers = field(default_factory=lambda: np.zeros(2, np.int64))
    rows: int = 0
    is_padded: bool = False

    def runs(self, others: Sequence[tuple[int, int]] = ()) -> tuple[tuple[int, int], ...]:
        """Return the runs of places at which a row, or one of some other words, has characters."""
        length = max(len(self.edges), *(end + 1 for _, end in others), 0)
        edges = np.zeros(length, np.int64)
        edges[: len(self.edges)] = self.edges
        for start, end in others:
            edges[start] += 1
            edges[end] -= 1
        filled = np.concatenate(([False], np.cumsum(edges) > 0, [False]))
        changes = np.flatnonzero(filled[1:] != filled[:-1]).tolist()
        return tuple(zip(changes[::2], changes[1::2], strict=True))


@dataclass(slots=True)
class CellsOfColumn:
    """Cells of a column: the first with several words, and whether all that are not empty have as many words."""

    several: list[str] = field(default_factory=list)
    is_uniform: bool = True
    words: int = 0


@dataclass(slots=True)
class Cells:
    """Cells of all rows at given places.

    Parameters
    ----------
    is_whole
        Whether each cell has one word.
    fields
        The numbers of words that rows have.
    may_be_cut
        Whether the last row alone has no last cell, and no line end: the file may be truncated.
    """

    columns: list[CellsOfColumn]
    is_whole: bool = True
    fields: set[int] = field(default_factory=set)
    may_be_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of a block of lines: the number of the row of each, and its places there."""

    rows: _Numbers
    starts: _Numbers
    ends: _Numbers
    lines: _Numbers

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class TextBlocks:
    """The text of a source as blocks of complete lines, which can be read repeatedly."""

    source: TextSource

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        with self.source.open(0, Cleaning()) as file:
            while block := file.read(_BLOCK):
                text = rest + block
                end = text.rfind(b"\n") + 1
                if not end and len(text) > 8 * _BLOCK:
                    return
                rest = text[end:]
                if end:
                    yield text[:end]
        if rest:
            yield rest


def surveyed(blocks: Iterator[bytes], *, has_header: bool) -> Survey | None:
    """Survey the rows below the header; None where they have no blanks at common places."""
    survey = Survey()
    for number, block in enumerate(blocks):
        if b"\t" in block:
            return None
        words = _words(block, skips_first=has_header and number == 0)
        if not len(words):
            continue
        length = int(words.ends.max()) + 1
        if length > _LONGEST_LINE:
            return None
        edges = np.bincount(words.starts, minlength=max(length, len(survey.edges)))
        edges -= np.bincount(words.ends, minlength=len(edges))
        edges[: len(survey.edges)] += survey.edges
        survey.edges = edges
        survey.rows += int(words.rows[-1]) + 1
        gaps = (words.starts[1:] - words.ends[:-1])[words.rows[1:] == words.rows[:-1]]
        survey.is_padded = survey.is_padded or bool((gaps > 1).any() or (_first_of_rows(words) > 0).any())
        if len(survey.runs()) < 2:
            return None
    return survey if survey.rows else None


def cells_of_rows(blocks: Iterator[bytes], widths: Sequence[tuple[int, int]], *, has_header: bool) -> Cells:
    """Count the words in each cell of the rows."""
    cells = Cells([CellsOfColumn() for _ in widths])
    lows = np.array([low for low, _ in widths])
    empty_ends, block, counts = 0, b"", np.zeros((0, len(widths)), np.int64)
    for number, block in enumerate(blocks):
        words = _words(block, skips_first=has_header and number == 0)
        if not len(words):
            continue
        column = np.searchsorted(lows, words.starts, side="right") - 1
        shape = (int(words.rows[-1]) + 1, len(widths))
        counts = np.bincount(words.rows * len(widths) + column, minlength=shape[0] * shape[1]).reshape(shape)
        cells.fields.update(np.unique(counts.sum(axis=1)).tolist())
        empty_ends += int((counts[:, -1] == 0).sum())
        if (counts == 1).all():
            for known in cells.columns:
                known.is_uniform, known.words = known.is_uniform and known.words in {0, 1}, known.words or 1
            continue
        cells.is_whole = False
        _note_words(cells, counts, words, block.decode().split("\n"), widths)
    cells.may_be_cut = len(counts) > 0 and counts[-1, -1] == 0 and empty_ends == 1 and not block.endswith(b"\n")
    return cells


def _note_words(
    cells: Cells, counts: _Numbers, words: _Words, lines: Sequence[str], widths: Sequence[tuple[int, int]]
) -> None:
    firsts = np.flatnonzero(np.concatenate(([True], words.rows[1:] != words.rows[:-1])))
    for number, known in enumerate(cells.columns):
        found = np.unique(counts[:, number])
        found = found[found > 0]
        if len(found) > 1 or (len(found) and known.words not in {0, int(found[0])}):
            known.is_uniform = False
        if len(found):
            known.words = int(found[-1])
        low, high = widths[number]
        for row in np.flatnonzero(counts[:, number] > 1)[: _MOST_TEXTS - len(known.several)]:
            known.several.append(lines[int(words.lines[firsts[row]])][low:high])


def _first_of_rows(words: _Words) -> _Numbers:
    return words.starts[np.concatenate(([True], words.rows[1:] != words.rows[:-1]))]


def _words(block: bytes, *, skips_first: bool) -> _Words:
    """Return the words of the lines that are no comments."""
    codes: NDArray[np.uint8] | NDArray[np.uint32] = (
        np.frombuffer(block, np.uint8)
        if block.isascii()
        else np.frombuffer(block.decode().encode("utf-32-le"), np.uint32)
    )
    breaks = np.flatnonzero(codes == 10)
    filled = np.concatenate(([False], codes > 32, [False]))
    edges = np.flatnonzero(filled[1:] != filled[:-1])
    starts, ends = edges[::2], edges[1::2]
    lines = np.searchsorted(breaks, starts)
    begins = np.concatenate(([0], breaks + 1))[lines]
    kept = codes[begins] != 35
    if skips_first and kept.any():
        kept &= lines != lines[np.argmax(kept)]
    lines, begins, starts, ends = lines[kept], begins[kept], starts[kept], ends[kept]
    rows = np.cumsum(np.concatenate(([0], lines[1:] != lines[:-1]))) if len(lines) else lines
    return _Words(rows, starts - begins, ends - begins, lines)
