"""Maintenance goes on with the other parts of a server while one of them fails."""

import os
import time
from pathlib import Path

from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.operations.maintenance import remove_orphaned_files
from server.services import Services
from tests.support.s3 import running_s3


def test_results_are_swept_although_the_files_cannot_be_listed(tmp_path: Path, caplog) -> None:
    with running_s3("there"):
        settings = Settings(data=tmp_path / "data", files_url="s3://nowhere/files", min_free_bytes=0)
        prepare_data_folder(settings)
        services = Services(settings)
        try:
            migrate(services.database)
            orphan = settings.results_folder / "of-no-job"
            orphan.mkdir(parents=True)
            (orphan / "result").write_bytes(b"rows")
            long_ago = time.time() - 7 * 86400
            for path in (orphan / "result", orphan):
                os.utime(path, (long_ago, long_ago))
            remove_orphaned_files(services)
        finally:
            services.close()
    assert not (orphan / "result").exists()
    assert [record.step for record in caplog.records if record.getMessage() == "maintenance failed"] == [
        "files and rows"
    ]
