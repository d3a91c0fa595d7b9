"""Records in the format ``oai_datacite``."""

from datacite import schema45
from lxml import etree

from registry.documents.datacite import datacite_document
from registry.models import ResourceRecord
from registry.oai.formats import METADATA_FORMATS
from registry.service import RecordService
from tests.registry.conftest import Catalogue

_NAMES = {"o": "http://schema.datacite.org/oai/oai-1.1/", "k": "http://datacite.org/schema/kernel-4"}
#: Mandatory properties of DataCite 4.5 beside the identifier.
_MANDATORY = ("creators/k:creator/k:creatorName", "titles/k:title", "publisher", "publicationYear", "resourceType")


def _resource(record: ResourceRecord):
    written = etree.tostring(METADATA_FORMATS["oai_datacite"].write(record))
    (resource,) = etree.fromstring(written).findall("o:payload/k:resource", _NAMES)
    return resource


def test_products_have_what_datacite_asks_for(catalogue: Catalogue, records: RecordService):
    base = catalogue.publish("Base")
    doi = {"doi": "10.5281/zenodo.1", "license": "CC-BY-4.0", "related": [{"kind": "IsDerivedFrom", "product": base}]}
    named = catalogue.publish("Named", attribution={**doi, "authors": [{"name": "Rubin, Vera"}]})
    by_number = {record.product: record for record in records.records()}
    for number, kind in ((base, "URL"), (named, "DOI")):
        resource = _resource(by_number[number])
        (identifier,) = resource.findall("k:identifier", _NAMES)
        assert identifier.get("identifierType") == kind
        assert all(resource.findtext(f"k:{path}", None, _NAMES) for path in _MANDATORY)
    assert identifier.text == "10.5281/zenodo.1"
    # No package has DataCite's XSD; its schema in JSON is that of the library that writes the XML.
    for number in (base, named):
        schema45.validator.validate(datacite_document(by_number[number]))
    (related,) = resource.findall("k:relatedIdentifiers/k:relatedIdentifier", _NAMES)
    assert (related.get("relationType"), related.text) == ("IsDerivedFrom", by_number[base].identifier)


def test_services_are_not_in_this_format(records: RecordService):
    assert not any(METADATA_FORMATS["oai_datacite"].describes(record) for record in records.records())
