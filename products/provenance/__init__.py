"""Provenance of products, recorded and returned as statements of the IVOA Provenance Data Model 1.0."""

from products.provenance.datacite import datacite_document, datacite_xml, doi_request
from products.provenance.descriptions import DescriptionService, ProductDescription, RelatedIdentifier
from products.provenance.disclosures import Disclosure, DisclosureService
from products.provenance.lineage import LineageService
from products.provenance.models import Activity, Provenance, UsedEntity
from products.provenance.prov_json import provenance_json
from products.provenance.schema_org import dataset_document, script_text
from products.provenance.service import ProvenanceService
from products.provenance.votable import provenance_votable

__all__ = [
    "Activity",
    "DescriptionService",
    "Disclosure",
    "DisclosureService",
    "LineageService",
    "ProductDescription",
    "Provenance",
    "ProvenanceService",
    "RelatedIdentifier",
    "UsedEntity",
    "datacite_document",
    "datacite_xml",
    "dataset_document",
    "doi_request",
    "provenance_json",
    "provenance_votable",
    "script_text",
]
