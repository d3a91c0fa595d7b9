"""Description of a table that is to be created (VODataService 1.2 §3.4), made from an Arrow table."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, QName, SubElement, tostring

from pzserver.errors import InvalidValueError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["table_definition"]

_TYPE = QName("http://www.w3.org/2001/XMLSchema-instance", "type")

#: Datatypes of VOTable by names of types of Arrow; unsigned integers have the next larger type.
_DATATYPES = {
    "bool": "boolean",
    "int8": "short",
    "uint8": "unsignedByte",
    "int16": "short",
    "uint16": "int",
    "int32": "int",
    "uint32": "long",
    "int64": "long",
    "uint64": "long",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "string": "unicodeChar",
    "large_string": "unicodeChar",
    "string_view": "unicodeChar",
}


def table_definition(name: str, table: pa.Table, description: str = "") -> bytes:
    """Return the description of a table, with the units, UCDs and descriptions of its fields.

    Raises
    ------
    InvalidValueError
        The type of a column is not one of tables of the server.
    """
    root = Element("table")
    SubElement(root, "name").text = name
    SubElement(root, "description").text = description
    for field in table.schema:
        column = SubElement(root, "column")
        known = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        SubElement(column, "name").text = field.name
        for key in ("description", "unit", "ucd", "utype"):
            if known.get(key):
                SubElement(column, key).text = known[key]
        datatype, attributes = _datatype(field)
        kind = SubElement(column, "dataType", {str(_TYPE): "vs:VOTableType", **attributes})
        kind.text = datatype
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _datatype(field: pa.Field) -> tuple[str, dict[str, str]]:
    """Return the datatype of a field, and its array size and extended type."""
    import pyarrow as pa

    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "char", {"arraysize": "*", "extendedType": "timestamp"}
    attributes: dict[str, str] = {}
    if pa.types.is_fixed_size_list(kind):
        kind, attributes = kind.value_type, {"arraysize": str(kind.list_size)}
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, attributes = kind.value_type, {"arraysize": "*"}
    datatype = "double" if pa.types.is_decimal(kind) else _DATATYPES.get(str(kind))
    if datatype is None or (attributes and datatype == "unicodeChar"):
        raise InvalidValueError(f"The column '{field.name}' ({field.type}) cannot be stored in a table; convert it.")
    return datatype, attributes or ({"arraysize": "*"} if datatype == "unicodeChar" else {})
