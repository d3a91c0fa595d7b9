"""CADC's command-line client ``vos``, unmodified, against a started server: over http, and over https."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from core.auth.models import Scope
from core.settings import Settings
from products.models import FileRole, Visibility
from products.service import NewProduct
from server.app import create_app
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.services import Services
from tests.support.certificates import Certificate, self_signed
from tests.support.forked_workers import forked_workers
from tests.support.ports import free_port
from tests.support.vos_client import VosClient
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow

AUTHORITY = "example.org"
ROOT = f"vos://{AUTHORITY}~vospace"
HOME = f"{ROOT}/home/ada"


@contextmanager
def served(data: Path, certificate: Certificate | None = None) -> Iterator[tuple[str, Services]]:
    """Serve the whole application, with workers for its jobs."""
    port = free_port()
    scheme = "http" if certificate is None else "https"
    settings = Settings(
        data=data,
        authority=AUTHORITY,
        port=port,
        base_url=f"{scheme}://127.0.0.1:{port}",
        demo=False,
        job_workers=1,
        query_workers=1,
        min_free_bytes=0,
    )
    prepare_data_folder(settings)
    services = Services(settings)
    migrate(services.database)
    tls = {} if certificate is None else {"ssl_certfile": certificate.cert, "ssl_keyfile": certificate.key}
    server = uvicorn.Server(uvicorn.Config(create_app(services), port=port, log_level="warning", **tls))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with forked_workers():
            services.queue.start()
            wait_for(lambda: server.started or not thread.is_alive(), "the server did not start")
            assert server.started
            for name in ("ada", "bob"):
                services.accounts.service.add_user(name, None)
            yield settings.public_url, services
    finally:
        server.should_exit = True
        thread.join()


def token_of(services: Services, name: str) -> str:
    return services.accounts.service.issue_token(
        services.accounts.service.identity_of_user(name), "t", Scope.WRITE
    ).secret


@pytest.fixture(scope="module")
def over_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Services]]:
    with served(tmp_path_factory.mktemp("http") / "data") as running:
        yield running


def client(running: tuple[str, Services], home: Path, name: str | None) -> VosClient:
    url, services = running
    token = None if name is None else token_of(services, name)
    return VosClient(home / (name or "nobody"), token).with_registry(url, AUTHORITY)


@pytest.fixture
def ada(over_http, tmp_path: Path) -> VosClient:
    return client(over_http, tmp_path, "ada")


@pytest.fixture
def bob(over_http, tmp_path: Path) -> VosClient:
    return client(over_http, tmp_path, "bob")


@pytest.fixture
def nobody(over_http, tmp_path: Path) -> VosClient:
    return client(over_http, tmp_path, None)


SIZES = {"empty.dat": 0, "small.dat": 6, "large.dat": 6 * 1024 * 1024}
ODD = "odd name & 100% é.txt"


def test_files_of_all_sizes_and_odd_names_go_up_and_come_down(ada: VosClient, tmp_path: Path):
    ada.must("vmkdir", "-p", f"{HOME}/a/b/c")
    contents = {name: os.urandom(size) for name, size in SIZES.items()} | {ODD: b"odd\n"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        ada.must("vcp", tmp_path / name, f"{HOME}/a/b/c/{name}")
    listed = ada.must("vls", "-l", f"{HOME}/a/b/c")
    assert str(SIZES["large.dat"]) in listed
    shown = ["odd%20name%20&%20100%25%20é.txt" if name == ODD else name for name in contents]  # ends of addresses
    assert all(name in listed for name in shown)
    empty, small, large, odd = shown
    for option, ordered in (("-S", [large, small, odd, empty]), ("-t", [odd, large, small, empty])):
        assert ada.must("vls", option, f"{HOME}/a/b/c").splitlines() == ordered
        assert ada.must("vls", option, "-r", f"{HOME}/a/b/c").splitlines() == ordered[::-1]
    for name, content in contents.items():
        ada.must("vcp", f"{HOME}/a/b/c/{name}", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == content
        (tmp_path / "back").unlink()
    ada.must("vrm", "-R", f"{HOME}/a")
    assert "NodeNotFound" in ada.refused("vls", f"{HOME}/a")


def test_nodes_are_moved_linked_tagged_locked_and_removed(ada: VosClient, tmp_path: Path):
    (tmp_path / "f.txt").write_text("hello\n")
    ada.must("vmkdir", f"{HOME}/w")
    ada.must("vmkdir", f"{HOME}/w/x")
    ada.must("vcp", tmp_path / "f.txt", f"{HOME}/w/f.txt")
    ada.must("vmv", f"{HOME}/w/f.txt", f"{HOME}/w/x/g.txt")
    assert ada.must("vls", f"{HOME}/w/x").split() == ["g.txt"]
    ada.must("vln", f"{HOME}/w/x", f"{HOME}/w/link")
    ada.must("vcp", f"{HOME}/w/link/g.txt", tmp_path / "through.txt")
    assert (tmp_path / "through.txt").read_text() == "hello\n"
    ada.must("vtag", f"{HOME}/w/x/g.txt", "quality=good")
    assert "good" in ada.must("vtag", f"{HOME}/w/x/g.txt", "quality")
    ada.must("vtag", "--remove", f"{HOME}/w/x/g.txt", "quality")
    assert "good" not in ada.run("vtag", f"{HOME}/w/x/g.txt").stdout
    ada.must("vlock", "--lock", f"{HOME}/w/x/g.txt")
    assert "locked" in ada.refused("vrm", f"{HOME}/w/x/g.txt").lower()
    ada.must("vlock", "--unlock", f"{HOME}/w/x/g.txt")
    ada.must("vrm", f"{HOME}/w/x/g.txt")
    ada.must("vrm", f"{HOME}/w/link")
    ada.must("vrmdir", f"{HOME}/w/x")
    assert ada.must("vls", f"{HOME}/w").split() == []
    ada.must("vrm", "-R", f"{HOME}/w")


def test_two_people_and_nobody_see_what_is_shared(ada: VosClient, bob: VosClient, nobody: VosClient, tmp_path: Path):
    (tmp_path / "s.txt").write_text("shared\n")
    ada.must("vmkdir", f"{HOME}/s")
    ada.must("vcp", tmp_path / "s.txt", f"{HOME}/s/s.txt")
    for person in (bob, nobody):
        assert "NodeNotFound" in person.refused("vcp", f"{HOME}/s/s.txt", tmp_path / "no")
    ada.must("vchmod", "o+r", HOME)
    ada.must("vchmod", "-R", "o+r", f"{HOME}/s")
    for person in (bob, nobody):
        person.must("vcp", f"{HOME}/s/s.txt", tmp_path / "yes.txt")
        assert (tmp_path / "yes.txt").read_text() == "shared\n"
        (tmp_path / "yes.txt").unlink()
        person.refused("vcp", tmp_path / "s.txt", f"{HOME}/s/other.txt")
        person.refused("vrm", f"{HOME}/s/s.txt")
    # This command sends no token, whatever it is told, so it reads what everybody may; it ends lines once more.
    assert nobody.must("vcat", f"{HOME}/s/s.txt").strip() == "shared"
    ada.must("vchmod", "o-r", HOME)
    assert "NodeNotFound" in bob.refused("vls", f"{HOME}/s")
    ada.must("vrm", "-R", f"{HOME}/s")


def test_a_folder_is_kept_in_step(ada: VosClient, tmp_path: Path):
    folder = tmp_path / "tree"
    (folder / "deep").mkdir(parents=True)
    for name in ("one.txt", "two.txt", "deep/three.txt"):
        (folder / name).write_text(name)
    ada.must("vmkdir", f"{HOME}/sync")
    ada.must("vsync", "--recursive", folder, f"{HOME}/sync")
    ada.must("vcp", f"{HOME}/sync/tree/deep/three.txt", tmp_path / "three.txt")
    assert (tmp_path / "three.txt").read_text() == "deep/three.txt"
    (folder / "two.txt").write_text("changed")
    ada.must("vsync", "--recursive", folder, f"{HOME}/sync")
    ada.must("vcp", f"{HOME}/sync/tree/two.txt", tmp_path / "two.txt")
    assert (tmp_path / "two.txt").read_text() == "changed"
    ada.must("vrm", "-R", f"{HOME}/sync")


def test_products_are_read_and_given_files(
    over_http, ada: VosClient, bob: VosClient, nobody: VosClient, tmp_path: Path
):
    services = over_http[1]
    owner = services.accounts.service.identity_of_user("ada")
    product = services.products.service.create(owner, NewProduct("one", 7, visibility=Visibility.REGISTERED))
    with services.products.uploads.stage(owner, product.id, FileRole.MAIN) as staging:
        staging.write(b"main bytes")
        services.products.uploads.add_file(owner, product.id, FileRole.MAIN, "main.dat", staging.finish())
    services.products.uploads.inspect(owner, product.id)
    services.products.uploads.wait_for_inspection(owner, product.id, 60)
    services.products.uploads.publish(owner, product.id)
    place = f"{ROOT}/products/{product.internal_name}"
    assert product.internal_name in bob.must("vls", "-l", f"{ROOT}/products")
    assert product.internal_name not in nobody.must("vls", f"{ROOT}/products")
    bob.must("vcp", f"{place}/main.dat", tmp_path / "main.dat")
    assert (tmp_path / "main.dat").read_bytes() == b"main bytes"
    assert "NodeNotFound" in nobody.refused("vcp", f"{place}/main.dat", tmp_path / "x")
    (tmp_path / "notes.txt").write_text("more\n")
    ada.must("vcp", tmp_path / "notes.txt", f"{place}/notes.txt")
    bob.must("vcp", f"{place}/notes.txt", tmp_path / "got.txt")
    assert (tmp_path / "got.txt").read_text() == "more\n"
    bob.refused("vcp", tmp_path / "notes.txt", f"{place}/other.txt")
    ada.must("vrm", f"{place}/notes.txt")


def test_over_https_the_client_finds_the_service_by_itself(tmp_path: Path):
    certificate = self_signed(tmp_path)
    with served(tmp_path / "data", certificate) as (url, services):
        place = ("VOSPACE_WEBSERVICE", url.removeprefix("https://"))
        ada = VosClient(tmp_path / "home", token_of(services, "ada"), ("-k",), (place,))
        content = os.urandom(10_000)
        (tmp_path / "f.dat").write_bytes(content)
        ada.must("vmkdir", "-p", f"{HOME}/a/b")
        ada.must("vcp", tmp_path / "f.dat", f"{HOME}/a/b/f.dat")
        assert "f.dat" in ada.must("vls", "-l", f"{HOME}/a/b")
        ada.must("vcp", f"{HOME}/a/b/f.dat", tmp_path / "back.dat")
        assert (tmp_path / "back.dat").read_bytes() == content
        ada.must("vmv", f"{HOME}/a/b/f.dat", f"{HOME}/a/g.dat")
        ada.must("vrm", "-R", f"{HOME}/a")
