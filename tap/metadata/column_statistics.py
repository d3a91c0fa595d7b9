"""Statistics of columns in VOSI tables: attributes of other namespaces, which VODataService 1.2 allows on a column.

Minimum, maximum and fill factor have the names that DaCHS gave them, which the registry of GAVO reads. The numbers of
missing and of different values are in a namespace of our own. Validators need a schema for each of the two.
"""

from collections.abc import Iterator, Mapping

from lxml import etree

from products.models import ColumnSummary

__all__ = ["NAMESPACES", "attribute_schema", "schema_locations", "statistics_attributes"]

_XML_SCHEMA = "http://www.w3.org/2001/XMLSchema"

#: Namespaces by their prefixes.
NAMESPACES: Mapping[str, str] = {
    "g-colstat": "http://dc.g-vo.org/ColStats-1",
    "colstat": "urn:photoz:column-statistics-1",
}

_TYPES: Mapping[str, Mapping[str, str]] = {
    "g-colstat": {"min-value": "xs:double", "max-value": "xs:double", "fillFactor": "xs:double"},
    "colstat": {"null-count": "xs:nonNegativeInteger", "distinct-count": "xs:nonNegativeInteger"},
}


def statistics_attributes(known: ColumnSummary, rows: int | None) -> Iterator[tuple[etree.QName, str]]:
    """Yield the attributes of a column.

    Parameters
    ----------
    rows
        Number of rows of the table.
    """
    filled = None if not rows else 1 - known.nulls / rows
    for prefix, name, value in (
        ("g-colstat", "min-value", known.minimum),
        ("g-colstat", "max-value", known.maximum),
        ("g-colstat", "fillFactor", filled),
        ("colstat", "null-count", known.nulls),
        ("colstat", "distinct-count", known.distinct),
    ):
        if value is not None:
            yield etree.QName(NAMESPACES[prefix], name), repr(value)


def schema_locations(tap_url: str) -> str:
    """Return the value of ``xsi:schemaLocation`` for documents with these attributes."""
    return " ".join(f"{namespace} {tap_url}/schemas/{prefix}.xsd" for prefix, namespace in NAMESPACES.items())


def attribute_schema(prefix: str) -> bytes | None:
    """Return the XML schema of the attributes of a namespace, or None if there is no such prefix."""
    if prefix not in NAMESPACES:
        return None
    schema = etree.Element(
        etree.QName(_XML_SCHEMA, "schema"), {"targetNamespace": NAMESPACES[prefix]}, nsmap={"xs": _XML_SCHEMA}
    )
    for name, kind in _TYPES[prefix].items():
        etree.SubElement(schema, etree.QName(_XML_SCHEMA, "attribute"), {"name": name, "type": kind})
    return bytes(etree.tostring(schema, xml_declaration=True, encoding="UTF-8"))
