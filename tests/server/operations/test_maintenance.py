"""A bucket that is missing: maintenance goes on with the other parts of the server, and the doctor names it."""

import os
import time
from collections.abc import Iterator

import pytest

from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.operations.doctor import examine
from server.operations.maintenance import remove_orphaned_files
from server.services import Services
from tests.support.s3 import running_s3


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with running_s3("there"):
        settings = Settings(
            data=tmp_path_factory.mktemp("site") / "data", files_url="s3://nowhere/files", min_free_bytes=0
        )
        prepare_data_folder(settings)
        services = Services(settings)
        try:
            migrate(services.database)
            yield services
        finally:
            services.close()


def test_results_are_swept_although_the_files_cannot_be_listed(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    orphan = services.settings.results_folder / "of-no-job"
    orphan.mkdir(parents=True)
    (orphan / "result").write_bytes(b"rows")
    long_ago = time.time() - 7 * 86400
    for path in (orphan / "result", orphan):
        os.utime(path, (long_ago, long_ago))
    remove_orphaned_files(services)
    assert not (orphan / "result").exists()
    failed = [record for record in caplog.records if record.getMessage() == "maintenance failed"]
    assert [vars(record)["step"] for record in failed] == ["files and rows"]


def test_the_doctor_names_the_bucket(services: Services) -> None:
    checks = {check.name: check for check in examine(services.settings)}
    assert not checks["storage"].ok
    assert "no bucket 'nowhere'" in checks["storage"].message
    assert checks["database"].ok
