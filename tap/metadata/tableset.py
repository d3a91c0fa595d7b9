"""VOSI 1.1 tableset document of the service (VODataService 1.2 §3.4)."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from lxml import etree

from tap.identifiers import identifier
from tap.models import ForeignKey, TapSchema, TapTable

__all__ = ["table_document", "tableset_chunks"]

_Document = Any  # lxml ships no types
_CHUNK_BYTES = 64_000

_TABLES = "http://www.ivoa.net/xml/VOSITables/v1.0"
_DATA_SERVICE = "http://www.ivoa.net/xml/VODataService/v1.1"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES = {"vosi": _TABLES, "vs": _DATA_SERVICE, "xsi": _XSI}


def tableset_chunks(
    schemas: Iterable[tuple[TapSchema, Iterable[TapTable]]], *, columns: bool = True
) -> Iterator[bytes]:
    """Yield the document of all tables in pieces, while their descriptions are read.

    Parameters
    ----------
    columns
        Whether the columns are given, too (VOSI 1.1 §2.3: they are not in ``detail=min``).
    """
    written = BytesIO()
    with etree.xmlfile(written, encoding="UTF-8") as document:
        document.write_declaration()
        with document.element(etree.QName(_TABLES, "tableset"), nsmap=_NAMESPACES):
            for schema, tables in schemas:
                with document.element("schema"):
                    for name in ("name", "description"):
                        _write_text(document, name, getattr(schema, name))
                    for table in tables:
                        element = etree.Element("table", {"type": "output"}, nsmap={"xsi": _XSI} if columns else None)
                        _fill_table(element, table, columns=columns)
                        document.write(element)
                        document.flush()
                        if written.tell() > _CHUNK_BYTES:
                            yield written.getvalue()
                            written.seek(0)
                            written.truncate()
    yield written.getvalue()


def table_document(table: TapTable) -> bytes:
    """Return the document of one table."""
    root = etree.Element(etree.QName(_TABLES, "table"), {"type": "output"}, nsmap=_NAMESPACES)
    _fill_table(root, table, columns=True)
    return _document(root)


def _document(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _add(parent: etree._Element, name: str, text: str | None) -> None:
    """Add a child with text; nothing if there is no text."""
    if text:
        etree.SubElement(parent, name).text = "".join(c for c in text if c.isprintable() or c in "\t\n")


def _write_text(document: _Document, name: str, text: str) -> None:
    parent = etree.Element("parent")
    _add(parent, name, text)
    for element in parent:
        document.write(element)


def _fill_table(element: etree._Element, table: TapTable, *, columns: bool) -> None:
    _add(element, "name", table.name)
    _add(element, "description", table.description)
    if table.row_count is not None:
        _add(element, "nrows", str(table.row_count))
    if not columns:
        return
    for column in table.columns:
        attributes = {"std": "true"} if table.standard else {}
        item = etree.SubElement(element, "column", attributes)
        _add(item, "name", identifier(column.name))
        for name in ("description", "unit", "ucd", "utype"):
            _add(item, name, getattr(column, name))
        kind = {etree.QName(_XSI, "type"): "vs:VOTableType"}
        if column.arraysize:
            kind["arraysize"] = column.arraysize
        if column.xtype:
            kind["extendedType"] = column.xtype
        etree.SubElement(item, "dataType", kind).text = column.datatype
        if column.name in table.indexed:
            _add(item, "flag", "indexed")
        if column.name in table.principal:
            _add(item, "flag", "principal")
    for key in table.foreign_keys:
        _add_key(element, key)


def _add_key(element: etree._Element, key: ForeignKey) -> None:
    item = etree.SubElement(element, "foreignKey")
    _add(item, "targetTable", key.target_table)
    for source, target in key.columns:
        pair = etree.SubElement(item, "fkColumn")
        _add(pair, "fromColumn", source)
        _add(pair, "targetColumn", target)
    _add(item, "description", key.description)
