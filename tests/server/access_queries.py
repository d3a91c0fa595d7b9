"""Who may ask for the routes of queries and of survey catalogues, with the answers that each person gets."""

from typing import Any

from tests.server.access_catalogues import CATALOGUES

__all__ = ["QUERIES"]

_TABLES = "SELECT table_name FROM tap_schema.tables"
_WRITING = {"nobody": 303, "owner_reading": 403, "admin_reading": 403}

QUERIES: dict[tuple[str, str], tuple[dict[str, int], dict[str, Any]]] = {
    **CATALOGUES,
    ("GET", "/query"): ({"*": 200}, {}),
    ("POST", "/query"): ({"*": 200}, {"data": {"query": _TABLES, "action": "tables"}}),
    ("POST", "/query/download"): ({"*": 400}, {"data": {"query": ""}}),
    ("GET", "/query/tables"): ({"*": 200}, {}),
    ("GET", "/query/columns"): ({"*": 404}, {"params": {"table": "nothing.there"}}),
    ("GET", "/query/language"): ({"*": 200}, {}),
    ("POST", "/query/send"): ({"*": 200}, {"data": {"query": _TABLES}}),
    **{
        (method, "/query/sent/{token}/{name}"): ({"*": 403}, {"url": "/query/sent/wrong/result.vot"})
        for method in ("GET", "HEAD")
    },
    **{
        ("POST", f"/query/{target}"): ({**_WRITING, "*": 400}, {"data": {"query": _TABLES}})
        for target in ("table", "product")
    },
    ("GET", "/query/jobs/{job_id}"): ({"nobody": 303, "*": 404}, {"url": "/query/jobs/nothing"}),
    ("POST", "/query/jobs/{job_id}/abort"): ({"nobody": 303, "*": 404}, {"url": "/query/jobs/nothing/abort"}),
    **{
        ("POST", f"/query/jobs/{{job_id}}/{target}"): (
            {**_WRITING, "*": 404},
            {"url": f"/query/jobs/nothing/{target}", "data": {"table_name": "x"}},
        )
        for target in ("table", "product")
    },
}
