"""Results of jobs are held to what their owner may keep, on both databases."""

from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import update

from core.auth.schema import UserRow
from core.database import Database
from core.files import FolderStore
from products.lifecycle.job_products import JobProductService, ResultFile
from products.models import FileRole, ProductStatus
from products.quotas import QuotaExceededError, QuotaRule
from products.service import NewProduct, ProductService
from tests.products.conftest import People

SCHEMA = pa.schema([("z", pa.float64())])


def _files(folder: Path, *sizes: int) -> list[ResultFile]:
    roles = (FileRole.MAIN, *(FileRole.AUXILIARY for _ in sizes[1:]))
    files = []
    for number, (size, role) in enumerate(zip(sizes, roles, strict=True)):
        path = folder / f"file{number}.csv"
        path.write_bytes(b"x" * size)
        files.append(ResultFile(path, role))
    return files


def test_results_fit_into_the_quota_of_their_owner(database: Database, people: People, tmp_path: Path):
    service, stored = ProductService(database), tmp_path / "stored"
    store = FolderStore(stored, tmp_path / "staging", min_free=0)
    quota = QuotaRule(1000)
    results = JobProductService(database, store, max_bytes=10_000, quota=quota)
    made = service.create(people.owner, NewProduct("made", 2), made_by="A pipeline")
    results.fill(made.id, "job", _files(tmp_path, 500, 500), SCHEMA, {})
    # What an earlier attempt left does not count beside what takes its place.
    results.fill(made.id, "job", _files(tmp_path, 600, 300), SCHEMA, {})
    kept = {path for path in stored.rglob("*") if path.is_file()}
    assert sum(path.stat().st_size for path in kept) == 900

    more = service.create(people.owner, NewProduct("more", 2), made_by="A pipeline")
    with pytest.raises(QuotaExceededError, match=r"no space for 0\.000101 MB more"):
        results.fill(more.id, "job", _files(tmp_path, 100, 1), SCHEMA, {})
    assert {path for path in stored.rglob("*") if path.is_file()} == kept
    assert service.details(people.owner, more.id).files == ()
    assert service.get(people.owner, more.id).status is ProductStatus.PROCESSING
    # Refused in the place of an earlier attempt, that one stays.
    with pytest.raises(QuotaExceededError):
        results.fill(made.id, "job", _files(tmp_path, 1001), SCHEMA, {})
    assert [file.size for file in service.details(people.owner, made.id).files] == [600, 300]
    # Other people have room of their own, and an administrator may give more.
    others = service.create(people.stranger, NewProduct("others", 2), made_by="A pipeline")
    results.fill(others.id, "job", _files(tmp_path, 1000), SCHEMA, {})
    owner_id = people.owner.user_id
    with database.write() as session:
        session.execute(update(UserRow).where(UserRow.id == owner_id).values(quota_bytes=1001))
    results.fill(more.id, "job", _files(tmp_path, 100, 1), SCHEMA, {})
