"""What must hold whatever was killed: nothing that was answered is lost, stuck, or open to a stranger."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.chaos.ledger import Ledger
from tests.chaos.targets import ChaosSite
from tests.chaos.work import ROWS
from tests.server.api import Api
from tests.support.commands import photoz

__all__ = ["check", "check_store"]

_SETTLED_WITHIN = 300.0  # runs that were killed before they were queued end after two minutes
_ENDED = {"COMPLETED", "ERROR", "ABORTED"}
_PUBLISHED, _PROCESSING = 1, 3


def check(site: ChaosSite, ledger: Ledger, table: Path) -> None:
    """Check everything that can be seen through HTTP, on each of the servers."""
    apis = [Api(url, site.account.token) for url in site.urls]
    assert ledger.wrong == []
    _wait(lambda: [job for job in ledger.jobs if _phase(apis[0], job) not in _ENDED], "jobs are stuck")
    _wait(lambda: _busy(apis[0]), "products are stuck")
    for job in ledger.jobs:
        assert _ask(apis[0], "GET", job, as_stranger=True).status_code in {401, 403, 404}, f"{job} is open"
    for api in apis:
        _check_files(api, ledger)
        _check_products(api, ledger, table)
    ledger.jobs.clear()  # checked


def check_store(site: ChaosSite) -> None:
    """Check that each row has its bytes, with their checksums."""
    photoz("doctor", "--verify", data=site.deployment.data, env=site.env)


def _wait(left: Callable[[], list[Any]], what: str) -> None:
    deadline = time.monotonic() + _SETTLED_WITHIN
    while found := left():
        assert time.monotonic() < deadline, f"{what}: {found}"
        time.sleep(0.2)  # between two looks


def _ask(api: Api, method: str, path: str, *, as_stranger: bool = False) -> requests.Response:
    headers = {} if as_stranger else {"Authorization": f"Bearer {api.token}"}
    return requests.request(method, api.base_url + path, headers=headers, timeout=120, allow_redirects=False)


def _phase(api: Api, job: str) -> str:
    return _ask(api, "GET", f"{job}/phase").text


def _busy(api: Api) -> list[Any]:
    """Give the products that something works on."""
    products = api.json("GET", "products/?page_size=1000")["results"]
    states = {product["id"]: api.json("GET", f"products/{product['id']}/inspection/")["state"] for product in products}
    return [each["id"] for each in products if each["status"] == _PROCESSING or states[each["id"]] == "running"]


def _check_files(api: Api, ledger: Ledger) -> None:
    for name, contents in ledger.files.items():
        path = f"/vospace/files/home/admin/{name}"
        answer = _ask(api, "GET", path)
        found = None if answer.status_code == 404 else answer.content
        assert answer.status_code in {200, 204, 404}, f"{name}: {answer.status_code} {answer.text[:200]}"
        assert found in contents, f"{name} has {found and len(found)} bytes, not {[c and len(c) for c in contents]}"
        assert _ask(api, "GET", path, as_stranger=True).status_code in {401, 403, 404}
        contents.intersection_update({found})  # it must stay so


def _check_products(api: Api, ledger: Ledger, table: Path) -> None:
    for number, is_published in sorted(ledger.products.items()):
        path = f"/api/products/{number}"
        answer = _ask(api, "GET", path)
        assert _ask(api, "GET", f"{path}/main_file", as_stranger=True).status_code in {401, 403, 404}
        if answer.status_code == 404:
            assert number in ledger.deleted | ledger.unsure, f"product {number} is lost"
            continue
        assert number not in ledger.deleted, f"product {number} came back"
        product = answer.json()
        if not is_published:
            continue
        assert product["status"] == _PUBLISHED, product
        assert _ask(api, "GET", f"{path}/main_file").content == table.read_bytes()
        name = api.json("GET", f"products/{number}/inspection/")["tap_table"]
        query = {"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) FROM {name}", "RESPONSEFORMAT": "csv"}
        headers = {"Authorization": f"Bearer {api.token}"}
        counted = requests.get(f"{api.base_url}/tap/sync", params=query, headers=headers, timeout=120)
        assert counted.text.split()[-1] == str(ROWS), counted.text
