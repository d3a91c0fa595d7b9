"""Provenance of a product as a VOTable: one table for each class of the IVOA Provenance Data Model."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from lxml import etree

from core.votable import VOTABLE_NAMESPACE, legal_xml
from products.provenance.models import Provenance
from products.provenance.statements import Statement, prefixes, statements

__all__ = ["provenance_votable"]

_UCDS: Mapping[str, str] = {
    "id": "meta.id",
    "name": "meta.title",
    "type": "meta.code.class",
    "location": "meta.ref.url",
    "comment": "meta.note",
    "generatedAtTime": "time.creation",
    "startTime": "time.start",
    "endTime": "time.end",
    "version": "meta.version",
    "sha256": "meta.checksum",
    "md5": "meta.checksum",
    "role": "meta.code",
    "value": "meta",
}
_TIMES = frozenset({"generatedAtTime", "startTime", "endTime"})


def provenance_votable(provenance: Provenance, public_url: str) -> bytes:
    """Return the provenance of a product as a VOTable whose utypes are the names of the model."""
    votable = etree.Element(_tag("VOTABLE"), {"version": "1.4"}, nsmap={None: VOTABLE_NAMESPACE})
    resource = etree.SubElement(votable, _tag("RESOURCE"), {"type": "results", "name": "provenance"})
    title = f"Provenance of {provenance.details.product.display_name}"
    etree.SubElement(resource, _tag("DESCRIPTION")).text = legal_xml(title)
    etree.SubElement(resource, _tag("INFO"), {"name": "QUERY_STATUS", "value": "OK"})
    for prefix, address in prefixes(public_url).items():
        etree.SubElement(resource, _tag("INFO"), {"name": f"prefix_{prefix}", "value": legal_xml(address)})
    for kind, group in groupby(statements(provenance, public_url), key=lambda item: item.kind):
        _add_table(resource, kind, tuple(group))
    return bytes(etree.tostring(votable, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _add_table(resource: etree._Element, kind: str, found: Sequence[Statement]) -> None:
    names = list(dict.fromkeys(name for item in found for name in item.attributes))
    table = etree.SubElement(resource, _tag("TABLE"), {"name": kind, "utype": f"voprov:{kind}"})
    for name in ("id", *names):
        attributes = {"name": name, "datatype": "unicodeChar", "arraysize": "*", "utype": f"voprov:{kind}.{name}"}
        if name in _UCDS:
            attributes["ucd"] = _UCDS[name]
        if name in _TIMES:
            attributes |= {"datatype": "char", "xtype": "timestamp"}
        etree.SubElement(table, _tag("FIELD"), attributes)
    rows = etree.SubElement(etree.SubElement(table, _tag("DATA")), _tag("TABLEDATA"))
    for item in found:
        row = etree.SubElement(rows, _tag("TR"))
        for value in (item.identifier, *(item.attributes.get(name, "") for name in names)):
            etree.SubElement(row, _tag("TD")).text = legal_xml(value)


def _tag(name: str) -> str:
    return f"{{{VOTABLE_NAMESPACE}}}{name}"
