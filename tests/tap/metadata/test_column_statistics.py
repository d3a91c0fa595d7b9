"""Statistics of columns in VOSI tables: valid by the schemas of the IVOA, and by those that the service gives."""

from lxml import etree

from core.columns import Column
from products.models import ColumnSummary
from tap.adql import CatalogTable
from tap.metadata.column_statistics import NAMESPACES, attribute_schema, schema_locations
from tap.metadata.tableset import Detail, table_document, tableset_chunks
from tap.models import TapSchema, TapTable
from tests.core.vosi.schemas import schema

URL = "http://x/tap"
_COLUMNS = tuple(Column(name, "double") for name in ("full", "gaps", "words", "unknown"))
TABLE = TapTable(
    schema="s",
    entry=CatalogTable("s.t", _COLUMNS, None, sorted_by_healpix=False, engine_schema="s", engine_table="t"),
    description="A table",
    principal=frozenset(),
    row_count=200,
    summaries={
        "full": ColumnSummary(0, -99, 2**53, 70_000),
        "gaps": ColumnSummary(50, 1e-300, 0.5, 3),
        "words": ColumnSummary(200, distinct=0),
    },
)


SCHEMAS = [(TapSchema("s", "", ()), [TABLE])]


def test_documents_are_valid_by_the_schemas_that_they_name() -> None:
    documents = (table_document(TABLE, URL), b"".join(tableset_chunks(SCHEMAS, URL, detail=Detail.STATISTICS)))
    valid = schema({namespace: attribute_schema(prefix) for prefix, namespace in NAMESPACES.items()})
    for document in documents:
        valid.assertValid(etree.fromstring(document))


def test_columns_have_the_statistics_that_are_known() -> None:
    document = etree.fromstring(table_document(TABLE, URL))
    found = {}
    for column in document.iter("column"):
        told = {etree.QName(name).localname: float(value) for name, value in column.attrib.items()}
        found[column.findtext("name", "").strip('"')] = told
    assert found == {
        "full": {"min-value": -99, "max-value": 2**53, "fillFactor": 1, "null-count": 0, "distinct-count": 70_000},
        "gaps": {"min-value": 1e-300, "max-value": 0.5, "fillFactor": 0.75, "null-count": 50, "distinct-count": 3},
        "words": {"fillFactor": 0, "null-count": 200, "distinct-count": 0},
        "unknown": {},
    }


def test_the_document_that_validators_read_has_no_attributes_that_they_do_not_know() -> None:
    document = etree.fromstring(b"".join(tableset_chunks(SCHEMAS, URL)))
    assert {name for column in document.iter("column") for name in column.attrib} == set()
    assert not set(NAMESPACES.values()) & set(document.nsmap.values())


def test_there_are_schemas_of_two_namespaces() -> None:
    assert attribute_schema("no") is None
    assert schema_locations(URL).split()[::2] == list(NAMESPACES.values())
