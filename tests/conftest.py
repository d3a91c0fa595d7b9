"""Fixtures that many tests share: databases, a broker, real data, and programs of others.

What needs a program or data that is not there is skipped with a reason, and counted in the summary.
"""

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch
from zlib import crc32

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from pzserver.sessions import TidySession

from tests.support.apache_spark import SparkCluster, running_spark, why_no_spark
from tests.support.databases import EmptyPostgres, EmptySQLite, shared_statements
from tests.support.postgres import PostgresServer, postgres_binaries, running_postgres
from tests.support.pypi_client import PypiClient, UnavailableError, pypi_client, pypi_notebooks
from tests.support.redis import running_redis
from tests.support.sail import require_spark_client, running_sail
from tests.support.tools import Stilts, chromium_path, running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROJECT_ROOT = Path(__file__).resolve().parents[1]

# A shell has what it runs in the background ignore Ctrl-C, and servers that the tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# LSDB compiles functions for half a minute, which run for milliseconds. Numba must not meet another value later on, or
# it mixes what one test compiled with what another one did not.
os.environ["NUMBA_DISABLE_JIT"] = "1"

# Nothing that is imported and collected goes away again, so nothing is to be looked for until all of it is there.
gc.disable()

# No test depends on how busy the machine is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


_DATABASES = ("sqlite", "postgresql")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put files with slow tests first; leave out long loops, and the second database of cases that need one of them.

    A long file at the end would leave the other workers of pytest-xdist idle.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    left_out = [] if os.environ.get("ALL_DATABASES") else [item for item in items if _is_left_out(item)]
    if not os.environ.get("LONG"):
        left_out += [item for item in items if _is_long(item) and item not in left_out]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _is_long(item: pytest.Item) -> bool:
    """Whether a case is a long loop, which ``make chaos`` runs."""
    marker = item.get_closest_marker("long")
    return marker is not None and marker.kwargs.get("only", "") in item.name


def _is_left_out(item: pytest.Item) -> bool:
    """Whether a case that runs on either database, chosen by its name, runs on the other one."""
    marker = item.get_closest_marker("either_database")
    found = [name for name in _DATABASES if name in item.name] if marker else []
    if marker is None or len(found) != 1:
        return False
    case = item.nodeid.split("::")[0] if marker.kwargs.get("whole_file") else item.nodeid.replace(found[0], "")
    return _DATABASES[crc32(case.encode()) % len(_DATABASES)] != found[0]


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests and modules that stay until the end.

    What is garbage by now stays, too: to look for it takes two seconds in each worker of pytest-xdist.
    """
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder of pyproject.toml."""
    return PROJECT_ROOT


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Let passwords that this process hashes take a hundredth of their time; ``test_passwords`` has the true cost."""
    quick = partial(PasswordHasher, time_cost=1, memory_cost=1024, parallelism=1)
    with patch("core.auth.passwords.PasswordHasher", quick):
        yield


@pytest.fixture(scope="session", autouse=True)
def _shared_statements() -> Iterator[None]:
    """Let the databases of all tests share the SQL of their statements."""
    with shared_statements():
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; it is not ours to publish."""
    folder = PROJECT_ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data are not there: {folder}")
    return folder


@pytest.fixture(scope="session")
def todays_client() -> PypiClient:
    """The library pzserver 0.3.7 from PyPI."""
    try:
        return pypi_client(PROJECT_ROOT / ".cache")
    except UnavailableError as e:
        pytest.skip(str(e))


@pytest.fixture(scope="session")
def todays_notebooks() -> Path:
    """The notebooks of pzserver 0.3.7, from its source distribution on PyPI."""
    try:
        return pypi_notebooks(PROJECT_ROOT / ".cache")
    except UnavailableError as e:
        pytest.skip(str(e))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A private PostgreSQL server; each worker of pytest-xdist has its own."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with running_postgres(binaries) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The SQLAlchemy address of a fresh PostgreSQL database."""
    with postgres.new_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The SQLAlchemy address of a fresh database, once of each kind that the server runs on."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'photoz.sqlite'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def empty_postgres(postgres: PostgresServer) -> EmptyPostgres:
    """Gives PostgreSQL databases with every table."""
    return EmptyPostgres(postgres)


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> EmptySQLite:
    """Gives SQLite databases with every table."""
    return EmptySQLite(tmp_path_factory.mktemp("tables"))


@pytest.fixture
def sqlite_tables_url(empty_sqlite: EmptySQLite, tmp_path: Path) -> str:
    """The SQLAlchemy address of a SQLite database with every table and no rows."""
    return empty_sqlite.database(tmp_path / "photoz.sqlite")


@pytest.fixture
def postgres_tables_url(empty_postgres: EmptyPostgres) -> Iterator[str]:
    """The SQLAlchemy address of a PostgreSQL database with every table and no rows."""
    with empty_postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def tables_url(request: pytest.FixtureRequest) -> str:
    """The SQLAlchemy address of a database with every table and no rows, once of each kind."""
    name = "sqlite_tables_url" if request.param == "sqlite" else "postgres_tables_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a database that a module's tests share, once of each kind; none is SQLite in the data folder."""
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres").new_database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a private Redis server."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    with running_redis(binary) as url:
        yield url


@pytest.fixture(scope="session")
def apache_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    """A private cluster of Apache Spark with two workers."""
    if reason := why_no_spark():
        pytest.skip(reason)
    with running_spark(tmp_path_factory.mktemp("spark")) as cluster:
        yield cluster


@pytest.fixture(scope="module", params=["sail", "spark"])
def spark_remote(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server of Spark Connect: of Sail, and of Apache Spark where it is there."""
    require_spark_client()
    if request.param == "sail":
        with running_sail() as address:
            yield address
        return
    if given := os.environ.get("TEST_SPARK_REMOTE"):  # one that runs already
        yield given
        return
    cluster: SparkCluster = request.getfixturevalue("apache_spark")
    yield cluster.remote


@pytest.fixture(scope="session")
def stilts(tmp_path_factory: pytest.TempPathFactory) -> Stilts:
    """STILTS, to be called with the words of a command line."""
    command = shutil.which("stilts")
    if command is None:
        pytest.skip("STILTS is not installed: apt-get install stilts")
    return Stilts(command, tmp_path_factory.mktemp("stilts") / "classes.jsa")


@pytest.fixture
def tidy_session() -> Iterator[TidySession]:
    """A session for pyvo, which leaves answers half-read."""
    with TidySession() as session:
        yield session


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """An event loop in a thread of its own, for the applications of ``in_process_client``."""
    with start_blocking_portal() as running:
        yield running


@pytest.fixture(scope="module")
def collected() -> Iterator[None]:
    """Let the garbage collector meet what libraries left open in a module, and not in the test of somebody else."""
    yield
    gc.collect()


# A module, not the session: playwright keeps an event loop running in this thread while it lives, and other modules
# may want to run their own.
@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium without a window."""
    path = chromium_path()
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with running_browser(path) as running:
        yield running


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page of the browser, with cookies of its own."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    try:
        yield context.new_page()
    finally:
        context.close()
