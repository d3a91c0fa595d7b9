"""A record in unqualified Dublin Core, the format that every OAI-PMH repository has (OAI-PMH 2.0 §6)."""

from typing import Any

from lxml import etree

from registry.documents.namespaces import DC, OAI_DC, XSI
from registry.documents.texts import legal
from registry.models import ResourceRecord

__all__ = ["dublin_core_element"]

_SCHEMA = f"{OAI_DC} http://www.openarchives.org/OAI/2.0/oai_dc.xsd"


def dublin_core_element(record: ResourceRecord) -> Any:  # lxml ships no types
    """Return the ``oai_dc:dc`` element of a record."""
    root = etree.Element(etree.QName(OAI_DC, "dc"), nsmap={"oai_dc": OAI_DC, "dc": DC, "xsi": XSI})
    root.set(etree.QName(XSI, "schemaLocation"), _SCHEMA)
    content, curation = record.content, record.curation
    pairs = [
        ("title", record.title),
        *(("creator", creator.name) for creator in curation.creators),
        *(("subject", subject.text) for subject in content.subjects),
        ("description", content.description),
        ("publisher", curation.publisher),
        *(("contributor", contributor.name) for contributor in curation.contributors),
        ("date", record.created.date().isoformat()),
        ("type", "Service" if record.product is None else "Dataset"),
        ("identifier", record.identifier),
        ("identifier", content.reference_url),
        *(("identifier", other) for other in record.alternate_identifiers),
        *(("source", content.source) for _ in range(bool(content.source))),
        *(
            ("relation", target.ivoid or target.alternate or target.name)
            for relationship in content.relationships
            for target in relationship.targets
        ),
        *(("rights", rights.uri or rights.text) for rights in record.rights),
    ]
    for name, text in pairs:
        etree.SubElement(root, etree.QName(DC, name)).text = legal(text)
    return root
