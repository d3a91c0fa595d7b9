"""Deletion with a grace time, versions, quotas and data that lie elsewhere, on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.auth.schema import UserRow
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError
from core.files import FolderStore, StoredBytes
from core.files.kept import KeptFolder
from products.lifecycle.housekeeping import Housekeeping
from products.lifecycle.uploads import UploadService
from products.lifecycle.versions import ProductVersionService
from products.models import FileRole, Product, ProductStatus, Visibility
from products.quotas import QuotaExceededError, QuotaRule
from products.schema import ProductFileRow, ProductRow
from products.service import NewProduct, ProductChanges, ProductService
from tests.products.conftest import People

ESTIMATES, OTHER = 4, 7


class _NoJobs:
    """Nothing here is inspected."""

    def create(self, product_id: int, owner: str, *, publish: bool) -> str:
        raise AssertionError

    def run(self, job_id: str, owner: str) -> None:
        raise AssertionError

    def wait(self, job_id: str, owner: str, seconds: float) -> None:
        raise AssertionError


@pytest.fixture
def service(database: Database) -> ProductService:
    return ProductService(database)


@pytest.fixture
def version_service(database: Database) -> ProductVersionService:
    return ProductVersionService(database, QuotaRule(), days=30)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files", tmp_path / "staging")


@pytest.fixture
def uploads(database: Database, store: FolderStore) -> UploadService:
    return UploadService(database, store, _NoJobs(), max_bytes=1000, quota=QuotaRule(500, 2))


def _send(uploads: UploadService, people: People, product: Product, name: str, size: int) -> StoredBytes:
    role = FileRole.AUXILIARY if name else FileRole.MAIN
    with uploads.stage(people.owner, product.id, role) as staging:
        staging.write(b"x" * size)
        stored = staging.finish()
    uploads.add_file(people.owner, product.id, role, name or "model.pkl", stored)
    return stored


def _product(uploads: UploadService, service: ProductService, people: People) -> Product:
    product = service.create(people.owner, NewProduct("A model", OTHER, visibility=Visibility.PUBLIC))
    _send(uploads, people, product, "", 10)
    return uploads.publish(people.owner, product.id)


def _sweep(database: Database, store: FolderStore, tmp_path: Path) -> int:
    tables = tmp_path / "tables"
    tables.mkdir(exist_ok=True)
    return Housekeeping(
        database, store, KeptFolder(tables), draft_days=30, deleted_days=30, other_stored_ids=frozenset
    ).sweep(older_than=0)


def test_a_deleted_product_comes_back_as_it_was(
    database: Database,
    people: People,
    service: ProductService,
    version_service: ProductVersionService,
    uploads: UploadService,
    store: FolderStore,
    tmp_path: Path,
):
    product = _product(uploads, service, people)
    service.delete(people.owner, product.id)
    with pytest.raises(NotFoundError):
        service.get(people.admin, product.id)
    assert _sweep(database, store, tmp_path) == 0
    for identity in (people.stranger, people.co_owner):
        assert version_service.deleted(identity) == ()
        with pytest.raises(NotFoundError):
            version_service.restore(identity, product.id)
    with pytest.raises(PermissionDeniedError):
        version_service.restore(people.owner_reading, product.id)
    (found,) = version_service.deleted(people.owner)
    assert found.product.id == product.id
    assert found.until - found.deleted_at == timedelta(days=30)
    restored = version_service.restore(people.owner, product.internal_name)
    assert (restored.status, restored.published_at) == (ProductStatus.PUBLISHED, product.published_at)
    (file,) = service.details(people.nobody, product.id).files
    assert b"".join(store.read(file.stored_id)) == b"x" * 10
    with pytest.raises(NotFoundError):
        version_service.restore(people.owner, product.id)


def test_after_the_grace_time_the_files_are_gone_and_the_name_stays_taken(
    database: Database,
    people: People,
    service: ProductService,
    version_service: ProductVersionService,
    uploads: UploadService,
    store: FolderStore,
    tmp_path: Path,
):
    product = _product(uploads, service, people)
    service.delete(people.owner, product.id)
    with database.write() as session:
        session.execute(update(ProductRow).values(deleted_at=utc_now() - timedelta(days=30, seconds=1)))
    # Even before the sweep it is too late.
    with pytest.raises(NotFoundError):
        version_service.restore(people.admin, product.id)
    assert _sweep(database, store, tmp_path) == 1
    with pytest.raises(NotFoundError):
        version_service.restore(people.admin, product.id)
    with database.read() as session:
        assert session.scalars(select(ProductFileRow)).all() == []
        assert session.get_one(ProductRow, product.id).internal_name == product.internal_name


def test_a_product_that_was_being_read_comes_back_as_a_draft(
    database: Database, people: People, service: ProductService, version_service: ProductVersionService
):
    product = service.create(people.owner, NewProduct("x", OTHER))
    with database.write() as session:
        session.execute(update(ProductRow).values(status=ProductStatus.PROCESSING))
    service.delete(people.owner, product.id)
    assert version_service.restore(people.admin, product.id).status is ProductStatus.REGISTERING


def test_a_new_version_points_to_the_one_before(
    people: People, service: ProductService, version_service: ProductVersionService, uploads: UploadService
):
    first = _product(uploads, service, people)
    second = version_service.new_version(people.owner, first.id)
    assert (second.previous_id, second.status, second.display_name) == (first.id, ProductStatus.REGISTERING, "A model")
    assert (second.visibility, second.product_type) == (first.visibility, first.product_type)
    with pytest.raises(ConflictError):
        version_service.new_version(people.owner, second.id)
    with pytest.raises(PermissionDeniedError):
        version_service.new_version(people.stranger, first.id)
    assert version_service.versions(people.owner, first).newer == ()
    _send(uploads, people, second, "", 11)
    uploads.publish(people.owner, second.id)
    assert [product.id for product in version_service.versions(people.nobody, first).newer] == [second.id]
    previous = version_service.versions(people.nobody, second).previous
    assert previous is not None
    assert previous.id == first.id
    service.change(people.owner, first.id, ProductChanges(visibility=Visibility.PRIVATE))
    assert version_service.versions(people.nobody, second).previous is None


def test_a_published_product_keeps_its_main_file(people: People, service: ProductService, uploads: UploadService):
    product = _product(uploads, service, people)
    (file,) = service.details(people.owner, product.id).files
    with pytest.raises(ConflictError):
        uploads.remove_file(people.owner, file.id)
    with pytest.raises(ConflictError):
        _send(uploads, people, product, "", 1)


def test_a_quota_holds_for_all_products_and_a_product_has_so_many_files(
    database: Database, people: People, service: ProductService, uploads: UploadService, store: FolderStore
):
    first, second = (service.create(people.owner, NewProduct(name, OTHER)) for name in ("a", "b"))
    _send(uploads, people, first, "one.txt", 300)
    with pytest.raises(QuotaExceededError, match="quota"):
        uploads.stage(people.owner, second.id, FileRole.MAIN, announced=201)
    with pytest.raises(QuotaExceededError):
        _send(uploads, people, second, "two.txt", 201)
    service.delete(people.owner, first.id)
    with pytest.raises(QuotaExceededError):  # it could come back
        _send(uploads, people, second, "two.txt", 201)
    with database.write() as session:
        session.execute(update(UserRow).where(UserRow.name == "owner").values(quota_bytes=520))
    _send(uploads, people, second, "two.txt", 201)
    _send(uploads, people, second, "three.txt", 1)
    with pytest.raises(Exception, match="at most 2 files"):
        _send(uploads, people, second, "four.txt", 1)
    with database.read() as session:
        known = frozenset(session.scalars(select(ProductFileRow.stored_id)))
    assert store.sweep(known, older_than=-1) == 0  # what was refused left no bytes


def test_estimates_may_lie_elsewhere_when_the_description_says_where(
    people: People, service: ProductService, uploads: UploadService
):
    product = service.create(people.owner, NewProduct("Many estimates", ESTIMATES, description="Ask me for the data."))
    with pytest.raises(InvalidValueError, match="address of its data"):
        uploads.publish(people.owner, product.id)
    there = ProductChanges(description="On [tape](https://data.example.org/estimates/), 4 TB.")
    service.change(people.owner, product.id, there)
    assert uploads.publish(people.owner, product.id).status is ProductStatus.PUBLISHED
    with pytest.raises(InvalidValueError, match="address of its data"):
        service.change(people.owner, product.id, ProductChanges(description="Gone."))
    other = service.create(people.owner, NewProduct("x", OTHER, description="https://data.example.org/"))
    with pytest.raises(ConflictError, match="main file"):
        uploads.publish(people.owner, other.id)
