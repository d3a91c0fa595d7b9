"""Rows of RegTAP for the capabilities of a record: themselves, their interfaces, and values by XPath."""

from collections.abc import Iterator
from typing import Any

from core.vosi import Capability
from registry.models import ResourceRecord

__all__ = ["CAPABILITY_DETAILS", "capability_rows", "detail_rows", "interface_rows"]

_Rows = Iterator[dict[str, object]]
_Element = Any  # lxml ships no types

#: XPaths of values of capabilities that stand in ``rr.res_detail`` (RegTAP 1.1 §4.14), without the root.
CAPABILITY_DETAILS = frozenset(
    {
        "dataModel", "dataModel/@ivo-id", "language/name", "language/version/@ivo-id",
        "language/languageFeatures/@type", "language/languageFeatures/feature/form",
        "outputFormat/mime", "outputFormat/alias", "outputFormat/@ivo-id", "uploadMethod/@ivo-id",
        "executionDuration/default", "executionDuration/hard", "retentionPeriod/default", "retentionPeriod/hard",
        "outputLimit/default", "outputLimit/default/@unit", "outputLimit/hard", "outputLimit/hard/@unit",
        "uploadLimit/default", "uploadLimit/default/@unit", "uploadLimit/hard", "uploadLimit/hard/@unit",
        "maxSR", "maxRecords", "verbosity",
        "testQuery/ra", "testQuery/dec", "testQuery/sr", "testQuery/verb", "testQuery/catalog", "testQuery/extras",
    }
)  # fmt: skip


def capability_rows(record: ResourceRecord) -> _Rows:
    """Yield the rows of ``rr.capability``."""
    for index, capability in enumerate(record.capabilities, 1):
        yield {
            "cap_index": index,
            "cap_type": capability.type.lower() if capability.type else None,
            "cap_description": capability.description,
            "standard_id": capability.standard_id.lower() or None,
        }


def interface_rows(record: ResourceRecord) -> _Rows:
    """Yield the rows of ``rr.interface``: one for each method to sign in, as the records have them."""
    number = 0
    for index, capability in enumerate(record.capabilities, 1):
        for interface in capability.interfaces:
            for place, method in enumerate(interface.security or (None,)):
                number += 1
                yield {
                    "cap_index": index,
                    "intf_index": number,
                    "intf_type": interface.type.lower(),
                    "intf_role": interface.role.lower() if interface.role and place == 0 else None,
                    "std_version": interface.version.lower() if interface.version else None,
                    "result_type": interface.result_type.lower() if interface.result_type else None,
                    "url_use": interface.use,
                    "access_url": interface.access_url,
                    "authenticated_only": int(method is not None),
                }


def detail_rows(record: ResourceRecord) -> _Rows:
    """Yield the rows of ``rr.res_detail``."""
    if record.type == "vg:Registry":
        yield {"detail_xpath": "/full", "detail_value": "false"}
    for authority in () if record.authority is None else record.authority.managed:
        yield {"detail_xpath": "/managedAuthority", "detail_value": authority}
    if record.authority is not None and record.authority.organisation is not None:
        organisation = record.authority.organisation
        yield {"detail_xpath": "/managingOrg", "detail_value": organisation.name}
        yield {"detail_xpath": "/managingOrg/@ivo-id", "detail_value": organisation.ivoid}
    for rights in record.rights:
        yield {"detail_xpath": "/rights", "detail_value": rights.text}
        if rights.uri:
            yield {"detail_xpath": "/rights/@rightsURI", "detail_value": rights.uri}
    for index, capability in enumerate(record.capabilities, 1):
        for path, value in _capability_values(capability):
            yield {"cap_index": index, "detail_xpath": f"/capability/{path}", "detail_value": value}


def _capability_values(capability: Capability) -> Iterator[tuple[str, str]]:
    for interface in capability.interfaces:
        for method in interface.security:
            if method is not None:
                yield "interface/securityMethod/@standardID", method
    for element in capability.extension:
        yield from (found for found in _values(element, element.tag) if found[0] in CAPABILITY_DETAILS)


def _values(element: _Element, path: str) -> Iterator[tuple[str, str]]:
    """Yield the attributes and the texts of an element and of those in it, by their paths."""
    for name, value in element.attrib.items():
        yield f"{path}/@{name}", value
    if element.text and element.text.strip():
        yield path, element.text.strip()
    for child in element:
        yield from _values(child, f"{path}/{child.tag}")
