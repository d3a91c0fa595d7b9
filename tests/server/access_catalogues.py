"""Who may ask for the routes of survey catalogues, with the answers that each person gets."""

from typing import Any

__all__ = ["CATALOGUES"]

_API = {"nobody": 401, "*": 403}
_PAGES = {"nobody": 303, "*": 403}
_NEW = {"name": "sky", "url": "/etc", "visibility": "public"}

CATALOGUES: dict[tuple[str, str], tuple[dict[str, int], dict[str, Any]]] = {
    ("GET", "/api/catalogues"): ({**_API, "admin": 200}, {}),
    ("POST", "/api/catalogues"): ({**_API, "admin": 400}, {"json": _NEW}),
    **{
        (method, f"/api/catalogues/{{name}}{part}"): (
            {**_API, "admin": 404},
            {"url": f"/api/catalogues/nothing{part}", "json": {"description": "d"}} if method == "PATCH" else
            {"url": f"/api/catalogues/nothing{part}"},
        )
        for method, part in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/refresh"))
    },
    ("GET", "/admin/catalogues"): ({**_PAGES, "admin": 200}, {}),
    ("GET", "/admin/new-catalogue"): ({**_PAGES, "admin": 200}, {}),
    ("POST", "/admin/new-catalogue"): ({**_PAGES, "admin": 400}, {"data": _NEW}),
    ("GET", "/admin/catalogues/{name}"): ({**_PAGES, "admin": 404}, {"url": "/admin/catalogues/nothing"}),
    **{
        ("POST", f"/admin/catalogues/{{name}}{part}"): (
            {**_PAGES, "admin": 404},
            {"url": f"/admin/catalogues/nothing{part}", "data": {"visibility": "public"}},
        )
        for part in ("", "/refresh", "/remove")
    },
}  # fmt: skip
