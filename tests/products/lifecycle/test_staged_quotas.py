"""Bytes of uploads to products that have begun count in the quota of the product's owner."""

from pathlib import Path

import pytest

from core.database import Database
from core.files import FolderStore
from products.lifecycle.uploads import UploadService
from products.lifecycle.versions import ProductVersionService
from products.models import FileRole, Product
from products.quotas import QuotaExceededError, QuotaRule, account_of
from products.service import NewProduct, ProductService
from tests.products.conftest import People
from tests.products.lifecycle.test_versions import OTHER, _NoJobs

pytestmark = pytest.mark.either_database

MIB = 1 << 20
QUOTA = 24 * MIB


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files", tmp_path / "staging")


@pytest.fixture
def quota(store: FolderStore) -> QuotaRule:
    return QuotaRule(QUOTA, 10, lambda account, without: store.staged_bytes(account, without=without))


@pytest.fixture
def uploads(database: Database, store: FolderStore, quota: QuotaRule) -> UploadService:
    return UploadService(database, store, _NoJobs(), max_bytes=100 * MIB, quota=quota)


@pytest.fixture
def draft(database: Database, people: People) -> Product:
    return ProductService(database).create(people.owner, NewProduct("A model", OTHER))


def test_an_upload_in_parts_counts_until_it_is_abandoned(database, store, quota, uploads, people, draft):
    upload = store.begin(account_of(people.owner.user_id))
    with store.resume(upload, limit=QUOTA) as file:
        file.write(b"x" * (20 * MIB))
    versions = ProductVersionService(database, quota, days=30)
    assert versions.usage(people.owner).used == 20 * MIB
    with pytest.raises(QuotaExceededError):
        uploads.stage(people.owner, draft.id, FileRole.MAIN, announced=5 * MIB)
    with database.read() as session:
        quota.check(session, people.owner.user_id, QUOTA, without=upload)
        with pytest.raises(QuotaExceededError):
            quota.check(session, people.owner.user_id, QUOTA + 1, without=upload)
    assert versions.usage(people.stranger).used == 0
    store.abandon(upload)
    assert versions.usage(people.owner).used == 0


def test_uploads_at_the_same_time_stop_when_they_exceed_it_together(store, uploads, people, draft):
    chunk = b"x" * MIB
    with uploads.stage(people.owner, draft.id, FileRole.MAIN) as first:
        with uploads.stage(people.owner, draft.id, FileRole.AUXILIARY) as second:
            for _ in range(16):
                first.write(chunk)
                second.write(chunk)
            with pytest.raises(QuotaExceededError):
                for _ in range(2):
                    second.write(chunk)
        for _ in range(4):
            first.write(chunk)
        stored = first.finish()
    assert list(store.ids()) == [stored.id]
    uploads.add_file(people.owner, draft.id, FileRole.MAIN, "model.pkl", stored)


def test_a_file_that_is_too_large_alone_is_stopped_on_its_way(store, uploads, people, draft):
    with pytest.raises(QuotaExceededError), uploads.stage(people.owner, draft.id, FileRole.MAIN) as staging:
        for _ in range(100):
            staging.write(b"x" * MIB)
    assert (list(store.ids()), store.staged_bytes(account_of(people.owner.user_id))) == ([], 0)
