"""Provenance of products, recorded and returned as statements of the IVOA Provenance Data Model 1.0."""

from products.provenance.disclosures import Disclosure, DisclosureService
from products.provenance.lineage import LineageService
from products.provenance.models import Activity, Provenance, UsedEntity
from products.provenance.prov_json import provenance_json
from products.provenance.service import ProvenanceService
from products.provenance.votable import provenance_votable

__all__ = [
    "Activity",
    "Disclosure",
    "DisclosureService",
    "LineageService",
    "Provenance",
    "ProvenanceService",
    "UsedEntity",
    "provenance_json",
    "provenance_votable",
]
