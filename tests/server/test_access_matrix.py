"""Every route, asked by every kind of person about a product in every state: who gets what, and who learns nothing.

A route that stands in no table here fails ``test_every_route_has_a_rule``: say who may ask for it, by adding one line.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import delete, insert, select, update

from core.auth.models import Identity, Scope
from core.auth.schema import TokenRow
from core.database import Database, utc_now
from products.models import FileRole, ProductStatus, Visibility
from products.schema import ProductColumnRow, ProductFileRow, ProductRow, ProductTableRow
from products.service import NewProduct
from server.services import Services
from tests.server.application import running_application

TABLE = b"objid,RAJ2000,DEJ2000,zspec\n1,10.5,-5.25,0.31\n2,10.6,-5.5,0.42\n3,10.7,-5.75,0.5\n"
MAIN, AUXILIARY = "secret table.csv", "notes.txt"
NUMBERS_FROM = 700_000

STATES = ("private", "registered", "public", "draft", "deleted")
#: What a product of another one's is to each person: own (may change), read, or nothing at all.
OWNERS = ("owner", "admin")
READERS = {
    "private": {"owner_reading"},
    "registered": {"owner_reading", "stranger", "admin_reading"},
    "public": {"owner_reading", "stranger", "admin_reading", "nobody"},
    "draft": {"owner_reading"},
    "deleted": set(),
}
#: Credentials that do not hold; they are refused before anything is looked up.
REFUSED = ("expired", "revoked")
ACTORS = ("owner", "stranger", "admin", "admin_reading", "owner_reading", *REFUSED, "nobody")
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
    page
        Whether nobody is led to the sign-in page instead of being refused.
    published
        Whether only published products are there at all.
    """

    path: str
    ok: frozenset[int] = frozenset({200})
    sign_in: bool = False
    writes: bool = False
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
        reads = owns or actor in READERS.get(state, set())
        if self.published and state == "draft":
            owns = reads = False
        if actor == "nobody" and (self.sign_in or self.scope_first):
            return no_one
        if self.writes and self.scope_first and actor in READING:
            return frozenset({403})
        if not reads:
            return frozenset({404})
        if self.writes and not owns:
            return no_one if actor == "nobody" else frozenset({403})
        return self.ok


def _statuses(*statuses: int) -> frozenset[int]:
    return frozenset(statuses)


def _json(value: object) -> Callable[[Target], dict[str, Any]]:
    return lambda _: {"json": value}


def _form(**fields: str) -> Callable[[Target], dict[str, Any]]:
    return lambda _: {"data": fields}


def _sent_file(target: Target) -> dict[str, Any]:
    return {"data": {"product": str(target.number), "role": "2"}, "files": {"file": ("more.txt", b"more")}}


def _page_write(path: str, *ok: int, send: Callable[[Target], dict[str, Any]] = _form()) -> Ask:  # noqa: B008 - a function
    return Ask(path, _statuses(*ok), writes=True, scope_first=True, page=True, send=send)


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
    ("DELETE", _PRODUCT): Ask("/api/products/{0.number}", _statuses(204), writes=True),
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
    ("POST", f"{_PRODUCT}/inspect"): Ask("/api/products/{0.number}/inspect", _statuses(202), writes=True),
    ("GET", f"{_PRODUCT}/inspection"): Ask("/api/products/{0.number}/inspection", sign_in=True),
    ("GET", f"{_PRODUCT}/registry"): Ask("/api/products/{0.number}/registry", writes=True, scope_first=True),
    ("POST", f"{_PRODUCT}/registry"): Ask("/api/products/{0.number}/registry", writes=True, scope_first=True),
    ("GET", f"{_PRODUCT}/read_data"): Ask("/api/products/{0.number}/read_data", sign_in=True),
    ("GET", "/api/product-contents"): Ask("/api/product-contents?product={0.number}", sign_in=True),
    ("GET", "/api/product-contents/{column_id}"): Ask("/api/product-contents/{0.column}", sign_in=True),
    ("PATCH", "/api/product-contents/{column_id}"): Ask(
        "/api/product-contents/{0.column}", writes=True, send=_json({"ucd": "meta.id"})
    ),
    ("PUT", f"{_PRODUCT}/columns"): Ask(
        "/api/products/{0.number}/columns",
        writes=True,
        send=_json({"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}),
    ),
    ("GET", f"{_PRODUCT}/files/{{name}}"): Ask(f"/api/products/{{0.number}}/files/{MAIN}"),
    ("HEAD", f"{_PRODUCT}/files/{{name}}"): Ask(f"/api/products/{{0.number}}/files/{MAIN}"),
    ("GET", f"{_PRODUCT}/main_file"): Ask("/api/products/{0.number}/main_file"),
    ("HEAD", f"{_PRODUCT}/main_file"): Ask("/api/products/{0.number}/main_file"),
    ("GET", f"{_PRODUCT}/zip"): Ask("/api/products/{0.number}/zip"),
    ("HEAD", f"{_PRODUCT}/zip"): Ask("/api/products/{0.number}/zip"),
    ("GET", "/tap/tables/{name}"): Ask("/tap/tables/{0.table}", published=True),
    ("GET", "/vospace/nodes/{path:path}"): Ask("/vospace/nodes/products/{0.name}", published=True),
    ("HEAD", "/vospace/nodes/{path:path}"): Ask(f"/vospace/nodes/products/{{0.name}}/{MAIN}", published=True),
    ("GET", "/vospace/files/{path:path}"): Ask(f"/vospace/files/products/{{0.name}}/{MAIN}", published=True),
    ("HEAD", "/vospace/files/{path:path}"): Ask(
        "/vospace/files/products/{0.name}/product_metadata.yaml", published=True
    ),
    ("GET", "/product/{name}"): Ask("/product/{0.name}"),
    ("GET", "/product/{name}/columns"): _page_write("/product/{0.name}/columns", 200),
    ("POST", "/product/{name}/columns"): _page_write("/product/{0.name}/columns", 303, 400, 409),
    ("GET", "/product/{name}/review"): _page_write("/product/{0.name}/review", 200, 303),
    ("POST", "/product/{name}/publish"): _page_write("/product/{0.name}/publish", 303, 406),
    ("GET", "/product/{name}/files"): _page_write("/product/{0.name}/files", 200, 303),
    ("POST", "/product/{name}/files"): _page_write(
        "/product/{0.name}/files",
        303,
        send=lambda _: {"data": {"role": "auxiliary"}, "files": {"file": ("more.txt", b"more")}},
    ),
    ("POST", "/product/{name}/files/{file_id}/remove"): _page_write("/product/{0.name}/files/{0.file}/remove", 303),
    ("POST", "/product/{name}/inspect"): _page_write("/product/{0.name}/inspect", 303),
    ("GET", "/product/{name}/edit"): _page_write("/product/{0.name}/edit", 200),
    ("POST", "/product/{name}/edit"): _page_write("/product/{0.name}/edit", 303, send=_form(**_EDIT)),
    ("GET", "/product/{name}/delete"): _page_write("/product/{0.name}/delete", 200),
    ("POST", "/product/{name}/delete"): _page_write("/product/{0.name}/delete", 303),
}

_ADQL = {"params": {"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables"}}
_NEW = {"display_name": "new", "product_type": 7}

#: Other routes: for each actor the status, "*" for the rest; and what is sent.
OTHERS: dict[tuple[str, str], tuple[dict[str, int], dict[str, Any]]] = {
    ("GET", "/api/openapi.json"): ({"*": 200}, {}),
    ("HEAD", "/api/openapi.json"): ({"*": 200}, {}),
    ("GET", "/api/meanings"): ({"*": 200}, {}),
    ("GET", "/api/logout"): ({"*": 200}, {}),
    ("POST", "/api/obtain_token"): ({"*": 400}, {"json": {"username": "owner", "password": "wrong"}}),
    **{
        (method, f"/api{path}"): ({"nobody": 401, "*": 200}, {})
        for method, path in (
            ("GET", ""),
            ("GET", "/users"),
            ("POST", "/logged_user"),
            ("GET", "/tokens"),
            ("GET", "/product-types"),
            ("GET", "/releases"),
            ("GET", "/products"),
            ("GET", "/products-specz"),
            ("OPTIONS", "/products"),
            ("GET", "/products/pending_publication"),
        )
    },
    **{
        # A link holds for the one user that it was signed for.
        (method, f"{_PRODUCT}/{name}/file"): (
            {"nobody": 401, "*": 403},
            {"url": f"/api/products/{NUMBERS_FROM + 1}/{name}/file?token=wrong"},
        )
        for method in ("GET", "HEAD")
        for name in ("download", "download/main-file")
    },
    ("GET", "/api/users/{user_id}"): ({"nobody": 401, "*": 200}, {"url": "/api/users/1"}),
    ("GET", "/api/product-types/{type_id}"): ({"nobody": 401, "*": 200}, {"url": "/api/product-types/1"}),
    ("GET", "/api/releases/{release_id}"): ({"nobody": 401, "*": 404}, {"url": "/api/releases/987654"}),
    ("POST", "/api/tokens"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 201},
        {"json": {"name": "n", "scope": "write"}},
    ),
    ("DELETE", "/api/tokens/{token_id}"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 404},
        {"url": "/api/tokens/987654"},
    ),
    ("POST", "/api/get_token"): ({"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 200}, {}),
    ("POST", "/api/products"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 201},
        {"json": _NEW},
    ),
    ("GET", "/tap/sync"): ({"*": 200}, _ADQL),
    ("POST", "/tap/sync"): ({"*": 200}, {"data": _ADQL["params"]}),
    ("GET", "/tap/tables"): ({"*": 200}, {}),
    **{("GET", f"/tap/{name}"): ({"*": 200}, {"open": True}) for name in ("capabilities", "availability")},
    ("HEAD", "/tap/capabilities"): ({"*": 200}, {"open": True}),
    **{
        (method, f"/vospace/{name}"): ({"*": 200}, {"open": True})
        for name in ("capabilities", "protocols", "views", "properties", "availability")
        for method in ("GET", "HEAD")
    },
    ("GET", "/vospace/nodes"): ({"*": 200}, {}),
    ("HEAD", "/vospace/nodes"): ({"*": 200}, {}),
    **{
        (method, f"/vospace/{name}/{{path:path}}"): (
            {"*": 403},
            {"open": True, "url": f"/vospace/{name}/products/987654_nothing"},
        )
        for name in ("nodes", "files")
        for method in ("PUT", "POST", "DELETE")
    },
    **{
        (method, f"/vospace/{name}"): ({"*": 501}, {"open": True})
        for name in ("transfers", "synctrans")
        for method in ("GET", "POST")
    },
    ("GET", "/reg/resource-caps"): ({"*": 200}, {"open": True}),
    ("GET", "/availability"): ({"*": 200}, {"open": True}),
    ("GET", "/"): ({"*": 200}, {}),
    ("GET", "/about"): ({"*": 200}, {}),
    ("GET", "/login"): ({"nobody": 200, "*": 303}, {}),
    ("POST", "/login"): ({"*": 403}, {"data": {"name": "stranger", "password": "wrong"}, "open": True}),
    ("POST", "/logout"): ({"*": 303}, {}),
    ("GET", "/tokens"): ({"nobody": 303, "*": 200}, {}),
    ("POST", "/tokens"): (
        {"nobody": 303, "owner_reading": 403, "admin_reading": 403, "*": 200},
        {"data": {"name": "n", "scope": "read"}},
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
}
#: Routes that look at no credentials, so that wrong ones do not matter.
_OPEN = {key for key, (_, sent) in OTHERS.items() if sent.get("open")} | {
    ("GET", "/api/openapi.json"), ("HEAD", "/api/openapi.json"), ("GET", "/api/meanings"), ("GET", "/api/logout"),
    ("POST", "/api/obtain_token"),
}  # fmt: skip
_MOUNTS = {"/static"}


@dataclass(slots=True)
class Site:
    """An application with a product in each state, and a token for each person."""

    app: FastAPI
    client: TestClient
    services: Services
    tokens: dict[str, str]
    targets: dict[str, Target] = field(default_factory=dict)

    def ask(self, actor: str, method: str, url: str, **sent: Any) -> httpx.Response:
        """Send a request as one person."""
        headers = {"Authorization": f"Bearer {self.tokens[actor]}"} if actor in self.tokens else {}
        return self.client.request(method, url, headers=headers, **sent)

    def snapshot(self) -> list[tuple[Any, ...]]:
        """Give everything that is stored of products."""
        rows: list[tuple[Any, ...]] = []
        with self.services.database.read() as session:
            for table in (ProductRow, ProductFileRow, ProductColumnRow, ProductTableRow):
                rows += [tuple(row) for row in session.execute(select(table.__table__))]
        return rows

    def restore(self, state: str) -> None:
        """Bring a product back to its state after somebody was allowed to change it."""
        target, owner = self.targets[state], self.services.accounts.identity_of_user("owner")
        self._set(target, **_VALUES[state])
        if state != "deleted":
            self.services.uploads.wait_for_inspection(owner, target.number, 30)
        self._set(target, **_VALUES[state])
        with self.services.database.write() as session:
            kept = ProductFileRow.name.in_((MAIN, AUXILIARY))
            session.execute(delete(ProductFileRow).where(ProductFileRow.product_id == target.number, ~kept))
            lost = session.get(ProductFileRow, target.file) is None
            if session.get(ProductColumnRow, target.column) is None:  # the file was looked into once more
                first = (ProductColumnRow.product_id == target.number, ProductColumnRow.position == 0)
                session.execute(update(ProductColumnRow).where(*first).values(id=target.column))
        if lost:
            added = _add_file(self.services, owner, target.number, FileRole.AUXILIARY, AUXILIARY, b"notes")
            with self.services.database.write() as session:
                session.execute(update(ProductFileRow).where(ProductFileRow.id == added).values(id=target.file))

    def _set(self, target: Target, **values: Any) -> None:
        with self.services.database.write() as session:
            session.execute(update(ProductRow).where(ProductRow.id == target.number).values(**values))


_VALUES: dict[str, dict[str, Any]] = {
    state: {
        "status": {"draft": ProductStatus.REGISTERING, "deleted": ProductStatus.DELETED}.get(
            state, ProductStatus.PUBLISHED
        ),
        "visibility": state if state in set(Visibility) else Visibility.PUBLIC,
        "display_name": "A product",
    }
    for state in STATES
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_application(tmp_path_factory.mktemp("matrix") / "data", login_attempts=1000) as running:
        services = running.services
        site = Site(running.app, running.client, services, _people(services))
        _number_from(services.database, site)
        site.targets.update({state: _product(site, state) for state in STATES})
        site.targets["missing"] = MISSING
        yield site


def _people(services: Services) -> dict[str, str]:
    accounts = services.accounts
    for name in ("owner", "stranger", "admin"):
        accounts.add_user(name, None, is_admin=name == "admin")

    def token(name: str, scope: Scope) -> str:
        return accounts.issue_token(accounts.identity_of_user(name), "token", scope, days=1).secret

    tokens = {
        "owner": token("owner", Scope.WRITE),
        "stranger": token("stranger", Scope.WRITE),
        "admin": token("admin", Scope.ADMIN),
        "admin_reading": token("admin", Scope.READ),
        "owner_reading": token("owner", Scope.READ),
        "revoked": token("owner", Scope.WRITE),
        "expired": token("owner", Scope.WRITE),
    }
    newest, before = accounts.tokens(accounts.identity_of_user("owner"))[:2]
    accounts.revoke_token(accounts.identity_of_user("owner"), before.id)
    with services.database.write() as session:
        ended = utc_now() - timedelta(seconds=1)
        session.execute(update(TokenRow).where(TokenRow.id == newest.id).values(expires_at=ended))
    return tokens


def _number_from(database: Database, site: Site) -> None:
    """Let numbers begin where they do not occur in texts by chance."""
    owner, now = site.services.accounts.identity_of_user("owner"), utc_now()
    seed = site.services.products.create(owner, NewProduct("seed", 7))
    file = {"product_id": NUMBERS_FROM, "role": 0, "name": "s", "media_type": "s", "size": 1, "extension": ""}
    with database.write() as session:
        session.execute(
            update(ProductRow)
            .where(ProductRow.id == seed.id)
            .values(id=NUMBERS_FROM, internal_name="700000_seed", status=ProductStatus.DELETED)
        )
        stored = {"md5": "", "sha256": "", "stored_id": "seed", "created_at": now, "updated_at": now, "details": {}}
        session.execute(insert(ProductFileRow).values(id=NUMBERS_FROM + 100, **file, **stored))
        column = {"product_id": NUMBERS_FROM, "position": 0, "name": "s", "datatype": "int"}
        session.execute(insert(ProductColumnRow).values(id=NUMBERS_FROM + 200, **column))


def _add_file(services: Services, owner: Identity, product: int, role: FileRole, name: str, content: bytes) -> int:
    with services.uploads.stage(owner, product, role) as staging:
        staging.write(content)
        stored = staging.finish()
    return services.uploads.add_file(owner, product, role, name, stored).id


def _product(site: Site, state: str) -> Target:
    services, owner = site.services, site.services.accounts.identity_of_user("owner")
    visibility = Visibility(_VALUES[state]["visibility"])
    product = services.products.create(owner, NewProduct("A product", 1, visibility=visibility))
    _add_file(services, owner, product.id, FileRole.MAIN, MAIN, TABLE)
    auxiliary = _add_file(services, owner, product.id, FileRole.AUXILIARY, AUXILIARY, b"notes")
    services.uploads.inspect(owner, product.id)
    services.uploads.wait_for_inspection(owner, product.id, 60)
    services.associations.describe_all(owner, product.id, {"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"})
    if state != "draft":
        services.uploads.publish(owner, product.id)
    details = services.products.details(owner, product.id)
    assert details.table is not None
    target = Target(product.id, product.internal_name, auxiliary, details.columns[0].id, details.table.full_name)
    if state == "deleted":
        services.products.delete(owner, product.id)
    return target


def _routes(app: FastAPI) -> set[tuple[str, str]]:
    found = set()
    for route in iter_route_contexts(app.routes):
        if route.path not in _MOUNTS:
            found |= {(method, route.path) for method in route.methods or ()}
    return found


def test_every_route_has_a_rule(site: Site):
    listed = set(ABOUT_PRODUCTS) | set(OTHERS)
    found = _routes(site.app)
    assert found - listed == set(), "say in this file who may ask for these routes"
    assert listed - found == set(), "these routes are gone; take them out of this file"


@pytest.mark.parametrize("route", ABOUT_PRODUCTS, ids=" ".join)
def test_a_product_is_read_and_changed_by_those_who_may(site: Site, route: tuple[str, str]):
    ask, wrong = ABOUT_PRODUCTS[route], []
    for actor in ACTORS:
        unknown = _answer(site, actor, route, "missing")
        if unknown.status_code not in ask.expected(actor, "missing"):
            wrong.append(f"{actor}, missing: {unknown.status_code}, not {set(ask.expected(actor, 'missing'))}")
        for state in STATES:
            expected, before = ask.expected(actor, state), None
            allowed = expected == ask.ok
            if not allowed and route[0] not in {"GET", "HEAD"}:
                before = site.snapshot()
            answer = _answer(site, actor, route, state)
            if answer.status_code not in expected:
                wrong.append(f"{actor}, {state}: {answer.status_code}, not {set(expected)}: {answer.text[:200]}")
            if allowed and ask.writes:
                site.restore(state)
            elif before is not None and site.snapshot() != before:
                wrong.append(f"{actor}, {state}: refused, and changed all the same")
            if expected == {404} and _seen(answer, site.targets[state]) != _seen(unknown, MISSING):
                wrong.append(
                    f"{actor}, {state}: tells that there is something:\n"
                    f"{_seen(answer, site.targets[state])}\n{_seen(unknown, MISSING)}"
                )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", OTHERS, ids=" ".join)
def test_other_routes_answer_those_who_may(site: Site, route: tuple[str, str]):
    expected, sent = OTHERS[route]
    request = {key: value for key, value in sent.items() if key not in {"url", "open"}}
    for actor in ACTORS:
        wanted = expected.get(actor, expected["*"])
        if actor in REFUSED and route not in _OPEN:
            wanted = 401
        answer = site.ask(actor, route[0], sent.get("url", route[1]), **request)
        assert answer.status_code == wanted, f"{actor}: {answer.text[:300]}"
        for state in ("private", "draft", "deleted"):
            if actor in {"stranger", "admin_reading", "nobody", *REFUSED}:
                assert site.targets[state].name not in answer.text
                assert site.targets[state].table not in answer.text


@pytest.mark.parametrize("actor", ACTORS)
def test_tap_knows_the_tables_of_those_who_may_read_them(site: Site, actor: str):
    unknown = _query(site, actor, MISSING)
    listed = site.ask(actor, "GET", "/tap/tables").text
    schema = _tap(site, actor, "SELECT table_name FROM TAP_SCHEMA.tables").text
    columns = _tap(site, actor, "SELECT table_name FROM TAP_SCHEMA.columns").text
    catalogue = "".join(
        _tap(site, actor, f"SELECT * FROM photoz.{name}").text
        for name in ("products", "product_columns", "product_files")
    )
    for state in STATES:
        target = site.targets[state]
        reads = actor not in REFUSED and state != "draft" and ABOUT_PRODUCTS["GET", "/product/{name}"].ok == (
            ABOUT_PRODUCTS["GET", "/product/{name}"].expected(actor, state)
        )  # fmt: skip
        answer = _query(site, actor, target)
        if reads:
            assert answer.status_code == 200
            assert "0.31" in answer.text
        else:
            assert answer.status_code == (401 if actor in REFUSED else 400)
            assert _seen(answer, target) == _seen(unknown, MISSING)
        for text in (listed, schema, columns):
            assert (target.table in text) == reads, state
        assert (str(target.number) in catalogue) == reads, state


@pytest.mark.parametrize("actor", ["stranger", "admin_reading", "nobody"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) FROM {0}",
        "SELECT a.objid FROM {0} AS a JOIN {1} AS b ON a.objid = b.objid",
        "SELECT objid FROM {1} WHERE objid IN (SELECT objid FROM {0})",
        "SELECT objid FROM {1} UNION SELECT objid FROM {0}",
        "WITH t AS (SELECT * FROM {0}) SELECT * FROM t",
        'SELECT "no such column" FROM {0}',
        "SELECT {0}.objid FROM {1}",
        "SELECT objid FROM {0} WHERE 1 = CONTAINS(POINT(RAJ2000, DEJ2000), CIRCLE(10, -5, 1))",
    ],
)
def test_no_query_tells_a_hidden_table_from_none(site: Site, actor: str, query: str):
    public = site.targets["public"].table
    unknown = _tap(site, actor, query.format(MISSING.table, public))
    assert unknown.status_code == 400
    for state in ("private", "draft", "deleted"):
        target = site.targets[state]
        answer = _tap(site, actor, query.format(target.table, public))
        assert _seen(answer, target) == _seen(unknown, MISSING)


@pytest.mark.parametrize("actor", ACTORS)
def test_lists_hold_what_one_may_read(site: Site, actor: str):
    pages = {"/": False, "/api/products": False, "/vospace/nodes/products": True}
    texts = {path: site.ask(actor, "GET", path).text for path in pages}
    for path, published in pages.items():
        ask = Ask(path, published=published, sign_in=path.startswith("/api"))
        for state in STATES:
            seen = ask.expected(actor, state) == ask.ok
            assert (site.targets[state].name in texts[path]) == seen, (path, state)


def test_nobody_reaches_a_file_or_column_of_another_product_through_ones_own(site: Site):
    mine = site.ask("stranger", "POST", "/api/products", json=_NEW).json()
    for path in (
        f"/product/{mine['internal_name']}/files/{site.targets['private'].file}/remove",
        f"/product/{mine['internal_name']}/files/{MISSING.file}/remove",
    ):
        assert site.ask("stranger", "POST", path).status_code == 404
    assert site.ask("stranger", "GET", f"/api/products/{mine['id']}/files/{MAIN}").status_code == 404
    with site.services.database.read() as session:
        assert session.get(ProductFileRow, site.targets["private"].file) is not None


def _answer(site: Site, actor: str, route: tuple[str, str], state: str) -> httpx.Response:
    ask, target = ABOUT_PRODUCTS[route], site.targets[state]
    return site.ask(actor, route[0], ask.path.format(target), **ask.send(target))


def _tap(site: Site, actor: str, query: str) -> httpx.Response:
    parameters = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "votable/td"}
    return site.ask(actor, "POST", "/tap/sync", data=parameters)


def _query(site: Site, actor: str, target: Target) -> httpx.Response:
    return _tap(site, actor, f"SELECT * FROM {target.table}")


def _seen(answer: httpx.Response, target: Target) -> tuple[int, dict[str, str], str]:
    """Give what somebody sees of an answer, without what they asked for."""
    headers = {
        key: target.hide(value) for key, value in answer.headers.items() if key not in {"date", "content-length"}
    }
    # What a misspelt name might have meant is said from the names that one may read, and depends on the letters alone.
    text = re.sub(r"; did you mean [^<]*\?", ".", answer.text)
    return answer.status_code, headers, target.hide(text)
