"""Fixtures: a VOSpace with a few products, used over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.database import Database, utc_now
from core.files import FolderStore
from core.settings import Settings
from core.vosi import present_availability
from core.web.routes import add_routers
from products.lifecycle.uploads import UploadService
from products.models import FileRole, Product, Visibility
from products.service import NewProduct, ProductService
from registry.handlers import registry_routes
from server.services import Services
from tests.server.application import Application, running_application
from tests.support.in_process import in_process_client
from uws import JobService
from vospace.assembly import VOSpaceServices
from vospace.handlers.routes import vospace_routes

MAIN_BYTES = bytes(range(256)) * 40
NOTES_BYTES = b"odd name\n"
ODD_NAME = "notes & 100% é?.txt"


class NoJobs:
    """Products of the type 'other' are published without a job."""

    def create(self, product_id: int, owner: str, *, publish: bool) -> str:
        raise AssertionError

    def run(self, job_id: str, owner: str) -> None:
        raise AssertionError

    def wait(self, job_id: str, owner: str, seconds: float) -> None:
        raise AssertionError


class NoQueue:
    """Jobs are made, and no worker runs them."""

    def submit(self, job_id: str) -> None:
        raise AssertionError

    def cancel(self, job_id: str) -> None:
        pass

    def start(self) -> None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError


@dataclass
class Space:
    app: FastAPI
    settings: Settings
    vospace: VOSpaceServices
    client: httpx2.Client
    database: Database
    products: ProductService
    uploads: UploadService
    store: FolderStore
    owner: Identity
    tokens: dict[str, str]
    jobs: JobService

    def as_(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}

    def product(
        self, name: str, visibility: Visibility, *, publish: bool = True, groups: tuple[str, ...] = ()
    ) -> Product:
        new = NewProduct(name, 7, description="a < b", visibility=visibility, groups=groups)
        product = self.products.create(self.owner, new)
        for role, file, content in (
            (FileRole.MAIN, "main.dat", MAIN_BYTES),
            (FileRole.AUXILIARY, ODD_NAME, NOTES_BYTES),
        ):
            with self.store.stage(limit=10**6) as staging:
                staging.write(content)
                self.uploads.add_file(self.owner, product.id, role, file, staging.finish())
        return self.uploads.publish(self.owner, product.id) if publish else product


def bare_vospace(settings: Settings, database: Database) -> tuple[FastAPI, VOSpaceServices]:
    """Give the routes of a VOSpace alone, over a database."""
    app, services = _bare_services(settings, database)
    return app, services.vospace


def _bare_services(settings: Settings, database: Database) -> tuple[FastAPI, Services]:
    services = Services(settings)
    services.database = database
    services.store = FolderStore(settings.files_folder, settings.staging_folder)
    services.queue = NoQueue()
    app = FastAPI()
    add_routers(
        app,
        vospace_routes(
            services.vospace,
            services.accounts.authenticate,
            services.jobs,
            lambda: present_availability(tuple, utc_now()),
        ),
        registry_routes(settings),
    )
    return app, services


@pytest.fixture
def space(tables_url: str, tmp_path: Path, portal: BlockingPortal) -> Iterator[Space]:
    settings = Settings(
        data=tmp_path,
        authority="example.org",
        base_url="http://testserver",
        home_quota_bytes=100_000,
        max_upload_bytes=1_000_000,
        home_nodes=50,
    )
    database = Database(tables_url)
    accounts = AccountService(database, session_hours=1, login_attempts=100)
    tokens = {}
    for name in ("owner", "other"):
        accounts.add_user(name, None)
        tokens[name] = accounts.issue_token(accounts.identity_of_user(name), "test", Scope.WRITE).secret
    app, services = _bare_services(settings, database)
    store = FolderStore(settings.files_folder, settings.staging_folder)
    with in_process_client(app, portal) as client:
        yield Space(
            app=app,
            settings=settings,
            vospace=services.vospace,
            client=client,
            database=database,
            products=ProductService(database),
            uploads=UploadService(database, store, NoJobs(), max_bytes=10**6),
            store=store,
            owner=accounts.identity_of_token(tokens["owner"]),
            tokens=tokens,
            jobs=services.jobs,
        )
    database.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, module_database_url: str | None) -> Iterator[Application]:
    """A whole application, whose workers run the jobs of the VOSpace."""
    data = tmp_path_factory.mktemp("vospace") / "data"
    with running_application(data, database_url=module_database_url, authority="example.org") as running:
        for name in ("owner", "other"):
            running.services.accounts.service.add_user(name, None)
        yield running
