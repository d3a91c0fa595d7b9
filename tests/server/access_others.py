"""Who may ask for the routes that are about no single product, with the answers that each person gets."""

from typing import Any

from tests.server.access_challenges import CHALLENGES
from tests.server.access_groups import GROUPS
from tests.server.access_pages import PAGES
from tests.server.access_queries import QUERIES
from tests.server.access_rules import NUMBERS_FROM

__all__ = ["MOUNTS", "NEW", "OPEN_ROUTES", "OTHERS"]

_PRODUCT = "/api/products/{product_id}"
_ADQL = {"params": {"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables"}}
NEW = {"display_name": "new", "product_type": 7}

_READ = ("GET", "HEAD")
_PIPELINES = ("combine_redshift_dedup", "estimate", "training_set_maker", "validate_estimates")
_NODE_JOBS = ("/vospace/transfers", "/vospace/async-delete", "/vospace/async-setprops")
_TRANSFER = {
    "TARGET": "vos://photoz.local~vospace/products/987654_nothing/x",
    "DIRECTION": "pullFromVoSpace",
    "PROTOCOL": "ivo://ivoa.net/vospace/core#httpget",
}

#: Other routes: for each actor the status, "*" for the rest; and what is sent.
OTHERS: dict[tuple[str, str], tuple[dict[str, int], dict[str, Any]]] = {
    **QUERIES,
    **PAGES,
    **CHALLENGES,
    ("GET", "/api/openapi.json"): ({"*": 200}, {}),
    ("HEAD", "/api/openapi.json"): ({"*": 200}, {}),
    ("GET", "/api/meanings"): ({"*": 200}, {}),
    ("GET", "/api/logout"): ({"*": 200}, {}),
    **{
        ("POST", f"/api/sign-in/{name}"): (
            {"*": 401},
            {"open": True, "data": {"username": "owner", "password": "wrong"}},
        )
        for name in ("cookie", "token")
    },
    ("POST", "/api/obtain_token"): ({"*": 400}, {"json": {"username": "owner", "password": "wrong"}}),
    **{
        (method, f"/api{path}"): ({"nobody": 401, "*": 200}, {})
        for method, path in (
            ("GET", ""),
            ("GET", "/users"),
            ("POST", "/logged_user"),
            ("GET", "/tokens"),
            ("GET", "/sign-ins"),
            ("GET", "/product-types"),
            ("GET", "/releases"),
            ("GET", "/products"),
            ("GET", "/products-specz"),
            ("OPTIONS", "/products"),
            ("GET", "/products/pending_publication"),
            ("GET", "/products/facets"),
        )
    },
    **{
        # A link holds for the one user that it was signed for.
        (method, f"{_PRODUCT}/{name}/file"): (
            {"nobody": 401, "*": 403},
            {"url": f"/api/products/{NUMBERS_FROM + 1}/{name}/file?token=wrong"},
        )
        for method in _READ
        for name in ("download", "download/main-file")
    },
    ("GET", "/api/users/{user_id}"): ({"nobody": 401, "*": 200}, {"url": "/api/users/1"}),
    ("GET", "/api/product-types/{type_id}"): ({"nobody": 401, "*": 200}, {"url": "/api/product-types/1"}),
    ("GET", "/api/releases/{release_id}"): ({"nobody": 401, "*": 404}, {"url": "/api/releases/987654"}),
    **GROUPS,
    **{
        ("POST", route): (
            {"nobody": 401, "admin_reading": 403, "owner_reading": 403, "*": status},
            {"url": url, "json": {"name": "x", "size": 1}},
        )
        for route, url, status in (
            ("/file-uploads", "/file-uploads", 200),
            ("/file-uploads/{path:path}", "/file-uploads/nothing", 404),
        )
    },
    **{
        # An upload is named by an id that is signed for its user.
        (method, "/file-uploads/{path:path}"): (
            {"nobody": 401, "*": 403},
            {"url": "/file-uploads/nothing?upload=wrong&offset=0&size=1"},
        )
        for method in ("PATCH", "DELETE")
    },
    ("POST", "/discard-upload/{path:path}"): (
        {"nobody": 303, "*": 403},
        {"url": "/discard-upload/nothing", "data": {"upload": "wrong"}},
    ),
    ("POST", "/files"): (
        {"nobody": 303, "admin_reading": 403, "owner_reading": 403, "*": 400},
        {"data": {"name": "x"}},
    ),
    ("POST", "/new-folder"): (
        {"nobody": 303, "admin_reading": 403, "owner_reading": 403, "*": 400},
        {"data": {"name": ".."}},
    ),
    ("GET", "/jobs"): ({"nobody": 303, "*": 200}, {}),
    ("GET", "/jobs/{job_id}"): ({"nobody": 303, "*": 404}, {"url": f"/jobs/{'0' * 32}"}),
    **{
        ("POST", f"/jobs/{{job_id}}/{part}"): (
            {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 404},
            {"url": f"/jobs/{'0' * 32}/{part}"},
        )
        for part in ("abort", "delete")
    },
    ("GET", "/groups"): ({"nobody": 303, "*": 200}, {}),
    ("POST", "/groups"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 409},
        {"data": {"name": "team"}},
    ),
    ("GET", "/groups/{group_id}"): ({"nobody": 303, "member": 200, "admin": 200, "*": 404}, {"url": "/groups/1"}),
    **{
        ("POST", f"/groups/{{group_id}}/{part}"): (
            {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "member": 403, "admin": answer, "*": 404},
            {"url": f"/groups/1/{part}", "data": sent},
        )
        for part, sent, answer in (
            ("describe", {"description": "d"}, 303),
            ("delete", {}, 409),
            ("members", {"user": "no one"}, 400),
            ("members/remove", {"user": "no one"}, 404),
        )
    },
    **{
        ("GET", f"/admin{path}"): ({"nobody": 303, "admin": 200, "*": 403}, {"url": f"/admin{url}"})
        for path, url in (
            ("", ""),
            ("/log", "/log?kind=product&number=1&actor=owner&page=1"),
            ("/registry", "/registry"),
            ("/users", "/users"),
            ("/users/{name}", "/users/stranger"),
            ("/releases", "/releases"),
            ("/releases/{name}", "/releases/closed"),
            ("/new-release", "/new-release"),
            ("/types", "/types"),
            ("/types/{name}", "/types/other"),
        )
    },
    **{
        ("POST", f"/admin{path}"): ({"nobody": 303, "admin": answer, "*": 403}, {"url": f"/admin{url}", "data": sent})
        for path, url, sent, answer in (
            ("/users", "/users", {"name": "stranger"}, 409),
            ("/users/{name}", "/users/stranger", {"is_active": "1"}, 303),
            ("/users/{name}/password", "/users/stranger/password", {"password": "short"}, 400),
            ("/users/{name}/revoke", "/users/nobody-else/revoke", {}, 404),
            ("/new-release", "/new-release", {"name": "closed", "display_name": "C", "indexing_column": "id"}, 409),
            ("/releases/{name}", "/releases/closed", {"name": "a/b"}, 400),
            ("/releases/{name}/objects", "/releases/closed/objects", {"product": "1_none"}, 400),
            ("/releases/{name}/delete", "/releases/none/delete", {}, 404),
            ("/types/{name}", "/types/other", {"order": "many"}, 400),
        )
    },
    ("GET", "/deleted"): ({"nobody": 303, "*": 200}, {}),
    ("POST", "/deleted/{product_id}/restore"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/deleted/987654/restore"},
    ),
    **{
        (method, f"/shared/{{secret}}{part}"): ({"*": 404}, {"url": f"/shared/never-made{part}", "open": True})
        for part in ("", "/zip", "/files/{name}")
        for method in (("GET",) if part == "" else ("GET", "HEAD"))
    },
    ("GET", "/api/deleted-products"): ({"nobody": 401, "*": 200}, {}),
    ("POST", "/api/deleted-products/{product_id}/restore"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/api/deleted-products/987654/restore"},
    ),
    ("GET", "/api/usage"): ({"nobody": 401, "*": 200}, {}),
    ("POST", "/api/tokens"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 201},
        {"json": {"name": "n", "scope": "write"}},
    ),
    ("DELETE", "/api/sign-ins/{session_id}"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/api/sign-ins/987654"},
    ),
    ("DELETE", "/api/tokens/{token_id}"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/api/tokens/987654"},
    ),
    ("POST", "/api/get_token"): ({"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 200}, {}),
    ("POST", "/api/products"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 201},
        {"json": NEW},
    ),
    ("GET", "/tap/sync"): ({"*": 200}, _ADQL),
    ("POST", "/tap/sync"): ({"*": 200}, {"data": _ADQL["params"]}),
    **{
        (method, f"/tap{path}"): ({"*": 200}, {})
        for path in ("", "/", "/tables", "/examples", "/capabilities")
        for method in _READ
    },
    **{(method, "/tap/availability"): ({"*": 200}, {"open": True}) for method in _READ},
    **{
        (method, "/tap/schemas/{prefix}.xsd"): ({"*": 200}, {"open": True, "url": "/tap/schemas/colstat.xsd"})
        for method in _READ
    },
    **{
        (method, f"/vospace/{name}"): ({"*": 200}, {"open": True})
        for name in ("capabilities", "protocols", "views", "properties", "availability")
        for method in _READ
    },
    # Queries: everybody may make some and list one's own; runs of pipelines are for those who may write. A job that is
    # not there, and another one's, is unknown.
    **{("POST", f"/tap/{path}"): ({"*": 303}, {}) for path in ("async", "table-update")},
    # Tables of users: what may be done with those of others is tried in tests/tap/test_user_tables.py.
    **{
        (method, f"/tap/{path}/{{name}}"): (
            {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": status},
            {"url": f"/tap/{path}/user_nobody.nothing", "content": b"public=true"},
        )
        for method, path, status in (
            ("PUT", "tables", 400),
            ("POST", "tables", 404),
            ("DELETE", "tables", 404),
            ("POST", "load", 404),
            ("POST", "permissions", 404),
        )
    },
    ("GET", "/tap/permissions/{name}"): ({"*": 404}, {"url": "/tap/permissions/user_nobody.nothing"}),
    # Links of a product that may not be read are those of a product that does not exist.
    **{
        (method, "/datalink"): ({"*": 200}, {"url": "/datalink?ID=987654_nothing"})
        for method in ("GET", "HEAD", "POST")
    },
    **{
        (method, f"/datalink/{name}"): ({"*": 200}, {"open": True})
        for name in ("capabilities", "availability")
        for method in _READ
    },
    **{
        ("POST", f"/pipelines/{name}"): ({"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 303}, {})
        for name in _PIPELINES
    },
    **{
        (method, jobs): ({"*": 200}, {})
        for jobs in ("/tap/async", "/tap/table-update", *(f"/pipelines/{name}" for name in _PIPELINES), *_NODE_JOBS)
        for method in _READ
    },
    **{
        (method, f"{jobs}/{{job_id}}{part}"): (
            {"*": 404},
            {"url": f"{jobs}/{'0' * 32}" + part.format(name="x")} | ({"data": sent} if method == "POST" else {}),
        )
        for jobs in ("/tap/async", "/tap/table-update", *(f"/pipelines/{name}" for name in _PIPELINES), *_NODE_JOBS)
        for part, methods, sent in (
            ("", ("GET", "HEAD", "POST", "DELETE"), {"ACTION": "DELETE"}),
            ("/destruction", ("GET", "HEAD", "POST"), {"DESTRUCTION": "2040-01-01T00:00:00Z"}),
            ("/executionduration", ("GET", "HEAD", "POST"), {"EXECUTIONDURATION": "10"}),
            ("/parameters", ("GET", "HEAD", "POST"), {"QUERY": "SELECT 1"}),
            ("/phase", ("GET", "HEAD", "POST"), {"PHASE": "RUN"}),
            ("/events", ("GET",), {}),
            *((f"/{name}", ("GET", "HEAD"), {}) for name in ("error", "log", "owner", "quote", "results")),
            ("/results/{name}", ("GET", "HEAD"), {}),
        )
        for method in methods
    },
    ("GET", "/which_environment"): ({"*": 200}, {"open": True}),
    ("GET", "/which_environment/"): ({"*": 200}, {"open": True}),
    ("GET", "/api/pipelines"): ({"nobody": 401, "*": 200}, {}),
    ("GET", "/api/pipelines/{number}"): ({"nobody": 401, "*": 200}, {"url": "/api/pipelines/1"}),
    ("GET", "/api/processes"): ({"nobody": 401, "*": 200}, {}),
    ("POST", "/api/processes"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 400},
        {"json": {"display_name": "new", "pipeline": 2, "inputs": [987_654]}},
    ),
    **{
        ("GET", f"/api/processes/{{number}}{part}"): ({"nobody": 401, "*": 404}, {"url": f"/api/processes/1{part}"})
        for part in ("", "/logs", "/report")
    },
    **{
        (method, "/api/processes/{number}/stop"): (
            {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 404},
            {"url": "/api/processes/1/stop"},
        )
        for method in ("GET", "POST")
    },
    ("GET", "/vospace/nodes"): ({"*": 200}, {}),
    ("HEAD", "/vospace/nodes"): ({"*": 200}, {}),
    ("POST", "/vospace/files/{path:path}"): (  # about an upload that does not exist
        {"nobody": 401, "*": 403},
        {"url": "/vospace/files/products/987654_nothing/x"},
    ),
    **{
        (method, "/vospace/data/{token}/{name:path}"): ({"*": 403}, {"open": True, "url": "/vospace/data/wrong/x"})
        for method in ("GET", "HEAD", "PUT", "POST")
    },
    ("GET", "/vospace/synctrans"): ({"*": 404}, {"params": _TRANSFER}),
    ("POST", "/vospace/synctrans"): ({"*": 404}, {"data": _TRANSFER}),
    **{
        (method, f"/vospace/transfers/sync-{{ticket}}{part}"): (
            {"*": 404},
            {"url": f"/vospace/transfers/sync-wrong{part}"},
        )
        for part in ("", "/phase", "/error", "/results/transferDetails")
        for method in _READ
    },
    ("POST", "/vospace/transfers"): ({"*": 400}, {"content": b"none"}),
    **{
        ("POST", f"{jobs}/{{job_id}}/parameters"): (
            {"*": 400},
            {"url": f"{jobs}/{'0' * 32}/parameters", "content": b"none"},
        )
        for jobs in ("/vospace/transfers", "/vospace/async-setprops")
    },
    ("POST", "/vospace/async-delete"): ({"*": 303}, {"data": {"target": "vos://photoz.local~vospace/home/none"}}),
    ("POST", "/vospace/async-setprops"): ({"*": 400}, {"content": b"none"}),
    ("GET", "/reg/resource-caps"): ({"*": 200}, {"open": True}),
    **{
        (method, f"/gms/search{part}"): ({"nobody": 401, "*": 200}, {"url": f"/gms/search{part and '/team'}"})
        for method in _READ
        for part in ("", "/{group}")
    },
    **{(method, "/gms/capabilities"): ({"*": 200}, {"open": True}) for method in ("GET", "HEAD")},
    **{
        (method, path): ({"*": 200}, {"open": True})
        for method, path in (
            ("GET", "/oai"),
            ("HEAD", "/oai"),
            ("POST", "/oai"),
            ("GET", "/oai/capabilities"),
            ("HEAD", "/oai/capabilities"),
        )
    },
    ("GET", "/availability"): ({"*": 200}, {"open": True}),
}
#: Routes that look at no credentials, so that wrong ones do not matter.
OPEN_ROUTES = {key for key, (_, sent) in OTHERS.items() if sent.get("open")} | {
    ("GET", "/api/openapi.json"), ("HEAD", "/api/openapi.json"), ("GET", "/api/meanings"), ("GET", "/api/logout"),
    ("POST", "/api/obtain_token"),
}  # fmt: skip
MOUNTS = {"/static"}

_TAP = ("async", "sync", "capabilities", "availability", "examples", "schemas")
_OF_TAP = {
    key: value
    for key, value in OTHERS.items()
    if key[1].startswith(tuple(f"/tap/{name}" for name in _TAP)) or key[1] in {"/tap", "/tap/", "/tap/tables"}
}

#: TAP at the address that always asks for a sign-in: as at the other one, except that nobody is asked, too.
OTHERS |= {
    (method, f"/auth{path}"): (
        {**statuses, "nobody": statuses["*"] if sent.get("open") else 401},
        {**sent, **({"url": f"/auth{sent['url']}"} if "url" in sent else {})},
    )
    for (method, path), (statuses, sent) in _OF_TAP.items()
}
#: TAP at the address for clients of registries.
OTHERS |= {
    (method, f"/reg{path}"): (statuses, {**sent, **({"url": f"/reg{sent['url']}"} if "url" in sent else {})})
    for (method, path), (statuses, sent) in _OF_TAP.items()
}
OPEN_ROUTES |= {
    (method, f"{prefix}/tap/{path}")
    for prefix in ("/auth", "/reg")
    for path in ("availability", "schemas/{prefix}.xsd")
    for method in _READ
}
