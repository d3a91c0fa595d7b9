"""Who may ask for what: each route of the application, with the answers that each person gets."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ABOUT_PRODUCTS",
    "ACTORS",
    "AUXILIARY",
    "MAIN",
    "MANAGERS",
    "MISSING",
    "NUMBERS_FROM",
    "OWNERS",
    "READERS",
    "READING",
    "REFUSED",
    "STATES",
    "TABLE",
    "UNPUBLISHED",
    "Ask",
    "Target",
]

TABLE = b"objid,RAJ2000,DEJ2000,zspec\n1,10.5,-5.25,0.31\n2,10.6,-5.5,0.42\n3,10.7,-5.75,0.5\n"
MAIN, AUXILIARY = "secret table.csv", "notes.txt"
NUMBERS_FROM = 700_000

#: A published product of each visibility, a public one that is hidden, and a public one of each other status.
STATES = ("private", "groups", "registered", "public", "hidden", "draft", "processing", "failed", "deleted")
UNPUBLISHED = ("draft", "processing", "failed")
#: What a product of another one's is to each person: own (may change), manage (may give away), read, or nothing.
OWNERS = ("owner", "co_owner", "admin")
MANAGERS = ("owner", "admin")
READERS = {
    "private": {"owner_reading"},
    "groups": {"owner_reading", "member"},
    "registered": {"owner_reading", "member", "stranger", "admin_reading"},
    "public": {"owner_reading", "member", "stranger", "admin_reading", "nobody"},
    "hidden": {"owner_reading"},
    "draft": {"owner_reading"},
    "processing": {"owner_reading"},
    "failed": {"owner_reading"},
    "deleted": set(),
}
#: Credentials that do not hold; they are refused before anything is looked up.
REFUSED = ("expired", "revoked")
ACTORS = ("owner", "co_owner", "member", "stranger", "admin", "admin_reading", "owner_reading", *REFUSED, "nobody")
READING = ("owner_reading", "admin_reading")


@dataclass(frozen=True, slots=True)
class Target:
    """A product, by everything that an address may name it or its parts by."""

    number: int
    name: str
    file: int
    column: int
    table: str

    def hide(self, text: str) -> str:
        """Take out of a text what was asked for, so that texts about different products can be compared."""
        for value in (self.table, self.name, self.file, self.column, self.number):
            text = re.sub(rf"(?<!\d){re.escape(str(value))}(?!\d)", "@", text)
        return text


MISSING = Target(987_654, "987654_nothing", 987_655, 987_656, "redshift_catalog.p987654_nothing")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request about a product.

    Parameters
    ----------
    ok
        Statuses for those who may.
    sign_in
        Whether nobody is asked to sign in whatever the product.
    writes
        Whether only owners may; ``scope_first`` says that a reading token is refused before the product is looked up.
    manages
        Whether only the first owner may, and no co-owner.
    page
        Whether nobody is led to the sign-in page instead of being refused.
    published
        Whether only published products are there at all.
    """

    path: str
    ok: frozenset[int] = frozenset({200})
    sign_in: bool = False
    writes: bool = False
    manages: bool = False
    scope_first: bool = False
    page: bool = False
    published: bool = False
    send: Callable[[Target], dict[str, Any]] = field(default=lambda _: {})

    def expected(self, actor: str, state: str) -> frozenset[int]:
        """Give the statuses that one person may get about a product in one state."""
        if actor in REFUSED:
            return frozenset({401})
        no_one = frozenset({303 if self.page else 401})
        owns = actor in OWNERS and state not in {"deleted", "missing"}
        owns = owns and not (state == "hidden" and actor == "co_owner")
        reads = owns or actor in READERS.get(state, set())
        if self.published and state in UNPUBLISHED:
            owns = reads = False
        if actor == "nobody" and (self.sign_in or self.scope_first):
            return no_one
        if self.writes and self.scope_first and actor in READING:
            return frozenset({403})
        if not reads:
            return frozenset({404})
        if self.writes and not (owns and (actor in MANAGERS or not self.manages)):
            return no_one if actor == "nobody" else frozenset({403})
        # What is being worked on, or came to nothing, may be in the way of what one may do in general.
        return self.ok | {409} if self.writes and state in {"processing", "failed"} else self.ok


def _statuses(*statuses: int) -> frozenset[int]:
    return frozenset(statuses)


def _json(value: object) -> Callable[[Target], dict[str, Any]]:
    return lambda _: {"json": value}


def _form(**fields: str) -> Callable[[Target], dict[str, Any]]:
    return lambda _: {"data": fields}


def _sent_file(target: Target) -> dict[str, Any]:
    return {"data": {"product": str(target.number), "role": "2"}, "files": {"file": ("more.txt", b"more")}}


def _node(path: str, kind: str) -> dict[str, Any]:
    namespaces = 'xmlns="http://www.ivoa.net/xml/VOSpace/v2.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    node = f'<node {namespaces} uri="vos://photoz.local~vospace/{path}" xsi:type="{kind}"/>'
    return {"content": node.encode()}


def _page_write(
    path: str,
    *ok: int,
    manages: bool = False,
    send: Callable[[Target], dict[str, Any]] = _form(),  # noqa: B008 - a function
) -> Ask:
    return Ask(path, _statuses(*ok), writes=True, manages=manages, scope_first=True, page=True, send=send)


_EDIT = {"display_name": "A product", "description": "d", "visibility": "private"}
_PRODUCT = "/api/products/{product_id}"

#: Routes about one product.
ABOUT_PRODUCTS: dict[tuple[str, str], Ask] = {
    ("GET", _PRODUCT): Ask("/api/products/{0.number}", sign_in=True),
    ("GET", f"{_PRODUCT}/main_file_info"): Ask("/api/products/{0.number}/main_file_info", sign_in=True),
    ("PATCH", _PRODUCT): Ask("/api/products/{0.number}", writes=True, send=_json({"description": "changed"})),
    ("PUT", _PRODUCT): Ask("/api/products/{0.number}", writes=True, send=_json({"description": "changed"})),
    ("GET", f"{_PRODUCT}/process_config"): Ask("/api/products/{0.number}/process_config", sign_in=True),
    **{
        (method, f"{_PRODUCT}/{name}"): Ask(f"/api/products/{{0.number}}/{name}", sign_in=True)
        for method, name in (
            ("POST", "download/prepare"),
            ("GET", "download/status"),
            ("GET", "download"),
            ("HEAD", "download"),
            ("POST", "download/main-file/prepare"),
            ("GET", "download/main-file/status"),
            ("GET", "download_main_file"),
            ("HEAD", "download_main_file"),
        )
    },
    ("DELETE", _PRODUCT): Ask("/api/products/{0.number}", _statuses(204), writes=True, manages=True),
    ("PUT", f"{_PRODUCT}/co-owners/{{user}}"): Ask(
        "/api/products/{0.number}/co-owners/stranger", writes=True, manages=True
    ),
    ("DELETE", f"{_PRODUCT}/co-owners/{{user}}"): Ask(
        "/api/products/{0.number}/co-owners/nobody-else", _statuses(400), writes=True, manages=True
    ),
    ("POST", f"{_PRODUCT}/transfer"): Ask(
        "/api/products/{0.number}/transfer", writes=True, manages=True, send=_json({"user": "stranger"})
    ),
    ("GET", f"{_PRODUCT}/links"): Ask("/api/products/{0.number}/links", writes=True, manages=True),
    ("POST", f"{_PRODUCT}/links"): Ask(
        "/api/products/{0.number}/links", _statuses(201, 409), writes=True, manages=True, send=_json({"days": 1})
    ),
    ("DELETE", f"{_PRODUCT}/links/{{link_id}}"): Ask(
        "/api/products/{0.number}/links/987654", _statuses(404), writes=True, manages=True
    ),
    ("GET", f"{_PRODUCT}/versions"): Ask("/api/products/{0.number}/versions", sign_in=True),
    ("POST", f"{_PRODUCT}/new_version"): Ask(
        "/api/products/{0.number}/new_version", _statuses(201, 409), writes=True, scope_first=True
    ),
    ("POST", f"{_PRODUCT}/publish"): Ask("/api/products/{0.number}/publish", _statuses(200, 400, 406), writes=True),
    ("GET", "/api/product-files"): Ask("/api/product-files?product_id={0.number}", sign_in=True),
    ("GET", "/api/product-files/{file_id}"): Ask("/api/product-files/{0.file}", sign_in=True),
    ("DELETE", "/api/product-files/{file_id}"): Ask("/api/product-files/{0.file}", _statuses(204), writes=True),
    ("POST", "/api/product-files"): Ask(
        "/api/product-files", _statuses(201), writes=True, scope_first=True, send=_sent_file
    ),
    ("PUT", f"{_PRODUCT}/files/{{name}}"): Ask(
        "/api/products/{0.number}/files/more.txt?role=2",
        _statuses(201),
        writes=True,
        scope_first=True,
        send=lambda _: {"content": b"more"},
    ),
    ("POST", f"{_PRODUCT}/files"): Ask(
        "/api/products/{0.number}/files",
        _statuses(404),  # there is no such node
        writes=True,
        scope_first=True,
        send=lambda _: {"json": {"uri": "vos://photoz.local~vospace/home/nobody/x", "role": "2"}},
    ),
    ("POST", f"{_PRODUCT}/uploads"): Ask(
        "/api/products/{0.number}/uploads",
        _statuses(201),
        writes=True,
        scope_first=True,
        send=_json({"name": "more.txt", "role": "auxiliary", "size": 5}),
    ),
    ("GET", f"{_PRODUCT}/uploads"): Ask("/api/products/{0.number}/uploads", writes=True, sign_in=True),
    **{
        (method, f"{_PRODUCT}/uploads/{{upload_id}}"): Ask(
            f"/api/products/{{0.number}}/uploads/none{query}",
            _statuses(404),
            writes=True,
            sign_in=True,
            scope_first=method != "GET",
        )
        for method, query in (("GET", ""), ("PATCH", "?offset=0"), ("DELETE", ""))
    },
    ("POST", f"{_PRODUCT}/inspect"): Ask("/api/products/{0.number}/inspect", _statuses(202), writes=True),
    ("GET", f"{_PRODUCT}/inspection"): Ask("/api/products/{0.number}/inspection", sign_in=True),
    ("GET", f"{_PRODUCT}/table-options"): Ask("/api/products/{0.number}/table-options", sign_in=True),
    ("PUT", f"{_PRODUCT}/table-options"): Ask(
        "/api/products/{0.number}/table-options",
        _statuses(202, 409),  # the table of a published product stays as it is
        writes=True,
        send=_json({"position": "as given"}),
    ),
    ("GET", f"{_PRODUCT}/inspection/events"): Ask("/api/products/{0.number}/inspection/events", sign_in=True),
    ("GET", f"{_PRODUCT}/registry"): Ask("/api/products/{0.number}/registry", writes=True, scope_first=True),
    ("POST", f"{_PRODUCT}/registry"): Ask("/api/products/{0.number}/registry", writes=True, scope_first=True),
    ("GET", f"{_PRODUCT}/read_data"): Ask("/api/products/{0.number}/read_data", sign_in=True),
    ("GET", "/api/product-contents"): Ask("/api/product-contents?product={0.number}", sign_in=True),
    ("GET", "/api/product-contents/{column_id}"): Ask("/api/product-contents/{0.column}", sign_in=True),
    ("PATCH", "/api/product-contents/{column_id}"): Ask(
        "/api/product-contents/{0.column}", writes=True, send=_json({"ucd": "meta.id"})
    ),
    ("PATCH", f"{_PRODUCT}/columns"): Ask(
        "/api/products/{0.number}/columns", writes=True, send=_json({"zspec": {"description": "changed"}})
    ),
    ("PUT", f"{_PRODUCT}/columns"): Ask(
        "/api/products/{0.number}/columns", writes=True, send=_json({"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"})
    ),
    ("GET", f"{_PRODUCT}/files/{{name}}"): Ask(f"/api/products/{{0.number}}/files/{MAIN}"),
    ("HEAD", f"{_PRODUCT}/files/{{name}}"): Ask(f"/api/products/{{0.number}}/files/{MAIN}"),
    **{
        (method, f"{_PRODUCT}/{name}"): Ask(f"/api/products/{{0.number}}/{name}")
        for method, name in (("GET", "main_file"), ("HEAD", "main_file"), ("GET", "zip"), ("HEAD", "zip"))
    },
    **{
        ("GET", f"{_PRODUCT}/{name}"): Ask(f"/api/products/{{0.number}}/{name}")
        for name in ("provenance", "citation", "downloads", "relations")
    },
    # Products that are not public have no metadata for others.
    ("GET", f"{_PRODUCT}/datacite"): Ask("/api/products/{0.number}/datacite", _statuses(200, 409)),
    **{
        (method, f"{at}/tables/{{name}}"): Ask(f"{at}/tables/{{0.table}}", published=True)
        for method, at in (("GET", "/tap"), ("HEAD", "/tap"), ("GET", "/reg/tap"), ("HEAD", "/reg/tap"))
    },
    **{
        (method, "/auth/tap/tables/{name}"): Ask("/auth/tap/tables/{0.table}", published=True, sign_in=True)
        for method in ("GET", "HEAD")
    },
    **{
        (method, "/conesearch/{table}"): Ask("/conesearch/{0.table}?RA=10.5&DEC=-5.25&SR=0.1", published=True)
        for method in ("GET", "HEAD", "POST")
    },
    **{
        (method, route): Ask(path, published=True)
        for method in ("GET", "HEAD")
        for route, path in (
            ("/conesearch/{table}/capabilities", "/conesearch/{0.table}/capabilities"),
            ("/hats/{name}", "/hats/{0.name}"),
            ("/hats/{name}/{path:path}", "/hats/{0.name}/catalog/hats.properties"),
        )
    },
    ("GET", "/vospace/nodes/{path:path}"): Ask("/vospace/nodes/products/{0.name}", published=True),
    ("HEAD", "/vospace/nodes/{path:path}"): Ask(f"/vospace/nodes/products/{{0.name}}/{MAIN}", published=True),
    ("GET", "/vospace/files/{path:path}"): Ask(f"/vospace/files/products/{{0.name}}/{MAIN}", published=True),
    ("HEAD", "/vospace/files/{path:path}"): Ask(
        "/vospace/files/products/{0.name}/product_metadata.yaml", published=True
    ),
    ("PUT", "/vospace/nodes/{path:path}"): Ask(
        "/vospace/nodes/products/{0.name}/empty.txt",
        _statuses(400),  # a file of a product has bytes
        writes=True,
        scope_first=True,
        published=True,
        send=lambda target: _node(f"products/{target.name}/empty.txt", "DataNode"),
    ),
    ("POST", "/vospace/nodes/{path:path}"): Ask(
        "/vospace/nodes/products/{0.name}",
        writes=True,
        scope_first=True,
        published=True,
        send=lambda target: _node(f"products/{target.name}", "ContainerNode"),
    ),
    ("DELETE", "/vospace/nodes/{path:path}"): Ask(
        "/vospace/nodes/products/{0.name}", _statuses(204), writes=True, manages=True, scope_first=True, published=True
    ),
    ("PUT", "/vospace/files/{path:path}"): Ask(
        "/vospace/files/products/{0.name}/more.txt",
        _statuses(201),
        writes=True,
        scope_first=True,
        published=True,
        send=lambda _: {"content": b"more"},
    ),
    ("DELETE", "/vospace/files/{path:path}"): Ask(
        f"/vospace/files/products/{{0.name}}/{AUXILIARY}", _statuses(204), writes=True, scope_first=True, published=True
    ),
    **{
        (method, "/vospace/archives/{kind}/{path:path}"): Ask("/vospace/archives/zip/products/{0.name}", published=True)
        for method in ("GET", "HEAD")
    },
    ("GET", "/product/{name}"): Ask("/product/{0.name}"),
    ("GET", "/explore"): Ask("/explore?table={0.table}&filter=notnull:zspec&sort=desc:zspec", published=True),
    ("GET", "/explore/column"): Ask("/explore/column?table={0.table}&column=zspec", published=True),
    ("GET", "/explore/plot"): Ask("/explore/plot?table={0.table}&plot=hist:zspec", published=True),
    **{
        ("GET", f"/explore/plot.{ending}"): Ask(
            f"/explore/plot.{ending}?table={{0.table}}&plot=hist:zspec", published=True
        )
        for ending in ("svg", "csv", "vot")
    },
    ("GET", "/explore/row"): Ask("/explore/row?table={0.table}&row=1", published=True),
    ("GET", "/product/{name}/address"): Ask("/product/{0.name}/address"),
    ("GET", "/product/{name}/provenance"): Ask("/product/{0.name}/provenance"),
    ("GET", "/product/{name}/densities"): Ask("/product/{0.name}/densities", frozenset({303})),
    ("GET", "/product/{name}/sky"): Ask("/product/{0.name}/sky", frozenset({200, 404})),
    ("GET", "/product/{name}/sky/view"): Ask("/product/{0.name}/sky/view", frozenset({200, 404})),
    ("GET", "/product/{name}/columns"): _page_write("/product/{0.name}/columns", 200),
    ("POST", "/product/{name}/columns"): _page_write("/product/{0.name}/columns", 303, 400, 409),
    ("GET", "/product/{name}/descriptions"): _page_write("/product/{0.name}/descriptions", 200),
    ("POST", "/product/{name}/descriptions"): _page_write(
        "/product/{0.name}/descriptions",
        200,
        400,
        send=lambda _: {"files": {"file": ("c.csv", b"name,unit\nzspec,\n")}},
    ),
    ("GET", "/product/{name}/review"): _page_write("/product/{0.name}/review", 200, 303),
    ("POST", "/product/{name}/publish"): _page_write("/product/{0.name}/publish", 303, 406),
    ("GET", "/product/{name}/files"): _page_write("/product/{0.name}/files", 200, 303),
    ("POST", "/product/{name}/files"): _page_write(
        "/product/{0.name}/files",
        303,
        send=lambda _: {"data": {"role": "auxiliary"}, "files": {"file": ("more.txt", b"more")}},
    ),
    ("POST", "/product/{name}/uploads/{upload_id}/discard"): _page_write("/product/{0.name}/uploads/none/discard", 303),
    ("POST", "/product/{name}/files/{file_id}/remove"): _page_write("/product/{0.name}/files/{0.file}/remove", 303),
    ("POST", "/product/{name}/take"): _page_write(
        "/product/{0.name}/take", 400, send=_form(role="auxiliary", path="vos://elsewhere~vospace/x")
    ),
    ("POST", "/product/{name}/table"): _page_write("/product/{0.name}/table", 303, 409),
    ("POST", "/product/{name}/inspect"): _page_write("/product/{0.name}/inspect", 303),
    ("GET", "/product/{name}/edit"): _page_write("/product/{0.name}/edit", 200),
    ("POST", "/product/{name}/edit"): _page_write("/product/{0.name}/edit", 303, send=_form(**_EDIT)),
    ("GET", "/product/{name}/delete"): _page_write("/product/{0.name}/delete", 200, manages=True),
    ("POST", "/product/{name}/delete"): _page_write("/product/{0.name}/delete", 303, manages=True),
    ("GET", "/product/{name}/share"): _page_write("/product/{0.name}/share", 200),
    ("POST", "/product/{name}/share"): _page_write("/product/{0.name}/share", 303, send=_form(visibility="private")),
    ("POST", "/product/{name}/co-owners"): _page_write(
        "/product/{0.name}/co-owners", 303, manages=True, send=_form(user="stranger")
    ),
    ("POST", "/product/{name}/co-owners/remove"): _page_write(
        "/product/{0.name}/co-owners/remove", 400, manages=True, send=_form(user="nobody-else")
    ),
    ("POST", "/product/{name}/transfer"): _page_write(
        "/product/{0.name}/transfer", 303, manages=True, send=_form(user="stranger")
    ),
    ("POST", "/product/{name}/links"): _page_write(
        "/product/{0.name}/links", 200, 409, manages=True, send=_form(days="1")
    ),
    ("POST", "/product/{name}/links/{link_id}/end"): _page_write(
        "/product/{0.name}/links/987654/end", 404, manages=True
    ),
    ("POST", "/product/{name}/new-version"): _page_write("/product/{0.name}/new-version", 303, 409),
}
