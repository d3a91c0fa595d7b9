"""``photoz doctor``: checks of storage, disk, database, files, query engine and job queue."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.errors import PhotozError
from core.settings import Settings
from server.data_folder import StartError, require_data_folder
from server.migrations.upgrade import is_current
from server.operations.inventory import KEPT_PLACES, Inventory
from server.operations.verification import verify
from server.services import Services
from tap.engine import DuckDBEngine, EngineQuery

__all__ = ["Check", "examine"]


@dataclass(frozen=True, slots=True)
class Check:
    """Result of the check of one part of a server: whether it works, and a message."""

    name: str
    ok: bool
    message: str

    def as_dict(self) -> dict[str, object]:
        """Return the check as a JSON object."""
        return asdict(self)


def examine(settings: Settings, *, all_files: bool = False, rederive: bool = False) -> list[Check]:
    """Check every part of the server; a running server is not disturbed.

    Parameters
    ----------
    all_files
        Whether every file is read and compared with its checksums, which may take long.
    rederive
        Whether the rows of all products are derived from their files again and compared, which takes longer.
    """
    try:
        require_data_folder(settings)
    except StartError as e:
        return [Check("storage", False, str(e))]
    services = Services(settings)
    try:
        checks = list(_checks(services))
        if all_files:
            checks.append(_try("checksums", lambda: _checksums(services)))
        if rederive:
            checks.append(_try("rows", lambda: _derived_rows(services)))
    finally:
        services.close()
    return checks


def _checks(services: Services) -> Iterator[Check]:
    settings = services.settings
    storage = _try("storage", lambda: _storage(services))
    yield storage
    yield (_try("disk", lambda: _disk(settings)) if storage.ok else Check("disk", False, "not checked: no storage"))
    database = _try("database", lambda: _database(services))
    yield database
    if database.ok:
        yield _try("files", lambda: _files(services))
    yield _try("engine", lambda: _engine(settings))
    yield _try("broker", lambda: _broker(settings))


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except (PhotozError, OSError, SQLAlchemyError, _WrongError) as e:
        return Check(name, False, str(e).partition("\n")[0])


class _WrongError(Exception):
    """A part answers, but not as it should; the message states what to do."""


def _storage(services: Services) -> str:
    settings = services.settings
    services.store.check()
    services.products.rows.check()
    return f"{settings.data.resolve()} can be written"


def _disk(settings: Settings) -> str:
    usage = shutil.disk_usage(settings.data)
    if usage.free < settings.min_free_bytes:
        message = f"only {usage.free / 1e9:.1f} GB free, less than PHOTOZ_MIN_FREE_BYTES: uploads fail; free some space"
        raise _WrongError(message)
    return f"{usage.free / 1e9:.1f} GB free"


def _database(services: Services) -> str:
    database = services.database
    with database.read() as session:
        session.execute(text("SELECT 1"))
    if not is_current(database.engine):
        message = "the schema is of another version; run 'photoz migrate'"
        raise _WrongError(message)
    return f"{database.engine.dialect.name} answers, with the schema of this version"


def _files(services: Services) -> str:
    inventory = Inventory(services.settings, services.store)
    there = {place: inventory.there(place) for place in KEPT_PLACES}
    expected = inventory.expected_now(services.database)
    missing = [key for key in expected if key[1] not in there[key[0]]]
    if missing:
        now = inventory.expected_now(services.database)  # those that were deleted meanwhile are not missing
        missing = [key for key in missing if key in now]
    if missing:
        message = f"{len(missing)} files are missing, the first is {'/'.join(missing[0])}; restore them from a backup"
        raise _WrongError(message)
    counts = Counter(place for place, _ in expected)
    return f"{', '.join(f'{counts[place]} in {place}' for place in KEPT_PLACES)} are in their places"


def _checksums(services: Services) -> str:
    findings = verify(services.settings, services.database, services.store)
    if findings.problems:
        raise _WrongError(findings.summary)
    return findings.summary


def _derived_rows(services: Services) -> str:
    """Derive the rows of all products again, and compare them with the stored ones."""
    # A large import.
    from products.lifecycle.rederivation import rederive_rows

    settings = services.settings
    settings.scratch_folder.mkdir(exist_ok=True)
    found = list(
        rederive_rows(
            services.database,
            services.store,
            services.products.rows,
            settings.scratch_folder,
            max_columns=settings.max_columns,
        )
    )
    wrong = [f"{each.product}: {each.problem}" for each in found if each.problem is not None]
    if wrong:
        raise _WrongError(f"{len(wrong)} of {len(found)} tables differ from their files: {'; '.join(wrong[:5])}")
    return f"{len(found)} tables have the rows that their files give"


def _broker(settings: Settings) -> str:
    if settings.job_queue != "celery":
        return "none is needed: jobs run in processes of this machine"
    from server.broker.job_queue import count_workers

    workers = count_workers(settings.redis_url)
    if not workers:
        message = "Redis answers, but no worker listens, so that no job is run; start 'photoz worker'"
        raise _WrongError(message)
    return f"Redis answers, {workers} {'worker listens' if workers == 1 else 'workers listen'}"


def _engine(settings: Settings) -> str:
    engine = DuckDBEngine(workers=1, waiting=1, temp_folder=settings.scratch_folder)
    try:
        query = EngineQuery(
            sql="SELECT 1 AS one",
            tables=(),
            seconds=30,
            memory_bytes=settings.query_memory_bytes,
            threads=1,
            temp_bytes=settings.query_temp_bytes,
        )
        with engine.open(query) as stream:
            rows = sum(batch.num_rows for batch in stream)
    finally:
        engine.close()
    if rows != 1:
        message = f"a query for one row gave {rows}"
        raise _WrongError(message)
    return "answers a query"
