"""Work of clients while parts are killed, and a ledger of what was answered: only that must hold afterwards."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.server.api import Api

__all__ = ["ROWS", "Ledger", "Worker"]

ROWS = 300
_HOME = "home/admin"
_MEANINGS = {"objid": "id", "RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}
_SECONDS = 60.0
_SLOWLY = 0.05


@dataclass(slots=True)
class Ledger:
    """What clients were told; they hold its lock while they change its files and products, or go through them.

    Parameters
    ----------
    files
        Each file by its name with all contents that it may have now; None among them means that it may be missing.
    products
        The products that were made, by number; true when their publication was answered.
    deleted
        Numbers of products whose deletion was answered.
    unsure
        Numbers of products whose deletion was begun, and not answered.
    jobs
        Addresses of jobs, without the part of the server.
    wrong
        Answers that said that they were whole and were not.
    """

    files: dict[str, set[bytes | None]] = field(default_factory=dict)
    products: dict[int, bool] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    unsure: set[int] = field(default_factory=set)
    jobs: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def published(self) -> list[int]:
        """Numbers of the published products whose deletion was not begun."""
        gone = self.deleted | self.unsure
        return sorted(number for number, is_published in self.products.items() if is_published and number not in gone)


class Worker:
    """A client that does one thing after the other until it is stopped; errors of connections and 5xx are no faults.

    Parameters
    ----------
    urls
        Addresses of the servers, one of which is asked each time.
    table
        A table file to publish.
    """

    def __init__(self, urls: list[str], token: str, table: Path, ledger: Ledger, choose: random.Random) -> None:
        self._urls, self._token, self._table = urls, token, table
        self._ledger, self._choose = ledger, choose
        self._count = 0

    def run(self, ended: threading.Event) -> None:
        """Work until the end."""
        while not ended.is_set():
            action = self._choose.choice(self._actions())
            try:
                action()
                self._ledger.done += 1
            except (requests.RequestException, AssertionError):
                ended.wait(0.05)  # a server is away; the ledger has what was answered

    def _actions(self) -> list[Callable[[], None]]:
        return [
            *(self.send_file, self.send_file, self.change_file, self.delete_file, self.read_slowly),
            self.send_slowly,
            *(self.query, self.query, self.run_job, self.run_job, self.publish, self.delete_product),
            self.run_pipeline,
        ]

    @property
    def _api(self) -> Api:
        return Api(self._choose.choice(self._urls), self._token)

    def _request(self, method: str, path: str, **keywords: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        url = self._choose.choice(self._urls) + path
        return requests.request(
            method, url, headers=headers, timeout=_SECONDS, allow_redirects=False, **keywords  # type: ignore[arg-type]
        )  # fmt: skip

    def _new_name(self) -> str:
        self._count += 1
        return f"f{threading.get_ident()}-{self._choose.randrange(1 << 30)}-{self._count}"

    def _content(self) -> bytes:
        return self._choose.randbytes(self._choose.choice([0, 1000, 3_000_000]))

    def _put(self, name: str, *, slowly: bool = False) -> None:
        ledger, content = self._ledger, self._content()
        with ledger.lock:
            ledger.files[name] = ledger.files.get(name, {None}) | {content}
        data = _trickling(content) if slowly else content
        answer = self._request("PUT", f"/vospace/files/{_HOME}/{name}", data=data)
        if answer.status_code in {200, 201}:
            with ledger.lock:
                ledger.files[name] = {content}

    def send_file(self) -> None:
        """Send a new file."""
        self._put(self._new_name())

    def send_slowly(self) -> None:
        """Send a new file with pauses, in chunks of a body whose length is not told."""
        self._put(self._new_name(), slowly=True)

    def _own_file(self) -> str | None:
        """Choose a file that this client sent: one file is changed by one client at a time."""
        with self._ledger.lock:
            own = sorted(name for name in self._ledger.files if name.startswith(f"f{threading.get_ident()}-"))
        return self._choose.choice(own) if own else None

    def change_file(self) -> None:
        """Send a file again, with other bytes."""
        if name := self._own_file():
            self._put(name)

    def delete_file(self) -> None:
        """Delete a file."""
        ledger, name = self._ledger, self._own_file()
        if name is None:
            return
        with ledger.lock:
            ledger.files[name] = ledger.files[name] | {None}
        answer = self._request("DELETE", f"/vospace/nodes/{_HOME}/{name}")
        if answer.status_code in {200, 204}:
            with ledger.lock:
                ledger.files[name] = {None}

    def read_slowly(self) -> None:
        """Read a file in small pieces; what arrives as a whole must be one of its contents."""
        name = self._own_file()
        if name is None:
            return
        expected = self._ledger.files[name]
        with self._request("GET", f"/vospace/files/{_HOME}/{name}", stream=True) as answer:
            if answer.status_code == 200:
                pieces = []
                for piece in answer.iter_content(500_000):
                    pieces.append(piece)
                    time.sleep(_SLOWLY)
                content = b"".join(pieces)
                if len(content) == int(answer.headers["Content-Length"]) and content not in expected:
                    self._ledger.wrong.append(f"{name} was read with bytes that nobody sent")

    def query(self) -> None:
        """Ask for rows; an answer that is whole has all of them."""
        query = "SELECT column_name FROM TAP_SCHEMA.columns WHERE table_name = 'photoz.products'"
        answer = self._request(
            "POST", "/tap/sync", data={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
        )  # fmt: skip
        if answer.status_code == 200 and len(answer.text.splitlines()) < 5:
            self._ledger.wrong.append(f"a query was answered by {answer.text!r}")

    def run_job(self) -> None:
        """Run a query as a job."""
        data = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables", "PHASE": "RUN"}
        answer = self._request("POST", "/tap/async", data=data)
        if answer.status_code == 303:
            self._ledger.jobs.append("/tap/async/" + answer.headers["Location"].rpartition("/")[2])

    def publish(self) -> None:
        """Take a table all the way to a private product."""
        api = self._api
        made = api.json(
            "POST",
            "products/",
            json={
                "display_name": self._new_name(),
                "product_type": api.type_id("redshift_catalog"),
                "visibility": "private",
            },
        )
        number = int(made["id"])
        self._note_product(number)
        with self._table.open("rb") as file:
            api.json("POST", "product-files/", data={"product": number, "role": 0}, files={"file": ("t.csv", file)})
        self._api.inspected(number)
        self._api.json("PUT", f"products/{number}/columns/", json=_MEANINGS)
        self._api.json("POST", f"products/{number}/publish/")
        self._note_product(number, is_published=True)

    def delete_product(self) -> None:
        """Delete a product that was published."""
        with self._ledger.lock:
            known = self._ledger.published
            if len(known) < 2:
                return
            number = self._choose.choice(known)
            self._ledger.unsure.add(number)
        if self._request("DELETE", f"/api/products/{number}").status_code == 204:
            with self._ledger.lock:
                self._ledger.deleted.add(number)

    def run_pipeline(self) -> None:
        """Combine a product with itself into a new one."""
        with self._ledger.lock:
            known = self._ledger.published
        if known:
            run = {"pipeline": 2, "display_name": self._new_name(), "inputs": [self._choose.choice(known)]}
            answer = self._api.call("POST", "processes/", json=run)
            if answer.ok:
                self._note_product(int(answer.json()["upload"]))

    def _note_product(self, number: int, *, is_published: bool = False) -> None:
        with self._ledger.lock:
            self._ledger.products[number] = is_published


def _trickling(content: bytes) -> Iterator[bytes]:
    """Yield a content in pieces, with pauses that make the client slow."""
    step = max(1, len(content) // 10)
    for start in range(0, len(content), step):
        time.sleep(_SLOWLY)
        yield content[start : start + step]
