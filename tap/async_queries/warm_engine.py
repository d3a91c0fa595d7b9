"""Query engine kept between the jobs of one worker, so that a query does not wait for the start of a process."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tap.engine import DuckDBEngine, QueryEngine, SpoolLimits

__all__ = ["WarmEngine"]

_IDLE_SECONDS = 60.0
_PREFIX = "engine-"


class WarmEngine:
    """Engine for one query at a time, closed after a minute without use, or with this process.

    Parameters
    ----------
    new_engine
        Creates an engine with a folder for its temporary files.
    """

    def __init__(self, new_engine: Callable[[Path], QueryEngine] | None = None) -> None:
        self._new_engine = new_engine or _one_process
        self._lock = threading.Lock()
        self._engine: QueryEngine | None = None
        self._idle: threading.Timer | None = None

    @contextmanager
    def use(self, temp_folder: Path) -> Iterator[QueryEngine]:
        """Yield the engine to one caller.

        Parameters
        ----------
        temp_folder
            Folder for the temporary files of a new engine; those of processes that were killed are removed.
        """
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            engine, self._engine = self._engine, None
        engine = engine or self._new_engine(_free_folder(temp_folder))
        try:
            yield engine
        finally:  # after any error: the engine replaces a process that is not usable
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
    # The job that reads is all that its query can keep waiting, and has a time limit of its own.
    return DuckDBEngine(workers=1, waiting=0, temp_folder=folder, spool_limits=SpoolLimits.patient())


def _free_folder(temp_folder: Path) -> Path:
    """Return the folder of this process, and remove those of processes that were killed."""
    for left in temp_folder.glob(f"{_PREFIX}*"):
        if not _is_alive(int(left.name.removeprefix(_PREFIX))):
            shutil.rmtree(left, ignore_errors=True)
    return temp_folder / f"{_PREFIX}{os.getpid()}"


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
