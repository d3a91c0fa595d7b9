"""Pages over HTTP: an application with the pages and the API on SQLite, people who are signed in, and products."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from core.auth.dependencies import SESSION_COOKIE
from core.auth.models import Identity
from core.auth.service import AccountService
from core.database import Database
from core.settings import Settings
from core.web.routes import add_routers
from products.lifecycle.change_log import install_triggers
from products.lifecycle.inspector import Inspector
from products.models import FileRole, Product, Visibility
from products.service import NewProduct
from server.data_folder import prepare_data_folder
from server.services import Services
from tests.support.databases import make_tables
from tests.support.in_process import in_process_client
from webui.api.routes import api_routes
from webui.pages.errors import error_handlers
from webui.pages.routes import page_routes
from webui.static_files import static_files

PASSWORD = "correct horse"
TABLE = b"objid,RAJ2000,DEJ2000,zspec,flag\n1,10.5,-5.25,0.31,A\n2,10.6,-5.5,0.42,B\n3,10.7,-5.75,,B\n"

Publish = Callable[..., Product]
SignIn = Callable[[str], httpx2.Client]


@pytest.fixture(scope="session")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with three people, to be copied: argon2 is slow on purpose."""
    path = tmp_path_factory.mktemp("database") / "photoz.sqlite"
    database = Database(f"sqlite:///{path}")
    make_tables(database.engine)
    with database.engine.begin() as connection:
        install_triggers(connection)
    accounts = AccountService(database)
    accounts.add_user("alice", PASSWORD)
    accounts.add_user("bob", None)
    accounts.add_user("root", None, is_admin=True)
    database.close()
    return path


@pytest.fixture
def services(tmp_path: Path, filled_database: Path) -> Iterator[Services]:
    yield from opened_services(tmp_path, filled_database)


def opened_services(folder: Path, filled_database: Path) -> Iterator[Services]:
    """Yield the services of a server with a copy of the database in a folder, and close them."""
    settings = Settings(
        data=folder / "data",
        base_url="http://testserver",
        min_free_bytes=0,
        max_upload_bytes=20_000,
        catalogue_places=(str(folder / "surveys"),),
    )
    prepare_data_folder(settings)
    shutil.copy(filled_database, settings.data / "photoz.sqlite")
    services = Services(settings)
    yield services
    services.close()


@pytest.fixture
def app(services: Services) -> FastAPI:
    web = services.web
    app = FastAPI(redirect_slashes=False)
    app.add_middleware(_RoutesOnDemand, prefix="/api/", add=lambda: add_routers(app, api_routes(web)))
    add_routers(app, page_routes(web))
    app.mount("/static", static_files())
    for kind, handler in error_handlers(web).items():
        app.add_exception_handler(kind, handler)
    return app


class _RoutesOnDemand:
    """ASGI middleware that adds routes before the first request for one of them.

    To make those of the API takes longer than most tests of pages, few of which ask for one.
    """

    def __init__(self, app: ASGIApp, prefix: str, add: Callable[[], None]) -> None:
        self._app, self._prefix, self._add = app, prefix, add
        self._added = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._added and scope["type"] == "http" and scope["path"].startswith(self._prefix):
            self._add()
            self._added = True
        await self._app(scope, receive, send)


@pytest.fixture
def visitor(app: FastAPI, portal: BlockingPortal) -> httpx2.Client:
    """A browser without a sign-in."""
    return in_process_client(app, portal, headers={"Accept": "text/html"})


@pytest.fixture
def sign_in(app: FastAPI, services: Services, portal: BlockingPortal) -> SignIn:
    """Gives a browser that is signed in; its requests come from pages of this server."""

    def browser(name: str) -> httpx2.Client:
        client = in_process_client(app, portal, headers={"Sec-Fetch-Site": "same-origin"})
        identity = services.accounts.service.identity_of_user(name)
        client.cookies.set(SESSION_COOKIE, services.accounts.service.open_session(identity).secret)
        return client

    return browser


@pytest.fixture
def alice(sign_in: SignIn) -> httpx2.Client:
    return sign_in("alice")


@pytest.fixture
def register(services: Services, tmp_path: Path) -> Publish:
    """Registers a product of alice with a small table that was looked into."""

    def registered(
        display_name: str = "VVDS sample",
        *,
        table: bytes = TABLE,
        file_name: str = "vvds.csv",
        description: str = "",
        visibility: Visibility = Visibility.REGISTERED,
        kind: int = 1,
    ) -> Product:
        identity = services.accounts.service.identity_of_user("alice")
        new = NewProduct(display_name, kind, description=description, visibility=visibility)
        product = services.products.service.create(identity, new)
        with services.products.uploads.stage(identity, product.id, FileRole.MAIN) as staging:
            staging.write(table)
            stored = staging.finish()
        services.products.uploads.add_file(identity, product.id, FileRole.MAIN, file_name, stored)
        product = services.products.uploads.inspect(identity, product.id)
        return inspected(services, identity, product, tmp_path)

    return registered


@pytest.fixture
def publish(services: Services, register: Publish) -> Publish:
    """Publishes a product of alice."""

    def published(*args: object, **kwargs: object) -> Product:
        product, identity = register(*args, **kwargs), services.accounts.service.identity_of_user("alice")
        meanings = {"RAJ2000": "ra", "DEJ2000": "dec", "zspec": "z"} if product.product_type.mandatory else {}
        services.products.column_meanings.describe_all(identity, product.id, meanings)
        return services.products.uploads.publish(identity, product.id)

    return published


def inspected(services: Services, identity: Identity, product: Product, scratch: Path) -> Product:
    """Do in this process what a worker does; no queue runs here."""
    settings = services.settings
    inspector = Inspector(services.database, services.store, services.products.rows, max_columns=settings.max_columns)
    assert product.inspection_job is not None
    inspector.run(product.id, product.inspection_job, publish=False, progress=lambda *_: None, scratch=scratch)
    return services.products.service.get(identity, product.id)
