"""Every route, asked by every kind of person about a product in every state: who gets what, and who learns nothing.

A route that stands in no table of ``access_rules`` fails ``test_every_route_has_a_rule``: say there who may ask for it.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import insert, select, update

from core.auth.models import Identity, Scope
from core.auth.schema import GroupRow, TokenRow, UserRow
from core.database import Database, utc_now
from core.web.deferred_routes import complete_routes
from products.models import FileRole, InspectionState, ProductStatus, Visibility
from products.schema import (
    ProductColumnRow,
    ProductFileRow,
    ProductRow,
    ProductTableRow,
    ReleaseRow,
    product_co_owners,
    product_groups,
)
from products.service import NewProduct
from products.sharing.schema import ProductLinkRow
from server.services import Services
from tests.server.access_others import MOUNTS, NEW, OPEN_ROUTES, OTHERS
from tests.server.access_rules import (
    ABOUT_PRODUCTS,
    ACTORS,
    AUXILIARY,
    MAIN,
    MISSING,
    NUMBERS_FROM,
    REFUSED,
    STATES,
    TABLE,
    UNPUBLISHED,
    Ask,
    Target,
)
from tests.server.access_states import restore_product
from tests.server.application import running_application
from vospace.schema import NodeRow, NodeWriteRow

pytestmark = pytest.mark.slow

#: Headers that differ from request to request.
_OF_THE_REQUEST = frozenset({"date", "content-length", "x-request-id"})
_STORED = (ProductRow, ProductFileRow, ProductColumnRow, ProductTableRow, ProductLinkRow, NodeRow, NodeWriteRow)
#: Values as the database stores them: to compare them, they need not become those of Python.
_EVERYTHING = (
    *(f"SELECT * FROM {row.__tablename__}" for row in _STORED),
    *(
        f"SELECT * FROM {pairs.name} ORDER BY {', '.join(pairs.c.keys())}"
        for pairs in (product_groups, product_co_owners)
    ),
)


@dataclass(slots=True)
class Site:
    """An application with a product in each state, and a token for each person."""

    app: FastAPI
    client: httpx2.Client
    services: Services
    tokens: dict[str, str]
    #: A connection to the database that the application does not use.
    observer: sqlite3.Connection
    targets: dict[str, Target] = field(default_factory=dict)
    _seen: tuple[int, list[tuple[Any, ...]]] | None = None

    def ask(self, actor: str, method: str, url: str, **sent: Any) -> httpx2.Response:
        """Send a request as one person."""
        headers = {"Authorization": f"Bearer {self.tokens[actor]}"} if actor in self.tokens else {}
        return self.client.request(method, url, headers=headers, **sent)

    def snapshot(self) -> list[tuple[Any, ...]]:
        """Give everything that is stored of products and nodes."""
        # This number changes when another connection commits anything: https://sqlite.org/pragma.html#pragma_data_version
        (version,) = self.observer.execute("PRAGMA data_version").fetchone()
        if self._seen is None or self._seen[0] != version:
            self._seen = version, [row for statement in _EVERYTHING for row in self.observer.execute(statement)]
        return self._seen[1]

    def restore(self, state: str) -> None:
        """Bring a product back to its state after somebody was allowed to change it."""
        target = self.targets[state]
        with self.services.database.write() as session:
            running = session.scalar(select(ProductRow.inspection_state).where(ProductRow.id == target.number))
            lost = restore_product(session, target, state)
        owner = self.services.accounts.service.identity_of_user("owner") if lost or running == "running" else None
        if owner and running == InspectionState.RUNNING and state != "deleted":
            self.services.products.uploads.wait_for_inspection(owner, target.number, 120)
            with self.services.database.write() as session:
                lost = restore_product(session, target, state)
        if owner and lost:
            added = _add_file(self.services, owner, target.number, FileRole.AUXILIARY, AUXILIARY, b"notes")
            with self.services.database.write() as session:
                session.execute(update(ProductFileRow).where(ProductFileRow.id == added).values(id=target.file))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_application(
        tmp_path_factory.mktemp("matrix") / "data",
        login_attempts=1000,
        login_attempts_address=1000,
        refused_per_minute=0,
    ) as running:
        services = running.services
        with closing(sqlite3.connect(services.settings.data / "photoz.sqlite", isolation_level=None)) as observer:
            site = Site(running.app, running.client, services, _people(services), observer)
            _number_from(services.database, site)
            for state in STATES:
                _product(site, state)
            site.targets["missing"] = MISSING
            yield site


def _people(services: Services) -> dict[str, str]:
    accounts = services.accounts.service
    for name in ("owner", "co_owner", "member", "stranger", "admin"):
        accounts.add_user(name, None, is_admin=name == "admin")
    with services.database.write() as session:
        team = GroupRow(name="team", members=session.query(UserRow).filter_by(name="member").all())
        release = {"name": "closed", "display_name": "Closed", "is_public": False, "access_groups": [team]}
        session.add(ReleaseRow(**release, created_at=utc_now()))

    def token(name: str, scope: Scope) -> str:
        return accounts.issue_token(accounts.identity_of_user(name), "token", scope, days=1).secret

    tokens = {
        "owner": token("owner", Scope.WRITE),
        "co_owner": token("co_owner", Scope.WRITE),
        "member": token("member", Scope.WRITE),
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
    owner, now = site.services.accounts.service.identity_of_user("owner"), utc_now()
    seed = site.services.products.service.create(owner, NewProduct("seed", 7))
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
    with services.products.uploads.stage(owner, product, role) as staging:
        staging.write(content)
        stored = staging.finish()
    return services.products.uploads.add_file(owner, product, role, name, stored).id


def _product(site: Site, state: str) -> None:
    services, owner = site.services, site.services.accounts.service.identity_of_user("owner")
    product = services.products.service.create(owner, NewProduct("A product", 1, visibility=Visibility.PRIVATE))
    _add_file(services, owner, product.id, FileRole.MAIN, MAIN, TABLE)
    auxiliary = _add_file(services, owner, product.id, FileRole.AUXILIARY, AUXILIARY, b"notes")
    services.products.uploads.inspect(owner, product.id)
    services.products.uploads.wait_for_inspection(owner, product.id, 120)
    services.products.column_meanings.describe_all(owner, product.id, {"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"})
    if state not in UNPUBLISHED:
        services.products.uploads.publish(owner, product.id)
    details = services.products.service.details(owner, product.id)
    assert details.table is not None
    site.targets[state] = Target(
        product.id, product.internal_name, auxiliary, details.columns[0].id, details.table.full_name
    )
    if state == "deleted":
        services.products.service.delete(owner, product.id)
    site.restore(state)


def _routes(app: FastAPI) -> set[tuple[str, str]]:
    found = set()
    for route in iter_route_contexts(list(complete_routes(app.routes))):
        if route.path not in MOUNTS:
            found |= {(method, route.path) for method in route.methods or ()}
    return found


def test_every_route_has_a_rule(site: Site):
    listed = set(ABOUT_PRODUCTS) | set(OTHERS)
    found = _routes(site.app)
    assert found - listed == set(), "say in access_rules who may ask for these routes"
    assert listed - found == set(), "these routes are gone; take them out of access_rules"


@pytest.mark.parametrize("route", ABOUT_PRODUCTS, ids=" ".join)
def test_a_product_is_read_and_changed_by_those_who_may(site: Site, route: tuple[str, str]):
    ask, wrong = ABOUT_PRODUCTS[route], []
    before = None  # what is stored, until somebody was allowed to change it
    for actor in ACTORS:
        unknown = _answer(site, actor, route, "missing")
        if unknown.status_code not in ask.expected(actor, "missing"):
            wrong.append(f"{actor}, missing: {unknown.status_code}, not {set(ask.expected(actor, 'missing'))}")
        for state in STATES:
            expected = ask.expected(actor, state)
            allowed = ask.ok <= expected
            watched = not allowed and route[0] not in {"GET", "HEAD"}
            if watched and before is None:
                before = site.snapshot()
            answer = _answer(site, actor, route, state)
            if answer.status_code not in expected:
                wrong.append(f"{actor}, {state}: {answer.status_code}, not {set(expected)}: {answer.text[:200]}")
            if allowed:
                before = None
                if ask.writes:
                    site.restore(state)
            elif watched and (after := site.snapshot()) != before:
                wrong.append(f"{actor}, {state}: refused, and changed all the same")
                before = after
            if expected == {404} and not allowed and _seen(answer, site.targets[state]) != _seen(unknown, MISSING):
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
        if actor in REFUSED and route not in OPEN_ROUTES:
            wanted = 401
        answer = site.ask(actor, route[0], sent.get("url", route[1]), **request)
        assert answer.status_code == wanted, f"{actor}: {answer.text[:300]}"
        for state in ("private", "groups", "hidden", *UNPUBLISHED, "deleted"):
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
        reads = actor not in REFUSED and state not in UNPUBLISHED and ABOUT_PRODUCTS["GET", "/product/{name}"].ok == (
            ABOUT_PRODUCTS["GET", "/product/{name}"].expected(actor, state)
        )  # fmt: skip
        answer = _query(site, actor, target)
        if reads:
            assert answer.status_code == 200
            assert "0.31" in answer.text
        else:
            # Nobody in particular may be somebody who has not signed in yet.
            assert answer.status_code == (401 if actor in {*REFUSED, "nobody"} else 400)
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
    assert unknown.status_code in ({400, 401} if actor == "nobody" else {400})
    for state in ("private", "groups", "hidden", *UNPUBLISHED, "deleted"):
        target = site.targets[state]
        answer = _tap(site, actor, query.format(target.table, public))
        assert _seen(answer, target) == _seen(unknown, MISSING)


@pytest.mark.parametrize("actor", ACTORS)
def test_lists_hold_what_one_may_read(site: Site, actor: str):
    pages = {"/products": False, "/api/products": False, "/vospace/nodes/products": True}
    texts = {path: site.ask(actor, "GET", path).text for path in pages}
    for path, published in pages.items():
        ask = Ask(path, published=published, sign_in=path.startswith("/api"))
        for state in STATES:
            seen = ask.ok <= ask.expected(actor, state)
            assert (site.targets[state].name in texts[path]) == seen, (path, state)


def test_nobody_reaches_a_file_or_column_of_another_product_through_ones_own(site: Site):
    mine = site.ask("stranger", "POST", "/api/products", json=NEW).json()
    for path in (
        f"/product/{mine['internal_name']}/files/{site.targets['private'].file}/remove",
        f"/product/{mine['internal_name']}/files/{MISSING.file}/remove",
    ):
        assert site.ask("stranger", "POST", path).status_code == 404
    assert site.ask("stranger", "GET", f"/api/products/{mine['id']}/files/{MAIN}").status_code == 404
    with site.services.database.read() as session:
        assert session.get(ProductFileRow, site.targets["private"].file) is not None


def _answer(site: Site, actor: str, route: tuple[str, str], state: str) -> httpx2.Response:
    ask, target = ABOUT_PRODUCTS[route], site.targets[state]
    return site.ask(actor, route[0], ask.path.format(target), **ask.send(target))


def _tap(site: Site, actor: str, query: str) -> httpx2.Response:
    parameters = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "votable/td"}
    return site.ask(actor, "POST", "/tap/sync", data=parameters)


def _query(site: Site, actor: str, target: Target) -> httpx2.Response:
    return _tap(site, actor, f"SELECT * FROM {target.table}")


def _seen(answer: httpx2.Response, target: Target) -> tuple[int, dict[str, str], str]:
    """Give what somebody sees of an answer, without what they asked for."""
    headers = {key: target.hide(value) for key, value in answer.headers.items() if key not in _OF_THE_REQUEST}
    # What a misspelt name might have meant is said from the names that one may read, and depends on the letters alone.
    text = re.sub(r"; did you mean [^<]*\?", ".", answer.text)
    return answer.status_code, headers, target.hide(text)
