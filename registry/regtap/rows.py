"""Rows of the tables of RegTAP 1.1 §4 for records.

What is compared without case is in lower case: identifiers, types, roles, terms of vocabularies, UCDs, and the names of
tables and columns (§4.2). What the records do not say, such as whether a standard defines a column, is null.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from registry.documents.texts import token
from registry.models import Creator, RecordTable, ResourceRecord
from registry.regtap.capability_rows import capability_rows, detail_rows, interface_rows
from registry.terms import subject_term

__all__ = ["coarse_coverage", "registry_rows"]

_ORDER = 6

_Row = Mapping[str, object]
_Rows = Iterator[dict[str, object]]


def registry_rows(table: str, record: ResourceRecord) -> Iterator[_Row]:
    """Yield the rows of a table for a record, each with the identifier of the record."""
    maker = _MAKERS.get(table)
    identifier = record.identifier.lower()
    for row in () if maker is None else maker(record):
        yield {"ivoid": identifier, **row}


def _resource(record: ResourceRecord) -> _Rows:
    content, curation, coverage = record.content, record.curation, record.coverage
    first = record.rights[0] if record.rights else None
    yield {
        "res_type": record.type.lower(),
        "created": _time(record.created),
        "short_name": record.short_name,
        "res_title": record.title,
        "updated": _time(record.updated),
        "content_level": _hashlist(content.levels),
        "res_description": content.description,
        "reference_url": content.reference_url,
        "creator_seq": "; ".join(creator.name for creator in curation.creators),
        "content_type": _hashlist(content.types),
        "source_format": content.source_format.lower() or None,
        "source_value": content.source or None,
        "res_version": curation.version or None,
        "waveband": _hashlist(coverage.wavebands) if coverage is not None else None,
        "rights": None if first is None else first.text,
        "rights_uri": None if first is None else first.uri,
    }


def _roles(record: ResourceRecord) -> _Rows:
    curation = record.curation
    for creator in curation.creators:
        yield _role(creator, "creator")
    for contributor in curation.contributors:
        yield _role(contributor, "contributor")
    yield {"role_name": curation.publisher, "base_role": "publisher"}
    yield {"role_name": curation.contact.name, "email": curation.contact.email or None, "base_role": "contact"}


def _role(creator: Creator, role: str) -> dict[str, object]:
    return {"role_name": creator.name, "base_role": role}


def _subjects(record: ResourceRecord) -> _Rows:
    for term in dict.fromkeys(map(subject_term, record.content.subjects)):
        yield {"res_subject": term}


def _schemas(record: ResourceRecord) -> _Rows:
    for index, name in enumerate(_schema_names(record), 1):
        yield {"schema_index": index, "schema_name": name.lower()}


def _tables(record: ResourceRecord) -> _Rows:
    schemas = _schema_names(record)
    for index, table in enumerate(record.tables, 1):
        yield {
            "schema_index": schemas.index(table.schema) + 1,
            "table_index": index,
            "table_name": table.full_name.lower(),
            "table_title": table.title or None,
            "table_description": token(table.description) or None,
            "nrows": table.rows,
        }


def _columns(record: ResourceRecord) -> _Rows:
    for index, table in enumerate(record.tables, 1):
        for row in _columns_of(table):
            yield {"table_index": index, **row}


def _columns_of(table: RecordTable) -> _Rows:
    for column in table.columns:
        yield {
            "name": column.name.lower(),
            "ucd": _lower(column.ucd),
            "unit": column.unit,
            "utype": _lower(column.utype),
            "datatype": column.datatype.lower(),
            "extended_type": column.xtype,
            "arraysize": column.arraysize,
            "type_system": "vs:votabletype",
            "flag": _hashlist(table.flags.get(column.name, ())),
            "column_description": token(column.description or "") or None,
        }


def _relationships(record: ResourceRecord) -> _Rows:
    for relationship in record.content.relationships:
        for target in relationship.targets:
            yield {
                "relationship_type": relationship.kind.lower(),
                "related_id": _lower(target.ivoid),
                "related_name": target.name,
            }


def _dates(record: ResourceRecord) -> _Rows:
    for item in record.curation.dates:
        yield {"date_value": _time(item.value), "value_role": item.role.lower()}


def _alternate_identifiers(record: ResourceRecord) -> _Rows:
    creators = (creator.alternate_identifier for creator in record.curation.creators)
    for identifier in dict.fromkeys((*record.alternate_identifiers, *creators)):
        if identifier is not None:
            yield {"alt_identifier": identifier}


def _spatial(record: ResourceRecord) -> _Rows:
    if record.coverage is not None and record.coverage.moc:
        yield {"coverage": coarse_coverage(record.coverage.moc)}


def _temporal(record: ResourceRecord) -> _Rows:
    for start, end in () if record.coverage is None else record.coverage.temporal:
        yield {"time_start": start, "time_end": end}


def _spectral(record: ResourceRecord) -> _Rows:
    for start, end in () if record.coverage is None else record.coverage.spectral:
        yield {"spectral_start": start, "spectral_end": end}


#: Functions that make the rows of a table; nobody has validated our records, and interfaces list no parameters.
_MAKERS: Mapping[str, Callable[[ResourceRecord], _Rows]] = {
    "resource": _resource,
    "res_role": _roles,
    "res_subject": _subjects,
    "capability": capability_rows,
    "res_schema": _schemas,
    "res_table": _tables,
    "table_column": _columns,
    "interface": interface_rows,
    "relationship": _relationships,
    "res_date": _dates,
    "res_detail": detail_rows,
    "alt_identifier": _alternate_identifiers,
    "stc_spatial": _spatial,
    "stc_temporal": _temporal,
    "stc_spectral": _spectral,
}


def coarse_coverage(text: str) -> str | None:
    """Return a MOC in the order in which RegTAP 1.2 compares coverage; clients look for cells of that order.

    Returns
    -------
    str or None
        The MOC in ASCII; None when the text is no MOC, or an empty one.
    """
    from mocpy import MOC

    try:
        moc = MOC.from_string(text, "ascii")
    except (ValueError, OSError):
        return None
    coarse = moc if moc.max_order <= _ORDER else moc.degrade_to_order(_ORDER)
    return None if coarse.empty() else str(coarse.to_string("ascii"))


def _schema_names(record: ResourceRecord) -> list[str]:
    return list(dict.fromkeys(table.schema for table in record.tables))


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def _hashlist(values: Sequence[str]) -> str | None:
    return "#".join(value.lower() for value in values) or None


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
