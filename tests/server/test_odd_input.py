"""Odd, wrong and hostile input at every door that stores something: a sentence with a status below 500, always."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from core.auth.models import Scope
from tests.server.application import Application, running_application

pytestmark = pytest.mark.slow

#: Texts that have broken other servers.
TEXTS = {
    "NUL": "a\0b",
    "lone surrogate": "a\ud800b",
    "controls": "a\x01\x1b[31m\x7f\x85b",
    "right to left": "\u202egpj.exe",
    "zero width": "a\u200bb\ufeff",
    "300 letters": "é" * 300,
    "100 000 letters": "x" * 100_001,
    "growing when lowered": "İ" * 255,
    "formula": "=cmd|' /C calc'!A0",
    "markup": "</script><script>alert(1)</script>",
    "template": "{{7*7}}${7*7}",
    "SQL": "' OR 1=1 --",
    "format": "%s%n{0}{__class__}",
    "CR LF": "a\r\nSet-Cookie: x=y",
    "outside the plane": "\U0001f4a9\U0010ffff",
    "nothing": "",
}
NUMBERS = (0, -1, 2**31, 2**63, 2**64, 10**30, 1.5, 1e308, float("inf"), float("nan"), True)
SHAPES: tuple[object, ...] = (None, [], {}, [[]], {"a": {"b": []}}, *NUMBERS, "9" * 5000, "٣", *TEXTS.values())

PRODUCT = {"display_name": "odd", "product_type": 7}
TABLE = b"objid,RAJ2000,DEJ2000,zspec\n1,10.5,-5.25,0.31\n2,10.6,-5.5,inf\n"


@pytest.fixture(scope="module")
def running(module_database_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(
        tmp_path_factory.mktemp("odd") / "data",
        database_url=module_database_url,
        refused_per_minute=0,
        login_attempts_address=1000,
    ) as application:
        yield application


@pytest.fixture(scope="module")
def owner(running: Application) -> httpx2.Client:
    """The application as an administrator sees it, so that nothing is refused before it is read."""
    running.services.accounts.service.add_user("owner", "a long password", is_admin=True)
    running.client.headers["Authorization"] = f"Bearer {running.token('owner', Scope.ADMIN)}"
    return running.client


@pytest.fixture(scope="module")
def product(owner: httpx2.Client) -> dict:
    """A draft whose table was looked into."""
    made = owner.post("/api/products", json={"display_name": "odd", "product_type": 1}).json()
    assert owner.put(f"/api/products/{made['id']}/files/t.csv", content=TABLE).status_code == 201
    owner.post(f"/api/products/{made['id']}/inspect")
    found = owner.get(f"/api/products/{made['id']}/inspection?wait=60").json()
    assert found["state"] == "done", found
    columns = owner.get(f"/api/product-contents?product={made['id']}").json()["results"]
    return {**made, "column": columns[0]["id"]}


def _writes(product: dict) -> dict[str, tuple[str, str, dict[str, object]]]:
    return {
        "create": ("POST", "/api/products", {**PRODUCT, "release": None, "pz_code": "", "description": ""}
                   | {"visibility": "public", "official_product": False, "release_year": 2026}),
        "change": ("PATCH", f"/api/products/{product['id']}",
                   {"display_name": "x", "description": "", "pz_code": "", "release": None, "visibility": "public",
                    "official_product": False, "status": 0}),
        "column": ("PATCH", f"/api/product-contents/{product['column']}", {"ucd": "meta.id", "alias": "ID"}),
        "columns": ("PUT", f"/api/products/{product['id']}/columns", {"objid": "id", "zspec": "z"}),
        "token": ("POST", "/api/tokens", {"name": "n", "scope": "read", "days": 1}),
        "sign-in": ("POST", "/api/obtain_token", {"username": "nobody", "password": "x"}),
    }  # fmt: skip


@pytest.mark.parametrize("write", ["create", "change", "column", "columns", "token", "sign-in"])
def test_json_of_any_shape_is_answered_below_500(owner: httpx2.Client, product: dict, write: str):
    method, path, body = _writes(product)[write]
    wrong = []
    # argon2 is slow on purpose, so that sign-ins are tried with the worst alone.
    shapes = (None, [], {}, "a\0b", "a\ud800b", "é" * 300) if write == "sign-in" else SHAPES
    for name, value in itertools.product(body, shapes):
        text = _as_json({**body, name: value})
        answer = owner.request(method, path, content=text, headers={"Content-Type": "application/json"})
        if answer.status_code >= 500 or not _is_plain(answer):
            wrong.append(f"{name} = {value!r:.60}: {answer.status_code} {answer.text[:200]}")
    for value in shapes:
        answer = owner.request(method, path, content=_as_json(value), headers={"Content-Type": "application/json"})
        if answer.status_code >= 500:
            wrong.append(f"{value!r:.60}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", TEXTS)
def test_texts_of_any_kind_are_kept_or_refused(owner: httpx2.Client, product: dict, name: str):
    text = TEXTS[name]
    made = owner.post("/api/products", content=_as_json({**PRODUCT, "display_name": f"n{text}", "description": text}))
    assert made.status_code in {201, 400}, made.text
    if made.status_code == 201:
        kept = owner.get(f"/api/products/{made.json()['id']}").json()
        assert kept["description"] in {text, text.replace("\0", "")}
        assert owner.get(f"/product/{made.json()['id']}").status_code == 200
        assert owner.delete(f"/api/products/{made.json()['id']}").status_code == 204
    encoded = text.encode("utf-8", "surrogatepass")[:2000]
    for method, path in (
        ("PUT", f"/api/products/{product['id']}/files/@?role=auxiliary"),
        ("GET", f"/api/products/{product['id']}/files/@"),
        ("GET", "/product/@"),
        ("GET", "/api/products?internal_name=@&display_name=@&uploaded_by=@&release_name=@&search=@&ordering=@"),
        ("GET", "/products/user?q=@&release=@&type=@&position=@&sort=@&page=@"),
        ("GET", "/vospace/nodes/products/@"),
        ("GET", "/vospace/nodes?uri=@&limit=@&detail=@&view=@"),
        ("GET", "/vospace/files/products/@/@"),
        ("GET", "/tap/tables/@"),
        ("GET", "/tap/sync?LANG=ADQL&QUERY=@&MAXREC=@&RESPONSEFORMAT=@&RUNID=@"),
        ("GET", "/tap/sync?LANG=ADQL&QUERY=SELECT+1+AS+a+FROM+tap_schema.tables&RUNID=@"),
        ("GET", "/?q=@"),
        ("GET", "/help?q=@"),
        ("GET", "/help/@"),
        ("GET", "/login?next=@"),
        ("POST", "/login"),
    ):
        url = path.replace("@", "".join(f"%{byte:02x}" for byte in encoded))
        answer = owner.request(method, url, content=b"name=" + url.rpartition("=")[2].encode())
        assert answer.status_code < 500, f"{method} {url[:200]}: {answer.text[:300]}"
        assert "\r" not in str(answer.headers)


@pytest.mark.parametrize(
    "number", [0, -1, 2**31, 2**63, 2**64, 10**30, "9" * 5000, "1.5", "abc", "%00", "777777%20", "\u0667\u0667\u0667"]
)
def test_numbers_of_any_size_name_nothing(owner: httpx2.Client, number: object):
    for method, path in (
        ("GET", "/api/products/@"),
        ("PATCH", "/api/products/@"),
        ("DELETE", "/api/products/@"),
        ("POST", "/api/products/@/publish"),
        ("POST", "/api/products/@/inspect"),
        ("GET", "/api/products/@/inspection"),
        ("GET", "/api/products/@/zip"),
        ("PUT", "/api/products/@/files/a.csv"),
        ("DELETE", "/api/product-files/@"),
        ("PATCH", "/api/product-contents/@"),
        ("PUT", "/api/products/@/columns"),
        ("GET", "/api/product-files?product_id=@"),
        ("GET", "/api/product-contents?product=@"),
        ("GET", "/api/products?product_type=@&release=@&user=@&status=@"),
        ("GET", "/api/products?page=@"),
        ("GET", "/api/products?page_size=@"),
        ("GET", "/api/products?page=@&page_size=@"),
        ("DELETE", "/api/tokens/@"),
        ("GET", "/api/releases/@"),
        ("GET", "/api/users/@"),
        ("GET", "/product/@"),
        ("POST", "/product/@/files/@/remove"),
        ("POST", "/tokens/@/revoke"),
        ("GET", "/products?page=@"),
        ("GET", "/vospace/nodes/products?limit=@"),
        ("GET", "/vospace/nodes/products?uri=vos://photoz.local~vospace/products/@_x"),
        ("GET", "/tap/sync?LANG=ADQL&QUERY=SELECT+1+AS+a+FROM+tap_schema.tables&MAXREC=@"),
        ("GET", "/tap/sync?LANG=ADQL&QUERY=SELECT+TOP+@+table_name+FROM+tap_schema.tables"),
    ):
        answer = owner.request(method, path.replace("@", str(number)), json={} if method in {"PATCH", "PUT"} else None)
        assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
    sent = owner.post("/api/product-files", data={"product": str(number), "role": "0"}, files={"file": ("a", b"a")})
    assert 400 <= sent.status_code < 500


def test_values_that_json_cannot_say_are_left_out_of_previews(owner: httpx2.Client, product: dict):
    rows = owner.get(f"/api/products/{product['id']}/read_data")
    assert rows.status_code == 200, rows.text
    assert owner.get(f"/product/{product['internal_name']}").status_code == 200


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Basic", "Basic AAAA", "Basic Og==", "Basic AGE6YgA=", "Token \xff", "Other x"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/products", "/tap/tables", "/vospace/nodes", "/"])
def test_odd_credentials_are_refused(running: Application, owner: httpx2.Client, value: str, path: str):
    answer = owner.get(path, headers={"Authorization": value.encode("latin-1")})
    # An empty header is none at all: then nobody asks, to whom the REST API lists nothing.
    assert answer.status_code == (401 if value or path == "/api/products" else 200)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fserver/app.py",
        "/static/%5c..%5c",
        "/static/%00",
        "/static//etc/passwd",
        "/api/products/%2e%2e/%2e%2e/etc/passwd",
        "/api/products/1/files/..%2f..%2f..%2fetc%2fpasswd",
        "/vospace/files/products/..%2f..%2fetc%2fpasswd",
        "/vospace/files/products/%2e%2e/%2e%2e/etc/passwd",
        "/vospace/files/%252e%252e/passwd",
        "/vospace/nodes/%00",
        "/product/..%2f..%2f",
        "/product/%00",
        "//evil.example/",
        "/api//evil.example//products",
        "/%0d%0aSet-Cookie:x=y",
    ],
)
def test_no_path_leads_outside(owner: httpx2.Client, path: str):
    answer = owner.get(path)
    assert 400 <= answer.status_code < 500 or (answer.status_code == 200 and path.startswith("//"))
    assert "root:" not in answer.text
    assert "set-cookie" not in answer.headers


def _as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def _is_plain(answer: httpx2.Response) -> bool:
    """Tell whether an error is JSON and keeps what is inside to itself."""
    if answer.status_code < 400:
        return True
    told = any(
        word in answer.text
        for word in ("Traceback", "sqlalchemy", "psycopg", str(Path(__file__).parents[2]), "site-packages")
    )
    return answer.headers["content-type"].startswith("application/json") and not told


def test_nothing_stays_behind(running: Application, owner: httpx2.Client):
    folder = Path(running.services.settings.staging_folder)
    assert list(folder.iterdir()) == []
