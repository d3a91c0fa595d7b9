"""An engine that outlives a job: while one query follows another, none of them waits until a process has started."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tap.engine import DuckDBEngine, QueryEngine

__all__ = ["WarmEngine"]

_IDLE_SECONDS = 60.0
_PREFIX = "engine-"


class WarmEngine:
    """An engine for one query at a time, which ends when it was not used for a minute, or with this process.

    Parameters
    ----------
    new_engine
        Makes an engine that keeps its temporary files in a folder of its own.
    """

    def __init__(self, new_engine: Callable[[Path], QueryEngine] | None = None) -> None:
        self._new_engine = new_engine or _one_process
        self._lock = threading.Lock()
        self._engine: QueryEngine | None = None
        self._idle: threading.Timer | None = None

    @contextmanager
    def use(self, temp_folder: Path) -> Iterator[QueryEngine]:
        """Return the engine to one user.

        Parameters
        ----------
        temp_folder
            Where a new engine keeps what it keeps; processes that were killed may have left something there.
        """
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            engine, self._engine = self._engine, None
        engine = engine or self._new_engine(_free_folder(temp_folder))
        try:
            yield engine
        finally:  # whatever went wrong: the engine replaces a process that is not as good as before
            self._keep(engine)

    def _keep(self, engine: QueryEngine) -> None:
        with self._lock:
            self._engine = engine
            self._idle = threading.Timer(_IDLE_SECONDS, self._end)
            self._idle.daemon = True
            self._idle.start()

    def _end(self) -> None:
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()


def _one_process(folder: Path) -> QueryEngine:
    return DuckDBEngine(workers=1, waiting=0, temp_folder=folder)


def _free_folder(temp_folder: Path) -> Path:
    """Name the folder of this process, and remove those of processes that were killed."""
    for left in temp_folder.glob(f"{_PREFIX}*"):
        if not _is_alive(int(left.name.removeprefix(_PREFIX))):
            shutil.rmtree(left, ignore_errors=True)
    return temp_folder / f"{_PREFIX}{os.getpid()}"


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
