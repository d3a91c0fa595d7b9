"""Namespaces of records, with the prefixes that are usual for them (VOResource 1.1 §2.1)."""

from collections.abc import Mapping

__all__ = ["DC", "NAMESPACES", "OAI", "OAI_DC", "RI", "XSI"]

RI = "http://www.ivoa.net/xml/RegistryInterface/v1.0"
OAI = "http://www.openarchives.org/OAI/2.0/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
DC = "http://purl.org/dc/elements/1.1/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

#: Declared on each record, because values of ``xsi:type`` use the prefixes.
NAMESPACES: Mapping[str, str] = {
    "ri": RI,
    "vr": "http://www.ivoa.net/xml/VOResource/v1.0",
    "vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "vg": "http://www.ivoa.net/xml/VORegistry/v1.0",
    "tr": "http://www.ivoa.net/xml/TAPRegExt/v1.0",
    "cs": "http://www.ivoa.net/xml/ConeSearch/v1.0",
    "xsi": XSI,
}
