"""CADC's command-line client ``vos``, unmodified, reads from a running server over plain http."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from core.auth.dependencies import Authenticator
from core.auth.service import AccountService
from core.settings import Settings
from products.downloads import DownloadService
from products.models import Visibility
from tests.support.ports import free_port
from tests.vospace.conftest import MAIN_BYTES, Space
from vospace.handlers import vospace_routes

ROOT = "vos://example.org~vospace"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough to try a client on."""
    return f"sqlite:///{tmp_path / 'photoz.sqlite'}"


@pytest.fixture
def vos(space: Space, tmp_path: Path) -> Iterator["Vos"]:
    if shutil.which("vls") is None:
        pytest.skip("the client vos is not installed: pip install vos, and put it on the PATH")
    port = free_port()
    settings = Settings(data=tmp_path, authority="example.org", port=port)
    app = FastAPI()
    authenticate = Authenticator(AccountService(space.database), settings.public_url)
    downloads = DownloadService(space.database, space.store)
    app.include_router(vospace_routes(settings, authenticate, space.products, downloads))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield Vos(tmp_path / "home", settings.public_url)
    server.should_exit = True
    thread.join()


class Vos:
    """The commands of ``vos``, with a home of their own in which the registry is cached already."""

    def __init__(self, home: Path, base_url: str) -> None:
        self.home = home
        cache = home / ".config" / "cadc-registry"
        cache.mkdir(parents=True)
        (cache / "resource-caps").write_text(f"ivo://example.org/vospace = {base_url}/vospace/capabilities\n")

    def run(self, command: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(shutil.which(command)), *words],
            env=os.environ | {"HOME": str(self.home)},
            capture_output=True,
            check=False,
            timeout=60,
        )


def test_vls_vcat_and_vcp_read(space, vos):
    public = space.product("one", Visibility.PUBLIC).internal_name
    registered = space.product("two", Visibility.REGISTERED).internal_name

    listed = vos.run("vls", "-l", f"{ROOT}/products").stdout.decode()
    assert public in listed
    assert registered not in listed
    assert registered in vos.run("vls", "--token", space.tokens["other"], f"{ROOT}/products").stdout.decode()
    described = vos.run("vcat", f"{ROOT}/products/{public}/product_metadata.yaml").stdout  # vcat is for texts
    assert b"internal_name: " + public.encode() in described
    copied = vos.run("vcp", f"{ROOT}/products/{public}/main.dat", str(vos.home))
    assert copied.returncode == 0
    assert (vos.home / "main.dat").read_bytes() == MAIN_BYTES
    refused = vos.run("vcp", f"{ROOT}/products/{registered}/main.dat", str(vos.home / "x"))
    assert b"NodeNotFound" in refused.stdout + refused.stderr
