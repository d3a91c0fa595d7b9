"""Example responses for facets, provenance and citations."""

from collections.abc import Mapping
from typing import Any

__all__ = ["CITATION", "DATACITE", "FACETS", "PROVENANCE", "RELATIONS"]

Example = Mapping[str, Any]  # JSON objects hold whatever JSON holds

_PRODUCT, _ACTIVITY, _AGENT = "product:12_vvds_final_release", "api:products/12/provenance/activity", "api:users/3"
_PAGE = "https://photoz.example.org/product/12_vvds_final_release"

FACETS: Example = {
    "type": [{"value": "redshift_catalog", "label": "Reference Redshift Catalog", "count": 3}],
    "release": [{"value": "none", "label": "Without release", "count": 3}],
    "owner": [{"value": "maria", "label": "maria", "count": 2}, {"value": "wei", "label": "wei", "count": 1}],
    "redshifts": [{"value": "yes", "label": "with", "count": 3}],
    "rows": [],
    "area": [],
}

CITATION = (
    "Maria M. (2026): VVDS final release. Photo-z Server. Reference Redshift Catalog, 12_vvds_final_release. " + _PAGE
)

DATACITE: Example = {
    "url": _PAGE,
    "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Reference Redshift Catalog"},
    "creators": [{"name": "Maria M."}],
    "titles": [{"title": "VVDS final release"}],
    "publisher": {"name": "Photo-z Server"},
    "publicationYear": "2026",
    "dates": [{"date": "2026-11-23T04:24:18Z", "dateType": "Created"}],
    "alternateIdentifiers": [
        {"alternateIdentifier": "12_vvds_final_release", "alternateIdentifierType": "Internal name"}
    ],
    "sizes": ["125000 B"],
    "formats": ["text/csv"],
    "descriptions": [{"description": "Redshifts of the VVDS.", "descriptionType": "Abstract"}],
    "schemaVersion": "http://datacite.org/schema/kernel-4",
}

RELATIONS: list[Example] = [
    {"kind": "IsNewVersionOf", "target": "7_vvds", "product": 7, "display_name": "VVDS"},
    {"kind": "Cites", "target": "10.1051/0004-6361/201322179", "product": None, "display_name": None},
]

PROVENANCE: Example = {
    "prefix": {
        "voprov": "https://www.ivoa.net/documents/ProvenanceDM/20200411/index.html#",
        "product": "https://photoz.example.org/product/",
        "api": "https://photoz.example.org/api/",
    },
    "entity": {
        _PRODUCT: {
            "voprov:name": "VVDS final release",
            "prov:label": "VVDS final release",
            "voprov:type": "redshift_catalog",
            "voprov:location": _PAGE,
        }
    },
    "activity": {
        _ACTIVITY: {"voprov:name": "Upload", "prov:label": "Upload", "prov:startTime": "2026-11-23T04:24:18.026Z"}
    },
    "agent": {
        _AGENT: {
            "voprov:name": "Maria M.",
            "prov:label": "Maria M.",
            "prov:type": {"$": "prov:Person", "type": "prov:QUALIFIED_NAME"},
        }
    },
    "wasGeneratedBy": {
        "api:products/12/provenance/WasGeneratedBy-1": {"prov:entity": _PRODUCT, "prov:activity": _ACTIVITY}
    },
    "wasAttributedTo": {
        "api:products/12/provenance/WasAttributedTo-1": {
            "prov:entity": _PRODUCT,
            "prov:agent": _AGENT,
            "voprov:role": "owner",
        }
    },
    "wasAssociatedWith": {
        "api:products/12/provenance/WasAssociatedWith-1": {
            "prov:activity": _ACTIVITY,
            "prov:agent": _AGENT,
            "voprov:role": "operator",
        }
    },
}
