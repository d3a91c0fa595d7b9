"""VOSI 1.1 tableset document of the service (VODataService 1.2 §3.4)."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from io import BytesIO
from typing import Any

from lxml import etree

from tap.identifiers import identifier
from tap.metadata.column_statistics import NAMESPACES, schema_locations, statistics_attributes
from tap.models import ForeignKey, TapSchema, TapTable

__all__ = ["Detail", "table_document", "tableset_chunks"]

_Document = Any  # lxml ships no types
_CHUNK_BYTES = 64_000

_TABLES = "http://www.ivoa.net/xml/VOSITables/v1.0"
_DATA_SERVICE = "http://www.ivoa.net/xml/VODataService/v1.1"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES = {"vosi": _TABLES, "vs": _DATA_SERVICE, "xsi": _XSI}
#: Namespaces that the elements of tables use.
_INNER = {_XSI, *NAMESPACES.values()}
_LOCATION = etree.QName(_XSI, "schemaLocation")


class Detail(StrEnum):
    """How much a document says of each table: VOSI 1.1 §2.3, and the statistics of columns as an extension.

    The statistics are attributes of other namespaces, about which validators that do not know them give warnings.
    """

    MIN = "min"
    MAX = "max"
    STATISTICS = "statistics"


def tableset_chunks(
    schemas: Iterable[tuple[TapSchema, Iterable[TapTable]]], tap_url: str, *, detail: Detail = Detail.MAX
) -> Iterator[bytes]:
    """Yield the document of all tables in pieces, while their descriptions are read.

    Parameters
    ----------
    tap_url
        URL of the TAP service, for the schemas of the statistics.
    """
    prefixes = None if detail is Detail.MIN else {name: uri for name, uri in _names(detail).items() if uri in _INNER}
    written = BytesIO()
    with etree.xmlfile(written, encoding="UTF-8") as document:
        document.write_declaration()
        with document.element(etree.QName(_TABLES, "tableset"), _locations(tap_url, detail), nsmap=_names(detail)):
            for schema, tables in schemas:
                with document.element("schema"):
                    for name in ("name", "description", "utype"):
                        _write_text(document, name, getattr(schema, name))
                    for table in tables:
                        element = etree.Element("table", {"type": "output"}, nsmap=prefixes)
                        _fill_table(element, table, detail)
                        document.write(element)
                        document.flush()
                        if written.tell() > _CHUNK_BYTES:
                            yield written.getvalue()
                            written.seek(0)
                            written.truncate()
    yield written.getvalue()


def table_document(table: TapTable, tap_url: str) -> bytes:
    """Return the document of one table, with the statistics of its columns."""
    detail = Detail.STATISTICS
    attributes = {"type": "output", **_locations(tap_url, detail)}
    root = etree.Element(etree.QName(_TABLES, "table"), attributes, nsmap=_names(detail))
    _fill_table(root, table, detail)
    return _document(root)


def _names(detail: Detail) -> dict[str, str]:
    """Return the namespaces of a document by their prefixes."""
    return {**_NAMESPACES, **NAMESPACES} if detail is Detail.STATISTICS else _NAMESPACES


def _locations(tap_url: str, detail: Detail) -> dict[etree.QName, str]:
    return {_LOCATION: schema_locations(tap_url)} if detail is Detail.STATISTICS else {}


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


def _fill_table(element: etree._Element, table: TapTable, detail: Detail) -> None:
    _add(element, "name", table.name)
    _add(element, "description", table.description)
    _add(element, "utype", table.utype)
    if table.row_count is not None:
        _add(element, "nrows", str(table.row_count))
    if detail is Detail.MIN:
        return
    for column in table.columns:
        item = etree.SubElement(element, "column", {"std": "true"} if table.is_standard(column.name) else {})
        known = table.summaries.get(column.name)
        if known is not None and detail is Detail.STATISTICS:
            item.attrib.update(statistics_attributes(known, table.row_count))
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
