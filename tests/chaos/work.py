"""Work of clients while parts are killed; what they were told is in the ledger."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import requests
from lxml import etree

from tests.chaos.ledger import Ledger
from tests.server.api import Api
from tests.vospace.client import transfer_xml

__all__ = ["ROWS", "Worker"]

ROWS = 300
_HOME = "home/admin"
_FILES = f"/vospace/files/{_HOME}"
_ROOT = f"vos://photoz.local~vospace/{_HOME}"
_MEANINGS = {"objid": "id", "RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"}
_SECONDS = 60.0
_SLOWLY = 0.05
#: Bytes of a part, and how often a client goes on with its upload.
_PART, _TRIES = 1_200_000, 20


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
            action = self._choose.choice(self.actions)
            try:
                self._ledger.note(action.__name__, is_success=action())
            except (requests.RequestException, AssertionError):
                ended.wait(0.05)  # a server is away; the ledger has what was answered

    @property
    def actions(self) -> list[Callable[[], bool]]:
        """What the client does, in an order in which each finds what it needs; each tells whether the server did it."""
        return [
            *(self.send_file, self.send_file, self.change_file, self.read_slowly, self.copy_file, self.delete_file),
            *(self.send_slowly, self.send_in_parts, self.send_by_transfer),
            *(self.query, self.query, self.run_job, self.run_job, self.publish, self.publish, self.run_pipeline),
            self.delete_product,
        ]

    @property
    def _api(self) -> Api:
        return Api(self._choose.choice(self._urls), self._token)

    def _request(self, method: str, path: str, **keywords: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token}", **keywords.pop("headers", {})}  # type: ignore[dict-item]
        url = self._choose.choice(self._urls) + path
        return requests.request(
            method, url, headers=headers, timeout=_SECONDS, allow_redirects=False, **keywords  # type: ignore[arg-type]
        )  # fmt: skip

    def _new_name(self) -> str:
        self._count += 1
        return f"f{threading.get_ident()}-{self._choose.randrange(1 << 30)}-{self._count}"

    def _content(self) -> bytes:
        return self._choose.randbytes(self._choose.choice([0, 1000, 3_000_000]))

    def _may_have(self, name: str, content: bytes) -> None:
        """Note that a file is sent."""
        with self._ledger.lock:
            self._ledger.files[name] = self._ledger.files.get(name, {None}) | {content}

    def _has(self, name: str, content: bytes, answer: requests.Response) -> bool:
        """Note that a file was sent, if the answer says so."""
        if answer.status_code not in {200, 201}:
            return False
        with self._ledger.lock:
            self._ledger.files[name] = {content}
        return True

    def _put(self, name: str, *, slowly: bool = False) -> bool:
        content = self._content()
        self._may_have(name, content)
        data = _trickling(content) if slowly else content
        return self._has(name, content, self._request("PUT", f"{_FILES}/{name}", data=data))

    def send_file(self) -> bool:
        """Send a new file."""
        return self._put(self._new_name())

    def send_slowly(self) -> bool:
        """Send a new file with pauses, in chunks of a body whose length is not told."""
        return self._put(self._new_name(), slowly=True)

    def send_in_parts(self) -> bool:
        """Send a new file in parts, each to any server, and go on where it broke off."""
        name, content = self._new_name(), self._choose.randbytes(3_000_000)
        self._may_have(name, content)
        path = f"{_FILES}/{name}"
        start = {"X-Put-Txn-Op": "start", "X-Total-Length": str(len(content))}
        begun = self._request("PUT", path, data=b"", headers=start)
        if begun.status_code != 202:
            return False
        upload = {"X-Put-Txn-Id": begun.headers["X-Put-Txn-Id"]}
        for _ in range(_TRIES):
            try:
                arrived = self._request("HEAD", path, headers=upload)
                if arrived.status_code == 404:
                    return False  # it was stored, and the answer was lost
                first = int(arrived.headers.get("X-Put-Txn-Length", len(content) + 1))
                if first == len(content):
                    done = self._request("PUT", path, data=b"", headers=upload | {"X-Put-Txn-Op": "commit"})
                    if self._has(name, content, done):
                        return True
                else:
                    self._request("PUT", path, data=content[first : first + _PART], headers=upload)
            except requests.RequestException:
                time.sleep(_SLOWLY)  # a server is away
        return False

    def send_by_transfer(self) -> bool:
        """Negotiate a transfer, and send a new file to the signed address."""
        name, content = self._new_name(), self._content()
        self._may_have(name, content)
        wanted = transfer_xml(f"{_ROOT}/{name}", direction="pushToVoSpace", protocols=("httpput",))
        asked = self._request("POST", "/vospace/synctrans", data=wanted, headers={"Content-Type": "text/xml"})
        if asked.status_code != 303:
            return False
        details = self._request("GET", urlsplit(asked.headers["Location"]).path)
        if details.status_code != 200:
            return False
        (address,) = etree.fromstring(details.content).itertext("{*}endpoint")
        return self._has(name, content, self._request("PUT", urlsplit(address).path, data=content))

    def copy_file(self) -> bool:
        """Copy a file by a transfer job; when it is COMPLETED, the copy is there."""
        name, copy = self._own_file(), self._new_name()
        if name is None:
            return False
        with self._ledger.lock:
            self._ledger.files[copy] = self._ledger.files[name] | {None}
        wanted = transfer_xml(f"{_ROOT}/{name}", direction=f"{_ROOT}/{copy}", keep=True)
        headers = {"Content-Type": "text/xml"}
        job = self._job(self._request("POST", "/vospace/transfers?PHASE=RUN", data=wanted, headers=headers))
        if job is None:
            return False
        if self._end(job) != "COMPLETED":
            return False
        with self._ledger.lock:
            self._ledger.files[copy].discard(None)
        return True

    def _end(self, job: str) -> str:
        """Wait while a job is queued and then while it runs, some time each; give its phase."""
        for phase in ("QUEUED", "EXECUTING"):
            self._request("GET", f"{job}?WAIT=20&PHASE={phase}")
        return self._request("GET", f"{job}/phase").text

    def _job(self, answer: requests.Response) -> str | None:
        """Note the job that an answer names, and give its address."""
        if answer.status_code != 303:
            return None
        job = urlsplit(answer.headers["Location"]).path
        self._ledger.jobs.append(job)
        return job

    def _own_file(self) -> str | None:
        """Choose a file that this client sent: one file is changed by one client at a time."""
        with self._ledger.lock:
            own = sorted(name for name in self._ledger.files if name.startswith(f"f{threading.get_ident()}-"))
        return self._choose.choice(own) if own else None

    def change_file(self) -> bool:
        """Send a file again, with other bytes."""
        name = self._own_file()
        return name is not None and self._put(name)

    def delete_file(self) -> bool:
        """Delete a file."""
        ledger, name = self._ledger, self._own_file()
        if name is None:
            return False
        with ledger.lock:
            ledger.files[name] = ledger.files[name] | {None}
        answer = self._request("DELETE", f"/vospace/nodes/{_HOME}/{name}")
        if answer.status_code not in {200, 204}:
            return False
        with ledger.lock:
            ledger.files[name] = {None}
        return True

    def read_slowly(self) -> bool:
        """Read a file in small pieces; what arrives as a whole must be one of its contents."""
        name = self._own_file()
        if name is None:
            return False
        expected = self._ledger.files[name]
        with self._request("GET", f"{_FILES}/{name}", stream=True) as answer:
            if answer.status_code != 200:
                return answer.status_code == 204 and b"" in expected
            pieces = []
            for piece in answer.iter_content(500_000):
                pieces.append(piece)
                time.sleep(_SLOWLY)
            content = b"".join(pieces)
            if len(content) == int(answer.headers["Content-Length"]) and content not in expected:
                self._ledger.wrong.append(f"{name} was read with bytes that nobody sent")
        return content in expected

    def query(self) -> bool:
        """Ask for rows; an answer that is whole has all of them."""
        query = "SELECT column_name FROM TAP_SCHEMA.columns WHERE table_name = 'photoz.products'"
        answer = self._request(
            "POST", "/tap/sync", data={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
        )  # fmt: skip
        if answer.status_code == 200 and len(answer.text.splitlines()) < 5:
            self._ledger.wrong.append(f"a query was answered by {answer.text!r}")
        return answer.status_code == 200

    def run_job(self) -> bool:
        """Run a query as a job."""
        data = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables", "PHASE": "RUN"}
        return self._job(self._request("POST", "/tap/async", data=data)) is not None

    def publish(self) -> bool:
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
        self._send_table(number)
        self._api.inspected(number)
        self._api.json("PUT", f"products/{number}/columns/", json=_MEANINGS)
        self._api.json("POST", f"products/{number}/publish/")
        self._note_product(number, is_published=True)
        return True

    def _send_table(self, number: int) -> None:
        """Send the main file of a product as a form, or in parts as the page does."""
        if self._choose.random() < 0.5:
            with self._table.open("rb") as file:
                data = {"product": number, "role": 0}
                self._api.json("POST", "product-files/", data=data, files={"file": ("t.csv", file)})
            return
        content = self._table.read_bytes()
        new = {"name": "t.csv", "role": "main", "size": len(content), "fingerprint": "1"}
        upload, first = self._api.json("POST", f"products/{number}/uploads", json=new), 0
        for end in (len(content) // 2, len(content)):
            path = f"products/{number}/uploads/{upload['id']}?offset={first}"
            self._api.json("PATCH", path, data=content[first:end])
            first = end

    def delete_product(self) -> bool:
        """Delete a product that was published."""
        with self._ledger.lock:
            known = self._ledger.published
            if len(known) < 2:
                return False
            number = self._choose.choice(known)
            self._ledger.unsure.add(number)
        if self._request("DELETE", f"/api/products/{number}").status_code != 204:
            return False
        with self._ledger.lock:
            self._ledger.deleted.add(number)
        return True

    def run_pipeline(self) -> bool:
        """Combine a product with itself into a new one."""
        with self._ledger.lock:
            known = self._ledger.published
        if not known:
            return False
        run = {"pipeline": 2, "display_name": self._new_name(), "inputs": [self._choose.choice(known)]}
        answer = self._api.call("POST", "processes/", json=run)
        if answer.ok:
            self._note_product(int(answer.json()["upload"]))
        return answer.ok

    def _note_product(self, number: int, *, is_published: bool = False) -> None:
        with self._ledger.lock:
            self._ledger.products[number] = is_published


def _trickling(content: bytes) -> Iterator[bytes]:
    """Yield a content in pieces, with pauses that make the client slow."""
    step = max(1, len(content) // 10)
    for start in range(0, len(content), step):
        time.sleep(_SLOWLY)
        yield content[start : start + step]
