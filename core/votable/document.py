"""XML elements around the rows of a VOTable, written by lxml in the order of the VOTable 1.4 schema.

The version is 1.4: it is sufficient here, and STILTS 3.4.7 does not know 1.5.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from lxml import etree

from core.columns import DENSITY_UTYPE, Column
from core.votable.densities import density_parameters
from core.votable.description import Info, TableDescription
from core.votable.services import ServiceDescriptor, ServiceInput
from core.votable.texts import NULL_ELEMENTS, UNSPEAKABLE

__all__ = ["VOTABLE_NAMESPACE", "DocumentWriter", "document_without_rows", "error_document", "legal_xml"]

#: Namespace of VOTable 1.3 and all later versions.
VOTABLE_NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
_ICRS = "ICRS"
#: Names of frames in COOSYS, of which the schema of VOTable 1.4 has a list, by those of the vocabulary refframe.
_SYSTEMS = {
    "FK4": "eq_FK4",
    "FK5": "eq_FK5",
    "ICRS": "ICRS",
    "GALACTIC": "galactic",
    "SUPER_GALACTIC": "supergalactic",
    "ECLIPTIC": "ecl_FK5",
}


class DocumentWriter:
    """Incremental writer of one document; `take` returns the bytes written since the last call."""

    def __init__(self) -> None:
        self._sink = BytesIO()
        self._xml: Any = None  # lxml's incremental writer has no public type

    @contextmanager
    def resource(self, services: Iterable[ServiceDescriptor] = ()) -> Iterator[None]:
        """Write the document and its RESOURCE of results around the block, and the services after it."""
        with etree.xmlfile(self._sink, encoding="UTF-8") as self._xml:
            self._xml.write_declaration()
            # Elements below have no namespace of their own: they are in this default namespace.
            with self._xml.element("VOTABLE", {"version": "1.4"}, nsmap={None: VOTABLE_NAMESPACE}):
                with self._element("RESOURCE", {"type": "results"}):
                    yield
                for service in services:
                    self._service(service)
                self._xml.write("\n")

    @contextmanager
    def table(self, description: TableDescription, *, nulls: bool = False) -> Iterator[None]:
        """Write the metadata of a table, and its TABLE element around the block, which writes DATA or nothing.

        Parameters
        ----------
        nulls
            Whether integers need a null value, because the rows have no mask.
        """
        self.info(Info("QUERY_STATUS", "OK"))
        for info in description.infos:
            self.info(info)
        for frame in dict.fromkeys(found for column in description.columns if (found := _frame_of(column))):
            name, _, equinox = frame.rstrip(")").partition("(")
            system = "ecl_FK4" if name == "ECLIPTIC" and equinox.startswith("B") else _SYSTEMS[name]
            self._leaf("COOSYS", {"ID": _frame_id(frame), "system": system, "equinox": equinox or None})
        with self._element("TABLE", {"name": description.name}):
            self._leaf("DESCRIPTION", {}, description.description)
            referred = {number for service in description.services for number in service.columns}
            densities = {number: column for number, column in enumerate(description.columns) if column.density}
            for number, column in enumerate(description.columns):
                is_referred = number in referred or number in densities
                self._field(column, nulls=nulls, id=_field_id(number) if is_referred else None)
            for number, column in densities.items():
                self._density(column, number)
            yield

    @contextmanager
    def rows(self, serialization: str) -> Iterator[None]:
        """Write the elements around the rows, which the caller inserts between two calls of `take`."""
        with self._element("DATA", {}), self._element(serialization, {}):
            if serialization == "TABLEDATA":
                yield
            else:
                with self._element("STREAM", {"encoding": "base64"}):
                    yield

    def info(self, info: Info) -> None:
        """Write an INFO."""
        self._leaf("INFO", {"name": info.name, "value": info.value}, info.text or "")

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        if self._xml is not None:
            self._xml.flush()
        data = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return data

    def closed(self) -> bytes:
        """Return the rest of the document, after the end of `resource`."""
        self._xml = None
        return self.take()

    def _service(self, service: ServiceDescriptor) -> None:
        with self._element("RESOURCE", {"type": "meta", "utype": "adhoc:service", "ID": service.id}):
            self._leaf("DESCRIPTION", {}, service.description)
            for name, value in (("standardID", service.standard_id), ("accessURL", service.access_url)):
                if value is not None:
                    self._leaf("PARAM", {"name": name, "datatype": "char", "arraysize": "*", "value": value})
            with self._element("GROUP", {"name": "inputParams"}):
                for item in service.inputs:
                    self._input(item)

    def _input(self, item: ServiceInput) -> None:
        attributes = {
            "name": item.name,
            "datatype": item.datatype,
            "arraysize": item.arraysize,
            "value": item.value,
            "unit": item.unit,
            "ucd": item.ucd,
            "ref": None if item.column is None else _field_id(item.column),
        }
        with self._element("PARAM", attributes):
            self._leaf("DESCRIPTION", {}, item.description)

    def _field(self, column: Column, *, nulls: bool, id: str | None = None) -> None:  # noqa: A002 - the word of VOTable
        attributes = {
            "ID": id,
            "name": column.name,
            "datatype": column.datatype,
            "arraysize": column.arraysize,
            "xtype": column.xtype,
            "unit": column.unit,
            "ucd": column.ucd,
            "utype": column.utype,
            "ref": _frame_id(frame) if (frame := _frame_of(column)) else None,
        }
        with self._element("FIELD", attributes):
            self._leaf("DESCRIPTION", {}, column.description)
            if column.datatype in NULL_ELEMENTS and (nulls or column.arraysize is not None):
                self._leaf("VALUES", {"null": str(NULL_ELEMENTS[column.datatype])}, "")

    def _density(self, column: Column, number: int) -> None:
        """Write the form and the grid of a column of densities."""
        parameters = list(density_parameters(column, number))
        for parameter in parameters:
            with self._element("PARAM", dict(parameter.attributes)):
                self._leaf("DESCRIPTION", {}, parameter.description)
        with self._element("GROUP", {"name": f"{column.name}_density", "utype": DENSITY_UTYPE}):
            self._leaf("FIELDref", {"ref": _field_id(number)})
            for parameter in parameters:
                self._leaf("PARAMref", {"ref": parameter.attributes["ID"]})

    def _leaf(self, tag: str, attributes: dict[str, str | None], text: str | None = "") -> None:
        """Write an element that holds text; nothing when the text is none."""
        if text is not None:
            with self._element(tag, attributes):
                self._xml.write(legal_xml(text))

    @contextmanager
    def _element(self, tag: str, attributes: dict[str, str | None]) -> Iterator[None]:
        given = {key: legal_xml(value) for key, value in attributes.items() if value is not None}
        self._xml.write("\n")
        with self._xml.element(tag, given):
            yield


def document_without_rows(description: TableDescription, *, ending: Info | None = None) -> bytes:
    """Write a VOTable whose TABLE has no DATA, as VOParquet 1.0 stores it beside the rows.

    Parameters
    ----------
    ending
        INFO elements after the table, such as that it was truncated.
    """
    writer = DocumentWriter()
    with writer.resource(description.services):
        with writer.table(description):
            pass
        if ending is not None:
            writer.info(ending)
    return writer.closed()


def error_document(message: str) -> bytes:
    """Return the VOTable of an error (DALI 1.1 §4.4.2)."""
    writer = DocumentWriter()
    with writer.resource():
        writer.info(Info("QUERY_STATUS", "ERROR", message))
    return writer.closed()


def _field_id(number: int) -> str:
    return f"column{number}"


def _frame_of(column: Column) -> str | None:
    """Return the declared frame of a column; equatorial coordinates without one are in ICRS.

    Frames that COOSYS has no name for are not stated.
    """
    if column.frame:
        return column.frame if column.frame.partition("(")[0] in _SYSTEMS else None
    return _ICRS if (column.ucd or "").lower().startswith("pos.eq.") else None


def _frame_id(frame: str) -> str:
    return re.sub(r"\W+", "_", frame).strip("_").lower()


def legal_xml(text: str) -> str:
    """Replace the characters that XML cannot represent."""
    return UNSPEAKABLE.sub("\ufffd", text)
