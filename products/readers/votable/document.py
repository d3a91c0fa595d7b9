"""Incremental parser of VOTable XML (VOTable 1.5): the columns of the first table, then its data.

Document type declarations are refused, so that no entity is expanded and no external address is opened.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from products.readers.column_checks import ARRAYS_OF_ARRAYS, ARRAYS_OF_TEXTS, COMPLEX, NO_VALUES
from products.readers.errors import DamagedFileError, NotATableError, RaggedRowError
from products.readers.frames import frame_of_system
from products.readers.votable.densities import DensityGroups

__all__ = ["DocumentHandler", "TableHandler", "VotableField", "column_meanings", "parsed_pieces"]

_PIECE = 262_144
_MAX_DEPTH = 64
_PARTS_OF_COMPLEX = {"floatComplex": "float", "doubleComplex": "double"}
_MEANINGS = ("unit", "ucd", "utype", "xtype")


@dataclass(slots=True)
class VotableField:
    """A FIELD of a table, filled in while the document is parsed."""

    name: str
    datatype: str
    arraysize: str | None
    null: str | None = None
    meanings: dict[str, str] = field(default_factory=dict)
    shape: str | None = None
    id: str = ""

    def simplify(self) -> str | None:
        """Drop sizes of 1, which add no dimension, and return the reason why the column cannot be read, or None."""
        sizes = [size.strip() for size in (self.arraysize or "").split("x") if size.strip()]
        is_text = self.datatype in {"char", "unicodeChar"}
        several = [size for size in sizes[is_text:] if size != "1"]
        if self.datatype in _PARTS_OF_COMPLEX:
            return COMPLEX
        if is_text and several:
            return ARRAYS_OF_TEXTS
        if "0" in several:
            return NO_VALUES
        if len(several) > 1:
            return ARRAYS_OF_ARRAYS
        if len(sizes) > 1:
            self.arraysize = sizes[0] if is_text else several[0] if several else None
        return None

    @property
    def is_nested(self) -> bool:
        """Whether its values are anything else than numbers, texts, or arrays of numbers."""
        return "x" in (self.arraysize or "") or self.datatype in _PARTS_OF_COMPLEX

    def flatten(self) -> None:
        """Treat values of any shape as one-dimensional; ``shape`` keeps the original shape.

        Complex numbers are pairs of real ones; texts of one length are one text with its padding.
        """
        if not self.is_nested:
            return
        sizes = [size.strip() for size in (self.arraysize or "").split("x") if size.strip()]
        if self.datatype in _PARTS_OF_COMPLEX:
            self.datatype = _PARTS_OF_COMPLEX[self.datatype]
            sizes = ["2", *(size for size in sizes if size != "1")]
        numbers = [int(size.rstrip("*") or 1) for size in sizes]  # raises ValueError for an invalid size
        fixed = "*" not in sizes[-1]
        self.arraysize = str(math.prod(numbers)) if fixed else "*"
        # Readers disagree on what is counted in an array whose last size is open: values, or arrays of values.
        self.shape = "x".join(sizes) if fixed else "*"


class DocumentHandler(ContentHandler):
    """SAX handler of a VOTable.

    Attributes
    ----------
    name
        Name of the file in messages.
    finished
        Whether nothing more is to be read.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.finished = False


class TableHandler(DocumentHandler):
    """SAX handler that collects the first TABLE of a document.

    Parameters
    ----------
    name
        Name of the file in messages.
    number
        Which of the tables that have columns is collected, from 0.

    Attributes
    ----------
    fields
        The columns.
    serialization
        ``TABLEDATA``, ``BINARY``, ``BINARY2`` or ``FITS`` once the data have begun.
    extension
        Number of the extension of a FITS file that holds the rows, if the document has it.
    cells
        For TABLEDATA: for each column, the texts of the rows not yet taken.
    text
        For the binary serializations: the base64 text not yet taken.
    finished
        Whether the table has been read to its end.
    """

    def __init__(self, name: str, *, number: int = 0) -> None:
        super().__init__(name)
        self._before = number
        self.fields: list[VotableField] = []
        self.serialization: str | None = None
        self.extension: int | None = None
        self.cells: list[list[str]] = []
        self.text: list[str] = []
        self.rows = 0
        self._path: list[str] = []
        self._systems: dict[str, str | None] = {}
        self._densities = DensityGroups()
        self._collected: list[str] | None = None
        self._column = 0

    @property
    def rows_waiting(self) -> int:
        """Number of complete rows that were read and not yet taken."""
        return len(self.cells[-1]) if self.cells else 0

    def take_rows(self) -> list[list[str]]:
        """Return and remove the complete rows read so far; an incomplete row is kept."""
        rows = self.rows_waiting
        taken = [column[:rows] for column in self.cells]
        self.cells = [column[rows:] for column in self.cells]
        return taken

    def take_text(self) -> str:
        """Return and remove the base64 text read so far."""
        text = "".join(self.text)
        self.text.clear()
        return text

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX names it; its attributes have no type
        """Handle the beginning of an element."""
        if self.finished:
            return
        tag = name.rpartition(":")[2]
        self._path.append(tag)
        if tag == "TD":
            self._collected = None if self._before else []
        elif tag == "TR":
            self._column = 0
        else:
            self._start_other(tag, attrs)

    def endElement(self, name: str) -> None:  # noqa: N802, ARG002 - SAX names it; the path knows it
        """Handle the end of an element."""
        if self.finished:
            return
        tag = self._path.pop()
        if tag in {"TD", "TR"}:
            if not self._before:
                self._end_cell() if tag == "TD" else self._end_row()
        elif tag == "DESCRIPTION" and self._collected is not None:
            description = " ".join("".join(self._collected).split())
            if description:
                self.fields[-1].meanings["description"] = description
            self._collected = None
        elif tag == "GROUP" and self._path[-1:] == ["TABLE"]:
            self._densities.end({column.id: column for column in self.fields})
        elif tag == "TABLE" and self.fields:
            self._end_table()

    def characters(self, content: str) -> None:
        """Handle a piece of text."""
        if self._collected is not None:
            self._collected.append(content)
        elif self._path and self._path[-1] == "STREAM" and self._collects and not content.isspace():
            self.text.append(content)

    @property
    def _collects(self) -> bool:
        return not self.finished and not self._before

    def _end_table(self) -> None:
        self.finished = not self._before
        if self._before:
            self._before -= 1
            self.fields, self.serialization, self.extension = [], None, None

    def _start_other(self, tag: str, attrs: Mapping[str, str]) -> None:
        if len(self._path) > _MAX_DEPTH:
            raise DamagedFileError(f"{self.name} has elements nested deeper than {_MAX_DEPTH}: it is no VOTable.")
        parent = self._path[-2] if len(self._path) > 1 else ""
        if tag == "FIELD" and parent == "TABLE":
            self._start_field(attrs)
        elif tag == "COOSYS":
            self._systems[attrs.get("ID", "")] = frame_of_system(attrs.get("system", ""), attrs.get("equinox"))
        elif tag in {"PARAM", "GROUP", "FIELDref", "PARAMref"}:
            self._densities.start(tag, parent, attrs)
        elif tag == "VALUES" and parent == "FIELD" and attrs.get("null"):
            self.fields[-1].null = attrs["null"]
        elif tag == "DESCRIPTION" and parent == "FIELD":
            self._collected = []
        elif tag in {"TABLEDATA", "BINARY", "BINARY2", "FITS", "PARQUET"}:
            self._start_data(tag, attrs)
        elif tag == "STREAM" and self._collects and (attrs.get("href") or attrs.get("encoding", "base64") != "base64"):
            raise NotATableError(
                f"{self.name} keeps its rows elsewhere or compressed (its STREAM is not plain base64). "
                "Save it as TABLEDATA or BINARY2 and send it again."
            )

    def _start_field(self, attrs: Mapping[str, str]) -> None:
        meanings = {key: value for key in _MEANINGS if (value := attrs.get(key))}
        if frame := self._frame(attrs.get("ref", ""), meanings.get("ucd", "")):
            meanings["frame"] = frame
        self.fields.append(
            VotableField(
                name=attrs.get("name") or attrs.get("ID") or "",
                datatype=attrs.get("datatype", ""),
                arraysize=attrs.get("arraysize"),
                meanings=meanings,
                id=attrs.get("ID", ""),
            )
        )

    def _frame(self, reference: str, ucd: str) -> str | None:
        """Return the frame that a column refers to, or the only one of the document, for equatorial columns."""
        if reference in self._systems:
            return self._systems[reference]
        only = next(iter(self._systems.values())) if len(self._systems) == 1 else None
        return only if ucd.lower().startswith(("pos.eq.", "pos_eq_")) else None

    def _start_data(self, tag: str, attrs: Mapping[str, str]) -> None:
        if self._before:
            return
        if tag == "PARQUET":
            raise NotATableError(f"{self.name} is a VOTable around Parquet data. Send the Parquet file.")
        self.serialization = tag
        number = str(attrs.get("extnum", ""))
        self.extension = int(number) if number.isdigit() else None
        self.cells = [[] for _ in self.fields]

    def _end_cell(self) -> None:
        text, self._collected = "".join(self._collected or ()), None
        if self._column < len(self.cells):
            self.cells[self._column].append(text)
        self._column += 1

    def _end_row(self) -> None:
        self.rows += 1
        if self._column != len(self.fields):
            raise RaggedRowError(
                f"Row {self.rows} of {self.name} has {self._column} cells where {len(self.fields)} were expected. "
                "Correct it and send the file again."
            )


def parsed_pieces(path: Path, handler: DocumentHandler) -> Iterator[None]:
    """Parse a document piece by piece, yielding after each piece so that the caller can take what was read.

    Raises
    ------
    DamagedFileError
        The document is truncated or not well formed.
    NotATableError
        It has a document type declaration.
    """
    parser = _parser(handler)
    with path.open("rb") as file:
        while not handler.finished:
            piece = file.read(_PIECE)
            _feed(parser, piece, handler.name)
            yield
            if not piece:
                return


def column_meanings(document: bytes, name: str) -> dict[str, dict[str, str]]:
    """Return the column metadata in the FIELDs of a VOTable without data, by column name."""
    handler = TableHandler(name)
    parser = _parser(handler)
    _feed(parser, document, name)
    return {column.name: column.meanings for column in handler.fields}


def _parser(handler: ContentHandler) -> DefusedExpatParser:
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(handler)
    return parser


def _feed(parser: DefusedExpatParser, piece: bytes, name: str) -> None:
    try:
        if piece:
            parser.feed(piece)
        else:
            parser.close()
    except DefusedXmlException as e:
        raise NotATableError(
            f"{name} has a document type declaration (DTD), which is never read. Remove the <!DOCTYPE …> and send "
            "it again."
        ) from e
    except (SAXException, ValueError, LookupError) as e:
        raise DamagedFileError(
            f"{name} is not well-formed XML: it is truncated or damaged. Check that it opens on your side, "
            "then send it again."
        ) from e
