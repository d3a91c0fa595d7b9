"""The tables of a VOTable document: their names and sizes, without their values."""

import mmap
import re
from pathlib import Path
from typing import Any

from products.readers.base import TableChoice
from products.readers.votable.document import DocumentHandler, parsed_pieces

__all__ = ["votable_tables"]

_TABLE = re.compile(rb"<(?:[\w.-]+:)?TABLE[\s>]")


def votable_tables(path: Path, name: str, *, even_one: bool = False) -> list[TableChoice]:
    """Return the tables of a document that have columns.

    A document that seems to have one table alone is not parsed for it, unless ``even_one`` is set; the list is empty.

    Raises
    ------
    UnreadableFileError
        The document is truncated or not well formed.
    """
    if not even_one and not _has_several(path):
        return []
    survey = _Survey(name)
    for _ in parsed_pieces(path, survey):
        pass
    return survey.tables


def _has_several(path: Path) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = _TABLE.finditer(data)
        several = next(starts, None) is not None and next(starts, None) is not None
        del starts  # it refers to the map, which is closed here
    return several


class _Survey(DocumentHandler):
    """SAX handler that counts the columns and rows of all tables."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.tables: list[TableChoice] = []
        self._label = ""
        self._columns = self._rows = 0
        self._declared: int | None = None
        self._in_table = False

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX names it; its attributes have no type
        """Count an element."""
        tag = name.rpartition(":")[2]
        if tag == "TABLE":
            self._in_table, self._columns, self._rows = True, 0, 0
            self._label = (attrs.get("name") or attrs.get("ID") or "").strip()
            number = str(attrs.get("nrows", ""))
            self._declared = int(number) if number.isdigit() else None
        elif tag == "FIELD" and self._in_table:
            self._columns += 1
        elif tag == "TR":
            self._rows += 1
        elif tag in {"BINARY", "BINARY2", "FITS", "PARQUET"}:
            self._rows = -1

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX names it
        """Keep a table at its end."""
        if name.rpartition(":")[2] == "TABLE":
            self._in_table = False
            if self._columns:
                label = self._label if self._label and all(self._label != known.name for known in self.tables) else ""
                rows = self._declared if self._rows < 0 else self._rows
                self.tables.append(TableChoice(label or f"table {len(self.tables) + 1}", rows, self._columns))
