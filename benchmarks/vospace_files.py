"""Benchmark of VOSpace: GET and PUT of a large file against nginx and plain uvicorn, and listings.

``python benchmarks/vospace_files.py [MEGABYTES]``; by default a file of 1000 MB. nginx (Debian) is left out when it is
not installed. Beside the speeds stand the memory of the web process before and at most, and the time of a container of
10 000 nodes, whole and by pages.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from core.auth.models import Scope
from core.auth.service import AccountService
from core.database import Database
from core.settings import Settings
from server.services import Services
from tests.support.ports import free_port
from tests.support.server import running_server
from vospace.home.changes import new_row
from vospace.models import NodeKind
from vospace.schema import NodeRow

NODES = 10_000
ROUNDS = 3
_PLAIN = """
import sys
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
folder = Path(sys.argv[1])
async def put(request):
    with (folder / "put.bin").open("wb") as file:
        async for chunk in request.stream():
            file.write(chunk)
    return Response(status_code=201)
app = Starlette(routes=[Route("/put.bin", put, methods=["PUT"]), Mount("/", StaticFiles(directory=folder))])
import uvicorn
uvicorn.run(app, port=int(sys.argv[2]), log_level="warning")
"""
_NGINX = """
daemon off; master_process off; worker_processes 1; error_log {0}/error.log; pid {0}/nginx.pid; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; client_max_body_size 0; client_body_temp_path {0}/body;
  server {{ listen 127.0.0.1:{1}; root {0}; location / {{ dav_methods PUT; }} }}
}}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A server for GET and PUT of the file: addresses and credentials."""

    get: str
    put: str
    headers: tuple[str, ...] = ()


def main() -> None:
    """Run all measurements and print them."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else 1000) * 1_000_000
    with tempfile.TemporaryDirectory(prefix="photoz-bench-") as name, ExitStack() as running:
        folder = Path(name)
        source = folder / "source.bin"
        with source.open("wb") as file:
            for _ in range(size // 1_000_000):
                file.write(os.urandom(1_000_000))
        server = running.enter_context(running_server(folder / "data", env=_environment(size)))
        assert server.account is not None
        token = f"Authorization: Bearer {server.account.token}"
        files = f"{server.base_url}/vospace/files/home/admin"
        targets = {"photoz": Target(f"{files}/large.bin", f"{files}/large.bin", ("-H", token))}
        targets["uvicorn"] = running.enter_context(_plain(folder / "plain", source))
        if shutil.which("nginx"):
            targets["nginx"] = running.enter_context(_nginx(folder / "nginx", source))

        def memory() -> int:
            return int(server.process.memory_info().rss)

        httpx.get(f"{server.base_url}/vospace/nodes")
        before = memory()
        with _peak(memory) as peak:
            speeds = _race(targets, source)
        _print_speeds(speeds, size)
        print(f"memory of the web process: {before / 1e6:.0f} MB before, {peak[0] / 1e6:.0f} MB at most")
        before = memory()
        with _peak(memory) as peak:
            _listing(server.base_url, folder / "data", {"Authorization": token.partition(": ")[2]})
        print(f"memory of the web process: {before / 1e6:.0f} MB before, {peak[0] / 1e6:.0f} MB at most")


def _race(targets: dict[str, Target], source: Path) -> dict[str, tuple[float, float]]:
    """Time the servers in turn, so that other load affects all of them; return the best of each."""
    best: dict[str, list[float]] = {name: [float("inf"), float("inf")] for name in targets}
    for _ in range(ROUNDS):
        for name, target in targets.items():
            curl = ["curl", "-sSf", "-o", "/dev/null", *target.headers]
            best[name][1] = min(best[name][1], _timed([*curl, "-T", str(source), target.put]))
            best[name][0] = min(best[name][0], _timed([*curl, target.get]))
    megabytes = source.stat().st_size / 1e6
    return {name: (megabytes / get, megabytes / put) for name, (get, put) in best.items()}


def _print_speeds(speeds: dict[str, tuple[float, float]], size: int) -> None:
    print(f"{size / 1e6:.0f} MB, best of {ROUNDS}:  GET MB/s   PUT MB/s")
    for server, (get, put) in speeds.items():
        own = speeds["photoz"]
        shares = "" if server == "photoz" else f"   photoz reaches {own[0] / get:.0%} and {own[1] / put:.0%} of it"
        print(f"{server:<12} {get:>17.0f} {put:>10.0f}{shares}")


def _environment(size: int) -> dict[str, str]:
    return {
        "PHOTOZ_MAX_UPLOAD_BYTES": str(2 * size),
        "PHOTOZ_HOME_QUOTA_BYTES": str(4 * size),
        "PHOTOZ_MIN_FREE_BYTES": "0",
    }


@contextmanager
def _plain(folder: Path, source: Path) -> Iterator[Target]:
    folder.mkdir()
    shutil.copyfile(source, folder / "source.bin")
    port = free_port()
    with _process([sys.executable, "-c", _PLAIN, str(folder), str(port)]):
        yield _target(port)


@contextmanager
def _nginx(folder: Path, source: Path) -> Iterator[Target]:
    folder.mkdir()
    shutil.copyfile(source, folder / "source.bin")
    port, user = free_port(), "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_NGINX.format(folder, port, user=user))
    with _process(["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]):
        yield _target(port)


def _target(port: int) -> Target:
    base_url = f"http://127.0.0.1:{port}"
    _wait(f"{base_url}/source.bin")
    return Target(f"{base_url}/source.bin", f"{base_url}/put.bin")


def _timed(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begin


def _listing(base_url: str, data: Path, headers: dict[str, str]) -> None:
    """Time a container of many nodes, whole and by pages."""
    settings = Settings(data=data)
    database = Database(settings.sqlalchemy_url)
    identity = AccountService(database).identity_of_user("admin", Scope.ADMIN)
    homes = Services(settings).vospace.nodes.homes
    with database.write() as session:
        chain = homes.container(session, identity, ("home", "admin"))
        many = new_row(identity, chain, "many", NodeKind.CONTAINER)
        session.add(many)
        session.flush()
        rows = [new_row(identity, (*chain, many), f"n{number:05}", NodeKind.DATA) for number in range(NODES)]
        for number, row in enumerate(rows):
            row.stored_id, row.size = f"bench{number}", number
        session.add_all(rows)
    url = f"{base_url}/vospace/nodes/home/admin/many"
    with httpx.Client(headers=headers, timeout=120) as client:
        client.get(url, params={"limit": 1})
        for detail in ("max", "min"):
            took = float("inf")
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                whole = client.get(url, params={"detail": detail})
                took = min(took, time.perf_counter() - begin)
            print(f"listing of {NODES} nodes, detail={detail}: {took:.2f} s, {len(whole.content) / 1e6:.1f} MB")
        begin, start, pages = time.perf_counter(), None, 0
        while True:
            params = {"limit": 1000, "detail": "min"} | ({} if start is None else {"uri": start})
            uris = [part.partition('"')[0] for part in client.get(url, params=params).text.split('uri="')[2:]]
            pages += 1
            if len(uris) < 1000:
                break
            start = uris[-1]
        print(f"the same by {pages} pages of 1000, detail=min: {time.perf_counter() - begin:.2f} s")
    with database.write() as session:
        session.query(NodeRow).filter(NodeRow.id == many.id).delete()
    database.close()


@contextmanager
def _process(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _peak(measure: Callable[[], int]) -> Iterator[list[int]]:
    """Return the largest of a value that is sampled ten times a second."""
    found, stop = [0], threading.Event()

    def sample() -> None:
        while not stop.wait(0.1):
            try:
                found[0] = max(found[0], measure())
            except psutil.Error:
                continue

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            if httpx.head(url).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    message = f"{url} does not answer"
    raise TimeoutError(message)


if __name__ == "__main__":
    main()
