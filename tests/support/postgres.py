"""A private PostgreSQL: its own folder, a Unix socket instead of a port, nothing kept when it stops."""

import itertools
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql

from tests.support.processes import command_as, private_folder, start, stop, unprivileged_user, wait_until

__all__ = ["PostgresServer", "postgres_binaries", "running_postgres"]

_SUPERUSER = "photoz"
_START_SECONDS = 60.0

# The data are thrown away: nothing waits for a disk.
_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "max_connections=200",
    "shared_buffers=32MB",
    "max_wal_size=256MB",
)


class PostgresServer:
    """A PostgreSQL server, which keeps its address and its databases through crashes."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder = folder
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = self.folder / "log"
        self._process = start(self._command, log=log)
        wait_until(lambda: _answers(self.folder), self._process, log, _START_SECONDS)

    def crash(self) -> None:
        """Let it end at once, with all connections, so that it must recover from its log."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_START_SECONDS)

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            stop(self._process)

    def url(self, database: str = "postgres") -> str:
        """Give the SQLAlchemy address of a database."""
        return f"postgresql+psycopg2://{_SUPERUSER}@/{database}?host={self.folder}"

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Make an empty database, give its SQLAlchemy address, and drop it at the end with whoever is connected."""
        name = self.new_name()
        self.execute("CREATE DATABASE {} TEMPLATE template0 STRATEGY file_copy", name)
        try:
            yield self.url(name)
        finally:
            self.execute("DROP DATABASE {} WITH (FORCE)", name)

    def new_name(self) -> str:
        """Give a name that no database had yet."""
        return f"test_{next(self._numbers)}"

    def connect(self, database: str = "postgres") -> psycopg2.extensions.connection:
        """Connect to a database."""
        return psycopg2.connect(host=str(self.folder), user=_SUPERUSER, dbname=database)

    def disconnect(self, database: str) -> None:
        """End all connections to a database, and wait until they are gone."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE datname = %s", (60_000, database)
            )

    def execute(self, statement: str, *names: str) -> None:
        """Run a statement outside any transaction, with the names of databases in it."""
        with closing(self.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def postgres_binaries() -> Path | None:
    """Find the folder of ``initdb`` and ``postgres``: Debian's newest, or where the PATH says; none without them."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return None if found is None else Path(found).resolve().parent


@contextmanager
def running_postgres(binaries: Path, *, durable: bool = False) -> Iterator[PostgresServer]:
    """Start a PostgreSQL server in a temporary folder and stop it at the end.

    Only a durable one keeps through a crash whatever was committed.

    As root it runs as ``postgres`` or ``nobody``, because it refuses to run as root. It dies with the process that
    started it, so that a killed test run leaves none behind.
    """
    user = unprivileged_user("postgres", "nobody")
    with private_folder("pg", user) as folder:
        data = folder / "data"
        initialise: list[str | Path] = [binaries / "initdb", "-D", data, "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8"]
        initialise += ["--no-locale", "--no-sync", "--no-instructions"]
        subprocess.run(command_as(user, initialise), check=True, capture_output=True, cwd="/")
        settings = [*_SETTINGS, "synchronous_commit=on"] if durable else _SETTINGS
        options = [word for setting in settings for word in ("-c", setting)]
        server = PostgresServer(folder, command_as(user, [binaries / "postgres", "-D", data, "-k", folder, *options]))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _answers(folder: Path) -> bool:
    try:
        psycopg2.connect(host=str(folder), user=_SUPERUSER, dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True
