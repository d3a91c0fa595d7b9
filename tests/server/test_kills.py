"""kill -9 at every moment of an upload: afterwards the product is absent, a draft to be continued, or complete."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests
from sqlalchemy import select

from core.database import Database
from core.settings import Settings
from products.models import InspectionState, ProductStatus
from products.schema import ProductFileRow, ProductRow, ProductTableRow
from server.services import Services
from tests.server.api import Api
from tests.support.commands import photoz
from tests.support.ports import free_port
from tests.support.processes import is_gone, processor_seconds, wait_until
from tests.support.server import first_account, warm_starter
from tests.support.waiting import is_answered, wait_for
from tests.support.warm_start import WarmCommand

pytestmark = pytest.mark.slow

ROWS = 120_000
MEANINGS = {"objid": "id", "RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}
SETTLED_WITHIN = 120.0


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table that takes a second or so to be read."""
    path, random = tmp_path_factory.mktemp("table") / "t.csv", np.random.default_rng(1)
    columns = np.column_stack(
        [np.arange(ROWS), random.uniform(0, 360, ROWS), random.uniform(-90, 90, ROWS), random.uniform(0, 3, ROWS)]
    )
    np.savetxt(path, columns, delimiter=",", header="objid,RAJ2000,DEJ2000,zspec", comments="", fmt="%.6f")
    return path


class Server:
    """A server that is killed and started again on the same data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.token = ""
        self._process: WarmCommand | None = None
        self.log = data.parent / "server.log"

    def start(self) -> Api:
        """Start the server and wait until it answers."""
        port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PHOTOZ_")}
        environment = kept | {"PHOTOZ_DATA": str(self.data), "PHOTOZ_PORT": str(port), "PHOTOZ_DEMO": "false"}
        environment |= {"PHOTOZ_JOB_WORKERS": "1", "PHOTOZ_QUERY_WORKERS": "1"}
        self._process = warm_starter().start(["serve"], env=environment, output=self.log)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_answered(f"{url}/availability"), self._process, self.log, 90)
        account = first_account(self.log.read_text())
        assert account is not None
        self.token = account.token
        return Api(url, self.token)

    def kill(self) -> None:
        """End the server and all that it started at once, as a power cut does."""
        assert self._process is not None
        processes = [psutil.Process(self._process.pid)]
        processes += processes[0].children(recursive=True)
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self._process.wait(60)
        wait_for(lambda: all(map(is_gone, processes)), "processes outlive SIGKILL")

    def busiest(self) -> psutil.Process:
        """Find the process of those that the server started that works hardest just now."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        before = {child: processor_seconds(child) for child in children}
        time.sleep(0.1)  # what they do in this time is compared
        return max(children, key=lambda child: processor_seconds(child) - before[child])


@contextmanager
def _server(data: Path) -> Iterator[Server]:
    server = Server(data)
    try:
        yield server
    finally:
        with contextlib.suppress(AssertionError, psutil.NoSuchProcess):
            server.kill()


def _upload(api: Api, table: Path, seen: dict[str, float]) -> None:
    """Go the whole way until the server is killed."""
    with contextlib.suppress(requests.RequestException, AssertionError):
        seen["create"] = time.monotonic()
        product = api.upload("killed", "redshift_catalog", table)
        seen["inspect"] = time.monotonic()
        api.inspected(product["id"])
        seen["publish"] = time.monotonic()
        api.json("PUT", f"products/{product['id']}/columns/", json=MEANINGS | {"RAJ2000": "dec", "DEJ2000": "ra"})
        api.json("POST", f"products/{product['id']}/publish/")
        seen["end"] = time.monotonic()


def _finish(api: Api, table: Path, product: dict) -> dict:
    """Continue a draft to its publication."""
    number = product["id"]
    files = api.json("GET", f"product-files/?product_id={number}")["results"]
    if not files:
        with table.open("rb") as file:
            api.json("POST", "product-files/", data={"product": number, "role": 0}, files={"file": ("t.csv", file)})
    if _state(api, number)["state"] != "done":
        api.inspected(number)
    api.json("PUT", f"products/{number}/columns/", json=MEANINGS)
    return api.json("POST", f"products/{number}/publish/")


def _state(api: Api, number: int) -> dict:
    return api.json("GET", f"products/{number}/inspection/")


def _settled(api: Api) -> list[dict]:
    """Wait until nothing is on its way any more, and give the products."""
    deadline = time.monotonic() + SETTLED_WITHIN
    while True:
        products = api.json("GET", "products/")["results"]
        states = {product["id"]: _state(api, product["id"])["state"] for product in products}
        busy = [p for p in products if p["status"] == ProductStatus.PROCESSING or states[p["id"]] == "running"]
        if not busy:
            return products
        assert time.monotonic() < deadline, f"still on their way: {busy}"
        time.sleep(0.2)  # between two questions


def _check_store(data: Path) -> None:
    """Say that every row has its bytes, and that the sweep leaves no bytes without a row."""
    settings = Settings(data=data)
    database = Database(settings.sqlalchemy_url)
    services = Services(settings)
    services.products.housekeeping.sweep(older_than=0)
    services.close()
    with database.read() as session:
        stored = set(session.scalars(select(ProductFileRow.stored_id)))
        tables = set(session.scalars(select(ProductTableRow.stored_id)))
        states = session.scalars(select(ProductRow.inspection_state)).all()
    database.close()
    assert {path.name for path in settings.files_folder.glob("??/*")} == stored
    assert {path.name for path in settings.tables_folder.iterdir()} == tables
    assert list(settings.staging_folder.iterdir()) == []
    assert InspectionState.RUNNING not in states


# Seconds after the named step of an upload began; a quick machine may be further by then, which is as good a moment.
@pytest.mark.long  # a short form is in tests/chaos
@pytest.mark.parametrize(("step", "after"), [("create", 0.05), ("inspect", 0.3), ("publish", 0.2)])
def test_a_power_cut_loses_nothing_that_was_answered(tmp_path: Path, table: Path, step: str, after: float):
    with _server(tmp_path / "data") as server:
        api, seen = server.start(), {}
        upload = threading.Thread(target=_upload, args=(api, table, seen))
        upload.start()
        while step not in seen and upload.is_alive():
            time.sleep(0.005)  # until the step begins
        time.sleep(after)  # into the middle of it: this is the moment that the case is about
        server.kill()
        upload.join(120)
        assert not upload.is_alive()

        api = server.start()
        products = _settled(api)
        assert all(product["status"] in {0, 1} for product in products)
        if step != "create":
            assert len(products) == 1
        for product in products:
            done = product if product["status"] == 1 else _finish(api, table, product)
            assert done["status"] == 1
            found = _state(api, product["id"])
            counted = requests.get(
                f"{api.base_url}/tap/sync",
                params={"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) FROM {found['tap_table']}", "RESPONSEFORMAT": "csv"},
                headers={"Authorization": f"Bearer {api.token}"},
                timeout=60,
            )
            assert counted.text.split()[-1] == str(ROWS), counted.text
            kept = requests.get(
                f"{api.base_url}/api/products/{product['id']}/main_file",
                headers={"Authorization": f"Bearer {api.token}"},
                timeout=60,
            )
            assert kept.content == table.read_bytes()
        photoz("doctor", data=server.data)
        server.kill()
        _check_store(server.data)


def test_a_worker_that_is_killed_costs_one_more_try(tmp_path: Path, table: Path):
    with _server(tmp_path / "data") as server:
        api = server.start()
        product = api.upload("killed", "redshift_catalog", table)
        api.json("POST", f"products/{product['id']}/inspect/")
        wait_for(lambda: _state(api, product["id"]).get("phase") not in {"PENDING", "QUEUED"}, "no worker took it")
        server.busiest().kill()
        settled = _settled(api)
        assert [p["id"] for p in settled] == [product["id"]]
        assert _state(api, product["id"])["state"] in {"done", "failed"}
        assert _finish(api, table, settled[0])["status"] == 1
        server.kill()
        _check_store(server.data)
        left = list((server.data / "scratch").rglob("*"))
        server.start()
        assert not any(path.exists() for path in left), "what a dead server worked with stays"
