"""Table definitions parsed from client documents: a VOSITable, or a VOTable (VOSI 1.2 draft)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from core.columns import ARROW_TYPES, Column, column_of_field
from core.errors import InvalidValueError, TooLargeError
from products.readers.base import ReadLimits
from products.readers.votable.reader import VotableReader
from products.user_tables.models import TableDefinition

__all__ = ["definition_of_vositable", "definition_of_votable", "has_rows"]

_LARGEST = 4_000_000
_SIZE = re.compile(r"[0-9]{1,9}\*?|\*")
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

#: VOTable datatypes of VODataService's TAPType.
_TAP_TYPES = {
    "SMALLINT": ("short", None, None),
    "INTEGER": ("int", None, None),
    "BIGINT": ("long", None, None),
    "REAL": ("float", None, None),
    "DOUBLE": ("double", None, None),
    "CHAR": ("char", "*", None),
    "VARCHAR": ("char", "*", None),
    "UNICODE": ("unicodeChar", "*", None),
    "TIMESTAMP": ("char", "*", "timestamp"),
}


def definition_of_vositable(document: bytes, *, max_columns: int) -> TableDefinition:
    """Parse a table element of VOSI (VODataService 1.2 §3.4).

    Raises
    ------
    InvalidValueError
        It is not valid, or describes a table that cannot be created.
    """
    if len(document) > _LARGEST:
        raise TooLargeError(f"The description of a table is larger than {_LARGEST // 1_000_000} MB.")
    try:
        root = fromstring(document, forbid_dtd=True)
    except DefusedXmlException as e:
        raise InvalidValueError("A description with a document type declaration (DTD) is not read.") from e
    except (ParseError, ValueError, LookupError) as e:
        raise InvalidValueError(f"The description of the table is not well-formed XML: {e}.") from e
    if _tag(root) != "table":
        raise InvalidValueError(f"The description of a table begins with the element 'table', not '{_tag(root)}'.")
    columns = tuple(_column(child) for child in root if _tag(child) == "column")
    return checked(TableDefinition(_text(root, "description") or "", columns), max_columns)


def definition_of_votable(path: Path, *, max_columns: int) -> TableDefinition:
    """Parse the fields of a VOTable.

    Raises
    ------
    InvalidValueError, UnreadableFileError
        It is not valid, or describes a table that cannot be created.
    """
    with VotableReader(path, "the VOTable", ReadLimits(max_columns=max_columns, allow_empty=True)) as reader:
        if reader.left_out:
            name, reason = next(iter(reader.left_out.items()))
            raise InvalidValueError(f"The column '{name[:100]}' cannot be stored in a table ({reason}).")
        columns = tuple(column_of_field(field) for field in reader.schema)
    return checked(TableDefinition("", columns), max_columns)


def has_rows(path: Path, *, max_columns: int) -> bool:
    """Return whether a VOTable holds rows."""
    with VotableReader(path, "the VOTable", ReadLimits(max_columns=max_columns, allow_empty=True)) as reader:
        return reader.rows != 0


def checked(definition: TableDefinition, max_columns: int) -> TableDefinition:
    """Raise InvalidValueError when no table can be created from a definition."""
    names = [column.name for column in definition.columns]
    if not names:
        raise InvalidValueError("A table needs at least one column.")
    if len(names) > max_columns:
        raise TooLargeError(f"A table has {max_columns} columns at most, not {len(names)}.")
    if alike := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidValueError(f"Several columns are called {', '.join(alike[:5])}; give each a name of its own.")
    if odd := next((name for name in names if not name.strip() or not name.isprintable()), None):
        raise InvalidValueError(f"'{odd[:100]}' cannot be the name of a column.")
    return definition


def _column(element: Any) -> Column:  # elements of ElementTree have no types here
    name = (_text(element, "name") or "").strip()
    if len(name) > 2 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1].replace('""', '"')
    datatype, arraysize, xtype = _type(element, name)
    return Column(
        name,
        datatype,
        arraysize,
        xtype=xtype,
        unit=_text(element, "unit"),
        ucd=_text(element, "ucd"),
        utype=_text(element, "utype"),
        description=_text(element, "description"),
    )


def _type(element: Any, name: str) -> tuple[str, str | None, str | None]:
    kind = next(_children(element, "dataType"), None)
    if kind is None or not (kind.text or "").strip():
        raise InvalidValueError(f"The column '{name[:100]}' has no dataType.")
    text, size = kind.text.strip(), (kind.get("arraysize") or "").strip()
    if kind.get(_TYPE, "").rpartition(":")[2] == "TAPType":
        if text.upper() not in _TAP_TYPES:
            raise InvalidValueError(
                f"'{text[:100]}', the type of the column '{name[:100]}', is not a type of TAP here."
            )
        return _TAP_TYPES[text.upper()]
    if text not in ARROW_TYPES:
        raise InvalidValueError(
            f"'{text[:100]}', the datatype of the column '{name[:100]}', is not one of {', '.join(ARROW_TYPES)}."
        )
    if size and not _SIZE.fullmatch(size):
        raise InvalidValueError(f"'{size[:100]}' cannot be the arraysize of the column '{name[:100]}'.")
    if text in {"char", "unicodeChar"}:
        return text, "*", kind.get("extendedType")
    return text, None if size in {"", "1"} else size if size.isdigit() else "*", kind.get("extendedType")


def _children(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if _tag(child) == name)


def _text(element: Any, name: str) -> str | None:
    found = next(_children(element, name), None)
    text = "" if found is None else " ".join((found.text or "").split())
    return text or None


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
