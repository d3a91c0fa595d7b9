"""Example responses of the REST API; a test compares their keys with those of real responses."""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "ARCHIVE", "CATALOGUE", "COLUMN", "CURATED", "DELETED", "FILE", "GROUP", "INSPECTION", "LINK", "MAIN_FILE_INFO",
    "MEANING", "PIPELINE", "PROCESS", "PRODUCT", "PRODUCT_TYPE", "READ_DATA", "RELEASE", "SIGN_IN", "TABLE_OPTIONS",
    "TOKEN", "UPLOAD", "USER", "listed",
]  # fmt: skip

Example = Mapping[str, Any]  # JSON objects hold whatever JSON holds

_TIME = "2026-11-23T04:24:18.026500Z"
_LATER = "2026-11-23T04:24:19.204281Z"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_MD5 = "098f6bcd4621d373cade4e832627b4f6"


def listed(item: Example) -> Example:
    """Return an example of a list with one item."""
    return {"count": 1, "next": None, "previous": None, "results": [item]}


PRODUCT: Example = {
    "id": 12,
    "release": None,
    "release_name": None,
    "product_type": 1,
    "product_type_name": "Reference Redshift Catalog",
    "product_type_internal_name": "redshift_catalog",
    "uploaded_by": "maria",
    "is_owner": True,
    "origin": "Upload",
    "process_status": None,
    "process_id": None,
    "product_status": "Published",
    "can_delete": True,
    "can_update": True,
    "internal_name": "12_vvds_final_release",
    "display_name": "VVDS final release",
    "official_product": False,
    "pz_code": None,
    "description": "Redshifts of the VIMOS VLT Deep Survey.",
    "created_at": _TIME,
    "updated_at": _LATER,
    "status": 1,
    "release_year": None,
    "visibility": "groups",
    "groups": ["photo-z.club"],
    "co_owners": ["wei"],
    "previous_version": None,
    "authors": [{"name": "Le Fèvre, Olivier", "orcid": "", "affiliation": "LAM"}],
    "license": "CC-BY-4.0",
    "references": ["10.1051/0004-6361/201322179"],
    "funding": [{"funder": "CNRS", "award": ""}],
    "keywords": [{"text": "Redshift surveys", "uat": 1378}],
    "doi": "",
    "embargo_date": None,
}

_ASSOCIATIONS: list[dict[str, str | None]] = [
    {"column_name": "NUM", "ucd": "meta.id;meta.main", "alias": "ID"},
    {"column_name": "ALPHA", "ucd": "pos.eq.ra;meta.main", "alias": "RA"},
    {"column_name": "DELTA", "ucd": "pos.eq.dec;meta.main", "alias": "Dec"},
    {"column_name": "Z", "ucd": "src.redshift", "alias": "z"},
    {"column_name": "MAGI", "ucd": "phot.mag;em.opt.I", "alias": None},
]

MAIN_FILE_INFO: Example = {
    **PRODUCT,
    "main_file": {
        "name": "vvds.csv",
        "type": "text/csv",
        "extension": ".csv",
        "size": 2316,
        "n_rows": 25,
        "is_directory": False,
        "md5": _MD5,
        "sha256": _SHA256,
        "columns": [item["column_name"] for item in _ASSOCIATIONS],
        "associated_columns": _ASSOCIATIONS,
        "delimiter": ",",
        "has_header": True,
    },
}

FILE: Example = {
    "id": 31,
    "product": 12,
    "file": "https://photoz.example.org/api/products/12/files/vvds.csv",
    "can_delete": True,
    "role_name": "Main",
    "role": 0,
    "name": "vvds.csv",
    "type": "text/csv",
    "n_rows": 25,
    "size": 2316,
    "extension": ".csv",
    "is_directory": False,
    "md5": _MD5,
    "sha256": _SHA256,
    "created": _TIME,
    "updated": _TIME,
}

MEANING: Example = {
    "key": "ra",
    "alias": "RA",
    "ucd": "pos.eq.ra;meta.main",
    "description": "Right ascension, ICRS.",
}

CURATED: Example = {"text": "# Curated datasets\n", "version": 3, "changed_at": _TIME}

COLUMN: Example = {
    "id": 88,
    "product": 12,
    "column_name": "ALPHA",
    "ucd": "pos.eq.ra;meta.main",
    "order": 1,
    "alias": "RA",
    "datatype": "double",
    "arraysize": None,
    "unit": "deg",
    "description": None,
}

UPLOAD: Example = {
    "id": "6f1c7f0c8a3b4a1f9d1f2b7e5a0c9d3e",
    "product": 12,
    "role": 0,
    "name": "objects.parquet",
    "size": 2_400_000_000,
    "fingerprint": "1798700000",
    "received": 620_000_000,
    "next_part": 300_000_000,
    "updated_at": "2026-11-23T04:24:18.026500Z",
    "file": None,
}

INSPECTION: Example = {
    "product": 12,
    "state": "running",
    "error": None,
    "job": "3e2f9a52c1d84c0f8a9b1b7f3c5d2e10",
    "published": False,
    "tap_table": None,
    "options": {"table": None, "missing_values": {}, "position": None},
    "progress": 0.4,
    "message": "10 000 rows read",
    "phase": "EXECUTING",
    "found": {},
}

TABLE_OPTIONS: Example = {
    "table": None,
    "missing_values": {"Z": [-99]},
    "position": {
        "kind": "numbers",
        "columns": ["ALPHA", "DELTA"],
        "units": ["hourangle", "deg"],
        "frame": "fk5",
        "equinox": "J2000",
        "reason": "chosen by the owner",
    },
}

READ_DATA: Example = {
    "count": 2,
    "columns": ["ALPHA", "DELTA", "Z"],
    "results": [{"ALPHA": 36.1, "DELTA": -4.5, "Z": 0.61}, {"ALPHA": 36.2, "DELTA": -4.4, "Z": 0.34}],
}

PRODUCT_TYPE: Example = {
    "id": 1,
    "name": "redshift_catalog",
    "display_name": "Reference Redshift Catalog",
    "order": 1,
    "description": "A catalogue of measured redshifts.",
    "mandatory_columns": ["ra", "dec", "z"],
    "created_at": None,
}

RELEASE: Example = {
    "id": 1,
    "name": "dp1",
    "display_name": "Data Preview 1",
    "description": "What the commissioning camera saw.",
    "created_at": _TIME,
    "indexing_column": "objectId",
    "has_mag_hats": False,
    "has_flux_hats": True,
    "dereddening": [{"name": "sfd", "display_name": "SFD", "selected": True}],
    "fluxes": [{"name": "cmodel", "display_name": "CModel", "selected": True}],
    "is_public": False,
    "access_groups": [2],
}

USER: Example = {"id": 3, "username": "maria", "first_name": "Maria", "last_name": "M.", "display_name": "Maria M."}

TOKEN: Example = {
    "id": 5,
    "name": "notebook on my laptop",
    "scope": "write",
    "created_at": _TIME,
    "expires_at": "2027-02-21T04:24:18.026500Z",
    "last_used_at": None,
    "parent": None,
    "parent_sign_in": None,
}

SIGN_IN: Example = {
    "id": 31,
    "for_browser": False,
    "scope": "write",
    "created_at": _TIME,
    "expires_at": _LATER,
    "parent": 17,
}

GROUP: Example = {
    "id": 2,
    "name": "photo-z.club",
    "description": "People who meet on Fridays",
    "source": "local",
    "can_manage": True,
    "members": [{"username": "maria", "display_name": "Maria M.", "is_manager": True}],
}

CATALOGUE: Example = {
    "name": "dp1",
    "table": "hats.dp1",
    "url": "s3://surveys/dp1",
    "description": "Objects of Data Preview 1",
    "visibility": "groups",
    "groups": ["photo-z.club"],
    "release": "dp1",
    "rows": 2_300_000,
    "bytes": 4_100_000_000,
    "partitions": 389,
    "columns": 137,
    "position": ["coord_ra", "coord_dec"],
    "indexes": ["objectId"],
    "left_out": ["lightcurve: values of type list<struct<t: double>> cannot be in a table"],
    "created_at": _TIME,
    "refreshed_at": _LATER,
}

LINK: Example = {
    "id": 1,
    "note": "referee of paper II",
    "made_by": "maria",
    "created_at": _TIME,
    "expires_at": "2026-12-07T04:24:18.026500Z",
    "last_used_at": None,
}

DELETED: Example = {
    **PRODUCT,
    "product_status": "Deleted",
    "status": 2,
    "can_update": False,
    "can_delete": False,
    "deleted_at": _LATER,
    "restorable_until": "2026-12-23T04:24:19.204281Z",
}

ARCHIVE: Example = {
    "id": 12,
    "task_id": None,
    "status": "ready",
    "filename": "12_vvds_final_release_9f86d081884c7d659a2feaa0c55ad015.zip",
    "size": 3782,
    "checksum": None,
    "source_signature": _SHA256,
    "created_at": _LATER,
    "updated_at": _LATER,
    "download_url": "https://photoz.example.org/api/products/12/download/file/?token=…",
    "expired_time": "2026-11-23T04:39:19.204281Z",
}

_PARAM = {"param": {"crossmatch": {"radius_arcsec": 1.0, "n_neighbors": 1}}, "output_format": None}

PIPELINE: Example = {
    "id": 1,
    "name": "training_set_maker",
    "display_name": "Training Set Maker",
    "version": "1.0",
    "description": "Matches redshifts with objects of a release.",
    "created_at": None,
    "system_config": _PARAM,
    "parameters": {"type": "object", "properties": {}},
    "output_product_type": 2,
    "product_types_accepted": [1],
}

PROCESS: Example = {
    "id": 3,
    "release": 1,
    "release_name": "Data Preview 1",
    "pipeline_name": "training_set_maker",
    "pipeline_version": "1.0",
    "owned_by": "maria",
    "is_owner": True,
    "provenance_inputs": [PRODUCT],
    "used_config": _PARAM,
    "display_name": "My training set",
    "created_at": _TIME,
    "started_at": _LATER,
    "ended_at": None,
    "orchestration_process_id": 3,
    "status": "Running",
    "path": "training_set_maker/00000003",
    "comment": None,
    "pipeline": 1,
    "upload": 13,
    "inputs": [12],
    "progress": 0.4,
    "message": "Matching positions",
    "job": "https://photoz.example.org/pipelines/training_set_maker/3e2f9a52c1d84c0f8a9b1b7f3c5d2e10",
}
