"""Who may ask for the pages that are about no single product, with the answers that each person gets."""

from typing import Any

__all__ = ["PAGES"]

PAGES: dict[tuple[str, str], tuple[dict[str, int], dict[str, Any]]] = {
    ("GET", "/"): ({"*": 200}, {}),
    **{
        (method, f"/static/clients{path}"): ({"*": status}, {"open": True, "url": f"/static/clients{url}"})
        for method in ("GET", "HEAD")
        for path, url, status in (
            ("", "", 200),
            ("/", "/", 200),
            ("/simple", "/simple", 200),
            ("/simple/", "/simple/", 200),
            ("/simple/{project}", "/simple/pzserver", 200),
            ("/simple/{project}/", "/simple/pzserver/", 200),
            ("/{name}", "/pzserver.whl", 307),
        )
    },
    **{("GET", path): ({"*": 200}, {}) for path in ("/about", "/vospace", "/vospace/", "/help", "/curated")},
    **{
        ("GET", path): ({"*": 308}, {})
        for path in (
            "/oficial_products",
            "/user_products",
            "/upload",
            "/pz_pipelines",
            "/specz_catalogs",
            "/training_set_maker",
            "/documentation",
            "/contact",
        )
    },
    ("GET", "/help/{name}"): ({"*": 200}, {"url": "/help/tutorial"}),
    ("GET", "/help/images/{name}"): ({"*": 200}, {"url": "/help/images/product.png"}),
    ("GET", "/help/notebooks/{name}.ipynb"): ({"*": 200}, {"url": "/help/notebooks/first-estimates.ipynb"}),
    **{("GET", path): ({"*": 200}, {}) for path in ("/products", "/products/official", "/products/user")},
    ("GET", "/api/curated"): ({"*": 200}, {}),
    ("PUT", "/api/curated"): ({"nobody": 401, "admin": 200, "*": 403}, {"json": {"text": "# Curated"}}),
    ("GET", "/curated/edit"): ({"nobody": 303, "admin": 200, "*": 403}, {}),
    ("POST", "/curated/edit"): ({"nobody": 303, "admin": 303, "*": 403}, {"data": {"text": "# Curated"}}),
    ("GET", "/pipelines"): ({"*": 200}, {}),
    ("GET", "/run/{name}"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 200},
        {"url": "/run/training_set_maker"},
    ),
    ("POST", "/run/{name}"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 400},
        {"url": "/run/combine_redshift_dedup", "files": {"RULES": ("rules.yaml", b"a: 1")}},
    ),
    ("GET", "/runs/compare"): ({"*": 404}, {"url": "/runs/compare?first=987654&second=987655"}),
    **{
        ("POST", f"/run/{{name}}/{part}"): (
            {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": answer},
            {"url": f"/run/combine_redshift_dedup/{part}", "files": {"RULES": ("rules.yaml", b"a: 1")}},
        )
        for part, answer in (("form", 200), ("preview", 400), ("presets", 400))
    },
    ("POST", "/run/{name}/presets/{key}/delete"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/run/combine_redshift_dedup/presets/none/delete"},
    ),
    ("GET", "/runs/{number}"): ({"*": 404}, {"url": "/runs/987654"}),
    ("GET", "/runs/{number}/pictures/{key}.svg"): ({"*": 404}, {"url": "/runs/987654/pictures/sky.svg"}),
    ("POST", "/runs/{number}/abort"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/runs/987654/abort"},
    ),
    ("GET", "/docs"): ({"*": 200}, {}),
    ("GET", "/login"): ({"nobody": 200, "*": 303}, {}),
    ("POST", "/login"): ({"*": 403}, {"data": {"name": "stranger", "password": "wrong"}, "open": True}),
    ("POST", "/logout"): ({"*": 303}, {}),
    ("GET", "/tokens"): ({"nobody": 303, "*": 200}, {}),
    ("POST", "/tokens"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 200},
        {"data": {"name": "n", "scope": "read"}},
    ),
    ("GET", "/account"): ({"nobody": 303, "*": 200}, {}),
    ("POST", "/account/password"): (
        {"nobody": 303, "*": 403},
        {"data": {"old": "a long password", "password": "another long password"}},
    ),
    ("POST", "/account/sign-ins/{session_id}/end"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/account/sign-ins/987654/end"},
    ),
    ("POST", "/tokens/{token_id}/revoke"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/tokens/987654/revoke"},
    ),
    ("GET", "/product/new"): ({"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 200}, {}),
    ("POST", "/product/new"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 303},
        {"data": {"display_name": "new", "product_type": "7", "visibility": "private"}},
    ),
    **{
        (method, f"/health/{name}"): ({"*": 200}, {"open": True})
        for method in ("GET", "HEAD")
        for name in ("live", "ready")
    },
    ("GET", "/metrics"): ({"*": 403}, {"open": True}),  # no account decides; tests/server/operations/test_metrics.py
    ("GET", "/files"): ({"nobody": 303, "*": 200}, {}),
    ("GET", "/files/{path:path}"): ({"nobody": 303, "*": 404}, {"url": "/files/nothing"}),
    ("GET", "/move-file/{path:path}"): (
        {"nobody": 303, "admin_reading": 403, "owner_reading": 403, "*": 404},
        {"url": "/move-file/nothing"},
    ),
    ("GET", "/delete-file/{path:path}"): (
        {"nobody": 303, "admin_reading": 403, "owner_reading": 403, "*": 404},
        {"url": "/delete-file/nothing"},
    ),
    **{
        ("POST", route): (
            {"nobody": 303, "admin_reading": 403, "owner_reading": 403, "*": 404},
            {"url": url, "data": {"name": "x"}},
        )
        for route, url in (
            ("/files/{path:path}", "/files/nothing"),
            ("/new-folder/{path:path}", "/new-folder/nothing"),
            ("/delete-file/{path:path}", "/delete-file/nothing"),
            ("/move-file/{path:path}", "/move-file/nothing"),
        )
    },
}
