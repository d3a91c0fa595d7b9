"""Tableset of a record (VODataService 1.2 §3.3)."""

from itertools import groupby
from typing import TYPE_CHECKING, Any

from lxml import etree

from registry.documents.namespaces import XSI
from registry.documents.texts import token
from registry.models import RecordTable

if TYPE_CHECKING:  # it imports Arrow
    from core.columns import Column

__all__ = ["add_tableset"]

_Element = Any  # lxml ships no types
_TYPE = etree.QName(XSI, "type")


def add_tableset(parent: _Element, tables: tuple[RecordTable, ...]) -> None:
    """Add the element of the tables, by schema."""
    tableset = etree.SubElement(parent, "tableset")
    for name, members in groupby(sorted(tables, key=lambda table: table.full_name), key=lambda table: table.schema):
        schema = etree.SubElement(tableset, "schema")
        etree.SubElement(schema, "name").text = name
        for table in members:
            _add_table(schema, table)


def _add_table(schema: _Element, table: RecordTable) -> None:
    element = etree.SubElement(schema, "table")
    _add(element, "name", table.full_name)
    _add(element, "title", table.title)
    _add(element, "description", table.description)
    if table.rows is not None:
        _add(element, "nrows", str(table.rows))
    for column in table.columns:
        _add_column(element, column, table.flags.get(column.name, ()))


def _add_column(table: _Element, column: "Column", flags: tuple[str, ...]) -> None:
    element = etree.SubElement(table, "column")
    _add(element, "name", column.name)
    _add(element, "description", column.description)
    _add(element, "unit", column.unit)
    _add(element, "ucd", column.ucd)
    _add(element, "utype", column.utype)
    kind = etree.SubElement(element, "dataType")
    kind.set(_TYPE, "vs:VOTableType")
    for name, value in (("arraysize", column.arraysize), ("extendedType", column.xtype)):
        if value:
            kind.set(name, value)
    kind.text = column.datatype
    for flag in flags:
        _add(element, "flag", flag)


def _add(parent: _Element, name: str, text: str | None) -> None:
    if text:
        etree.SubElement(parent, name).text = token(text)
