"""Backup, its verification, restore and ``doctor --verify`` of files in a distant S3: several at once, or one.

A local S3 (moto) stands behind a program that delays what each request sends, so that the time is that of a network and
not of this machine. Run it as ``python -m benchmarks.backup_objects``.
"""

import argparse
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from unittest.mock import patch

import psutil

from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.operations import verification
from server.operations.backup import creation, restoration
from server.operations.backup.stores import backup_store
from server.operations.inventory import AT_ONCE, Inventory
from server.services import Services
from tests.support.forwarder import running_forwarder
from tests.support.s3 import running_s3

_Result = TypeVar("_Result")
_MODULES = (creation, restoration, verification)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=200_000)
    parser.add_argument("--delay", type=float, default=0.05, help="seconds by which a request is delayed")
    chosen = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        address = stack.enter_context(running_s3("far"))
        far = stack.enter_context(running_forwarder(int(address.rpartition(":")[2]), folder / "log", chosen.delay))
        stack.enter_context(patch.dict("os.environ", AWS_ENDPOINT_URL=f"http://127.0.0.1:{far.port}"))
        services = _server(folder / "data", chosen.files, bytes(chosen.bytes))
        for at_once in (1, AT_ONCE):
            with ExitStack() as patches:
                for module in _MODULES:
                    patches.enter_context(patch.object(module, "AT_ONCE", at_once))
                _measure(services, folder, at_once)
        services.close()


def _server(data: Path, files: int, content: bytes) -> Services:
    """Make a server with so many files in the home of a user."""
    settings = Settings(data=data, files_url="s3://far/files", min_free_bytes=0)
    prepare_data_folder(settings)
    services = Services(settings)
    migrate(services.database, triggers=True)
    services.accounts.service.add_user("ada", None)
    ada = services.accounts.service.identity_of_user("ada")
    for number in range(files):
        body = services.vospace.uploads.begin(ada, ("home", "ada", f"{number}"), None, {}, None)
        body.write(b"%d" % number + content)
        body.finish()
        body.close()
    return services


def _measure(services: Services, folder: Path, at_once: int) -> None:
    store = backup_store(f"s3://far/backups-{at_once}", create=True)
    inventory = Inventory(services.settings, services.store)
    made = _timed(
        at_once, "backup", lambda: creation.create_backup(services.settings, services.database, inventory, store)
    )
    assert _timed(at_once, "backup --verify", lambda: creation.verify_backup(store, made)) == []
    restored = Settings(data=folder / f"restored-{at_once}", files_url=f"s3://far/restored-{at_once}", min_free_bytes=0)
    _timed(at_once, "restore", lambda: restoration.restore_backup(restored, store, made))
    found = _timed(
        at_once,
        "doctor --verify",
        lambda: verification.verify(services.settings, services.database, services.store),
    )
    assert (found.problems, found.files) == ((), len(made.files))


def _timed(at_once: int, what: str, work: Callable[[], _Result]) -> _Result:
    began = time.perf_counter()
    result = work()
    memory = psutil.Process().memory_info().rss / 1e6
    print(f"{what:<18} {at_once} at once  {time.perf_counter() - began:8.1f} s  {memory:6.0f} MB resident", flush=True)
    return result


if __name__ == "__main__":
    main()
