"""Rows of RegTAP 1.1 for records of other registries, by the XPaths of the standard (§4).

The records of this server become rows in `registry.regtap`, by the same rules.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from registry.harvesting.capability_rows import (
    capability_rows,
    detail_rows,
    interface_rows,
    parameter_rows,
    typed_values,
    validation_rows,
)
from registry.harvesting.fields import hashlist, integer, intervals, kind, lower, paragraphs, text, texts, timestamp
from registry.regtap import coarse_coverage

__all__ = ["harvested_rows"]

_Element = Any  # lxml ships no types
_Rows = Iterator[dict[str, object]]


def harvested_rows(table: str, resource: _Element) -> _Rows:
    """Yield the rows of a table of ``rr`` for an ``ri:Resource`` element, each with its identifier."""
    maker = _MAKERS.get(table)
    identifier = lower(text(resource, "identifier"))
    for row in () if maker is None else maker(resource):
        yield {"ivoid": identifier, **row}


def _resource(resource: _Element) -> _Rows:
    yield {
        "res_type": kind(resource),
        "created": timestamp(resource.get("created")),
        "short_name": text(resource, "shortName"),
        "res_title": text(resource, "title"),
        "updated": timestamp(resource.get("updated")),
        "content_level": hashlist(texts(resource, "content/contentLevel")),
        "res_description": paragraphs(resource, "content/description"),
        "reference_url": text(resource, "content/referenceURL"),
        "creator_seq": "; ".join(texts(resource, "curation/creator/name")),
        "content_type": hashlist(texts(resource, "content/type")),
        "source_format": lower(text(resource, "content/source/@format")),
        "source_value": text(resource, "content/source"),
        "res_version": text(resource, "curation/version"),
        "region_of_regard": _number(text(resource, "coverage/regionOfRegard")),
        "waveband": hashlist(texts(resource, "coverage/waveband")),
        "rights": text(resource, "rights"),
        "rights_uri": text(resource, "rights/@rightsURI"),
    }


def _number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _roles(resource: _Element) -> _Rows:
    for role in ("creator", "contributor", "publisher", "contact"):
        for element in resource.iterfind(f"curation/{role}"):
            named = element.find("name")
            holder = element if named is None else named
            yield {
                "role_name": text(holder, ""),
                "role_ivoid": lower(text(holder, "@ivo-id") or text(element, "@ivo-id")),
                "street_address": text(element, "address"),
                "email": text(element, "email"),
                "telephone": text(element, "telephone"),
                "logo": text(element, "logo"),
                "base_role": role,
            }


def _subjects(resource: _Element) -> _Rows:
    for subject in dict.fromkeys(texts(resource, "content/subject")):
        yield {"res_subject": subject}


def _schemas(resource: _Element) -> _Rows:
    for index, schema in enumerate(resource.iterfind("tableset/schema"), 1):
        yield {
            "schema_index": index,
            "schema_name": lower(text(schema, "name")),
            "schema_title": text(schema, "title"),
            "schema_description": text(schema, "description"),
            "schema_utype": lower(text(schema, "utype")),
        }


def _each_table(resource: _Element) -> Iterator[tuple[int | None, int, _Element]]:
    """Yield the number of the schema, the number of the table, and the table; older records have them in no schema."""
    number = 0
    for index, schema in enumerate(resource.iterfind("tableset/schema"), 1):
        for table in schema.iterfind("table"):
            number += 1
            yield index, number, table
    for table in resource.iterfind("table"):
        number += 1
        yield None, number, table


def _tables(resource: _Element) -> _Rows:
    for schema, index, table in _each_table(resource):
        yield {
            "schema_index": schema,
            "table_index": index,
            "table_name": lower(text(table, "name")),
            "table_title": text(table, "title"),
            "table_type": lower(text(table, "@type") or text(table, "@role")),
            "table_description": text(table, "description"),
            "table_utype": lower(text(table, "utype")),
            "nrows": integer(text(table, "nrows"), 64),
        }


def _columns(resource: _Element) -> _Rows:
    for _, index, table in _each_table(resource):
        for column in table.iterfind("column"):
            kind_of_data = column.find("dataType")
            yield {
                "table_index": index,
                **typed_values(column),
                "name": lower(text(column, "name")),
                "type_system": None if kind_of_data is None else kind(kind_of_data),
                "flag": hashlist(texts(column, "flag")),
                "column_description": text(column, "description"),
            }


def _relationships(resource: _Element) -> _Rows:
    for relationship in resource.iterfind("content/relationship"):
        for target in relationship.iterfind("relatedResource"):
            yield {
                "relationship_type": lower(text(relationship, "relationshipType")),
                "related_id": lower(text(target, "@ivo-id")),
                "related_name": text(target, ""),
            }


def _dates(resource: _Element) -> _Rows:
    for date in resource.iterfind("curation/date"):
        value = timestamp(text(date, ""))
        if value is not None:
            yield {"date_value": value, "value_role": lower(text(date, "@role"))}


def _alternate_identifiers(resource: _Element) -> _Rows:
    found = (*texts(resource, "altIdentifier"), *texts(resource, "curation/creator/altIdentifier"))
    for identifier in dict.fromkeys(found):
        yield {"alt_identifier": identifier}


def _spatial(resource: _Element) -> _Rows:
    for element in resource.iterfind("coverage/spatial"):
        coverage = coarse_coverage(text(element, "") or "")
        if coverage is not None:
            yield {"coverage": coverage, "ref_system_name": lower(text(element, "@frame"))}


def _temporal(resource: _Element) -> _Rows:
    for start, end in intervals(texts(resource, "coverage/temporal")):
        yield {"time_start": start, "time_end": end}


def _spectral(resource: _Element) -> _Rows:
    for start, end in intervals(texts(resource, "coverage/spectral")):
        yield {"spectral_start": start, "spectral_end": end}


#: Functions that make the rows of a table.
_MAKERS: Mapping[str, Callable[[_Element], _Rows]] = {
    "resource": _resource,
    "res_role": _roles,
    "res_subject": _subjects,
    "capability": capability_rows,
    "res_schema": _schemas,
    "res_table": _tables,
    "table_column": _columns,
    "interface": interface_rows,
    "intf_param": parameter_rows,
    "relationship": _relationships,
    "validation": validation_rows,
    "res_date": _dates,
    "res_detail": detail_rows,
    "alt_identifier": _alternate_identifiers,
    "stc_spatial": _spatial,
    "stc_temporal": _temporal,
    "stc_spectral": _spectral,
}
