"""Rows of RegTAP 1.1 for the capabilities of records of other registries, and for values by XPath (§4.14)."""

from collections.abc import Iterator
from typing import Any

from registry.harvesting.fields import hashlist, integer, kind, lower, text, texts
from registry.regtap import CAPABILITY_DETAILS

__all__ = [
    "capability_rows",
    "detail_rows",
    "interface_rows",
    "parameter_rows",
    "typed_values",
    "validation_rows",
]

_Element = Any  # lxml ships no types
_Rows = Iterator[dict[str, object]]

#: XPaths of values that belong to the resource.
_RESOURCE_DETAILS = (
    "accessURL", "coverage/footprint", "coverage/footprint/@ivo-id", "deprecated", "endorsedVersion", "facility",
    "facility/@ivo-id", "format", "format/@isMIMEType", "full", "instrument", "instrument/@ivo-id", "managedAuthority",
    "managingOrg", "managingOrg/@ivo-id", "schema/@namespace", "rights", "rights/@rightsURI",
)  # fmt: skip

#: XPaths of values of capabilities, beside those that services of this server have.
_CAPABILITY_DETAILS = (
    *sorted(CAPABILITY_DETAILS),
    "complianceLevel", "creationType", "dataSource", "defaultMaxRecords", "imageServiceType",
    "interface/securityMethod/@standardID", "interface/testQueryString", "maxAperture", "maxFileSize",
    "maxImageExtent/lat", "maxImageExtent/long", "maxImageSize", "maxQueryRegionSize/lat", "maxQueryRegionSize/long",
    "maxSearchRadius", "supportedFrame", "testQuery/pos/lat", "testQuery/pos/long", "testQuery/pos/refframe",
    "testQuery/queryDataCmd", "testQuery/size", "testQuery/size/lat", "testQuery/size/long",
)  # fmt: skip


def capability_rows(resource: _Element) -> _Rows:
    """Yield the rows of ``rr.capability``."""
    for index, capability in enumerate(resource.iterfind("capability"), 1):
        yield {
            "cap_index": index,
            "cap_type": kind(capability),
            "cap_description": text(capability, "description"),
            "standard_id": lower(text(capability, "@standardID")),
        }


def _each_interface(resource: _Element) -> Iterator[tuple[int, int, _Element]]:
    """Yield the numbers of capability and interface, and the interface."""
    number = 0
    for index, capability in enumerate(resource.iterfind("capability"), 1):
        for interface in capability.iterfind("interface"):
            number += 1
            yield index, number, interface


def interface_rows(resource: _Element) -> _Rows:
    """Yield the rows of ``rr.interface``."""
    for capability, index, interface in _each_interface(resource):
        methods = interface.findall("securityMethod")
        yield {
            "cap_index": capability,
            "intf_index": index,
            "intf_type": kind(interface),
            "intf_role": lower(text(interface, "@role")),
            "std_version": lower(text(interface, "@version")),
            "query_type": hashlist(texts(interface, "queryType")),
            "result_type": lower(text(interface, "resultType")),
            "wsdl_url": text(interface, "wsdlURL"),
            "url_use": lower(text(interface, "accessURL/@use")),
            "access_url": text(interface, "accessURL"),
            "mirror_url": "#".join(texts(interface, "mirrorURL")) or None,
            # An interface with a method that has no identifier can be used without signing in as well.
            "authenticated_only": int(bool(methods) and all(method.get("standardID") for method in methods)),
        }


def parameter_rows(resource: _Element) -> _Rows:
    """Yield the rows of ``rr.intf_param``."""
    for _, index, interface in _each_interface(resource):
        for parameter in interface.iterfind("param"):
            yield {
                "intf_index": index,
                **typed_values(parameter),
                "param_use": lower(text(parameter, "@use")),
                "param_description": text(parameter, "description"),
            }


def typed_values(element: _Element) -> dict[str, object]:
    """Return the values by which columns of tables and parameters of interfaces are described alike."""
    standard = text(element, "@std")
    return {
        "name": text(element, "name"),
        "ucd": lower(text(element, "ucd")),
        "unit": text(element, "unit"),
        "utype": lower(text(element, "utype")),
        "std": None if standard is None else int(standard in {"true", "1"}),
        "datatype": lower(text(element, "dataType")),
        "extended_schema": text(element, "dataType/@extendedSchema"),
        "extended_type": text(element, "dataType/@extendedType"),
        "arraysize": text(element, "dataType/@arraysize"),
        "delim": text(element, "dataType/@delim"),
    }


def validation_rows(resource: _Element) -> _Rows:
    """Yield the rows of ``rr.validation``: of the resource, and of its capabilities."""
    parts = [(None, resource), *enumerate(resource.iterfind("capability"), 1)]
    for index, part in parts:
        for level in part.iterfind("validationLevel"):
            yield {
                "cap_index": index,
                "validated_by": lower(text(level, "@validatedBy")),
                "val_level": integer(text(level, "")),
            }


def detail_rows(resource: _Element) -> _Rows:
    """Yield the rows of ``rr.res_detail``."""
    for path in _RESOURCE_DETAILS:
        for value in _values(resource, path):
            yield {"cap_index": None, "detail_xpath": f"/{path}", "detail_value": value}
    for index, capability in enumerate(resource.iterfind("capability"), 1):
        for path in _CAPABILITY_DETAILS:
            for value in _values(capability, path):
                yield {"cap_index": index, "detail_xpath": f"/capability/{path}", "detail_value": value}


def _values(element: _Element, path: str) -> Iterator[str]:
    inner, _, attribute = path.partition("@")
    for found in element.iterfind(inner.rstrip("/")):
        value = (found.get(attribute) if attribute else found.text) or ""
        if value.strip():
            yield value.strip()
