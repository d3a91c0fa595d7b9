"""A VOSpace with a few products, spoken to over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.auth.dependencies import Authenticator
from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.database import Base, Database
from core.files import FolderStore
from core.settings import Settings
from products.downloads import DownloadService
from products.models import FileRole, Product, Visibility
from products.service import NewProduct, ProductService
from products.uploads import UploadService
from registry.handlers import registry_routes
from vospace.handlers import vospace_routes

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


@dataclass
class Space:
    app: FastAPI
    client: TestClient
    database: Database
    products: ProductService
    uploads: UploadService
    store: FolderStore
    owner: Identity
    tokens: dict[str, str]

    def as_(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}

    def product(self, name: str, visibility: Visibility, *, publish: bool = True) -> Product:
        product = self.products.create(self.owner, NewProduct(name, 7, description="a < b", visibility=visibility))
        for role, file, content in (
            (FileRole.MAIN, "main.dat", MAIN_BYTES),
            (FileRole.AUXILIARY, ODD_NAME, NOTES_BYTES),
        ):
            with self.store.stage(limit=10**6) as staging:
                staging.write(content)
                self.uploads.add_file(self.owner, product.id, role, file, staging.finish())
        return self.uploads.publish(self.owner, product.id) if publish else product


@pytest.fixture
def space(database_url: str, tmp_path: Path) -> Iterator[Space]:
    settings = Settings(data=tmp_path, authority="example.org", base_url="http://testserver")
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    accounts = AccountService(database, session_hours=1, login_attempts=100)
    tokens = {}
    for name in ("owner", "other"):
        accounts.add_user(name, None)
        tokens[name] = accounts.issue_token(accounts.identity_of_user(name), "test", Scope.WRITE).secret
    store = FolderStore(settings.files_folder, settings.staging_folder)
    products = ProductService(database)
    app = FastAPI()
    authenticate = Authenticator(accounts, settings.public_url)
    app.include_router(vospace_routes(settings, authenticate, products, DownloadService(database, store)))
    app.include_router(registry_routes(settings))
    yield Space(
        app=app,
        client=TestClient(app),
        database=database,
        products=products,
        uploads=UploadService(database, store, NoJobs(), max_bytes=10**6),
        store=store,
        owner=accounts.identity_of_token(tokens["owner"]),
        tokens=tokens,
    )
    database.close()
