"""Parent side of one query process: start it, exchange frames with it, end it."""

import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import mkdtemp

import psutil
import pyarrow as pa

from tap.engine.duckdb.cancel_grace import CancelGrace
from tap.engine.duckdb.frames import Frame, FrameKind, PipeReader, PipeTimeoutError, write_frame
from tap.engine.protocol import EngineQuery, EngineTable, UploadedFile

__all__ = ["LOOK_SECONDS", "QueryProcess", "tables_key"]

#: Time between two looks at the grace of a process that was asked to stop its query.
LOOK_SECONDS = 0.1

_PIPE_BYTES = 1 << 20
_LOW_PRIORITY = 10
_ROOT = Path(__file__).resolve().parents[3]


class QueryProcess:
    """A child process that runs one query at a time.

    It is used by one thread at a time, except for `request_cancel`, `kill` and `end`.

    Parameters
    ----------
    folder
        Folder in which its private folder is created.
    """

    def __init__(self, folder: Path) -> None:
        self.tables: set[object] = set()  # sets of tables that it has open, to send it queries over the same
        self.is_low = False  # whether its priority was lowered
        self._folder = Path(mkdtemp(dir=folder))
        self._ending = threading.Lock()
        self._reading = threading.Lock()
        self._ended = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tap.engine.duckdb.worker", str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                cwd=self._folder,
                env=_environment(self._folder),
                start_new_session=True,  # Ctrl-C is for the server, also while this program is still being imported
            )
        except OSError:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        # Both are pipes, as requested above.
        self._input, self._output = self._process.stdin, self._process.stdout
        _widen(self._descriptor(self._output))
        self._reader = PipeReader(self._descriptor(self._output))

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return not self._ended and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def lower_priority(self) -> None:
        """Let processes of other queries go before this one; only root could take that back."""
        self.is_low = True
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # it has just ended
                for thread in Path(f"/proc/{self.pid}/task").iterdir():  # Linux keeps a priority for each
                    os.setpriority(os.PRIO_PROCESS, int(thread.name), _LOW_PRIORITY)

    def send(self, query: EngineQuery) -> None:
        """Send a query.

        Raises
        ------
        OSError
            The process has ended.
        """
        data_tables = [table.data for table in query.tables if table.data is not None]
        request = {
            "sql": query.sql,
            "tables": [
                {
                    "schema": table.schema,
                    "name": table.name,
                    "files": [str(file.absolute()) for file in table.files],
                    "block_column": table.block_column,
                    "hidden": table.hidden,
                    "upload": table.upload and _upload(table.upload),
                    "folder": table.folder and str(table.folder.absolute()),
                    "columns": [(column.name, column.source, column.conversion) for column in table.columns],
                }
                for table in query.tables
            ],
            "seconds": query.seconds,
            "memory_bytes": query.memory_bytes,
            "threads": query.threads,
            "temp_bytes": query.temp_bytes,
            "data": len(data_tables),
        }
        descriptor = self._descriptor(self._input)
        write_frame(descriptor, FrameKind.QUERY, [json.dumps(request).encode()])
        for data in data_tables:
            write_frame(descriptor, FrameKind.TABLE, [memoryview(_ipc(data))])

    def receive(self, seconds: float) -> Frame:
        """Wait for the next frame; raises EOFError or `frames.PipeTimeoutError`, as `PipeReader.read` does."""
        with self._reading:
            if self._ended:  # another thread ended it; the number of the pipe may be another file by now
                raise EOFError
            return self._reader.read(seconds)

    def request_cancel(self) -> None:
        """Request that the query stops; called from another thread than that which receives."""
        with self._ending, contextlib.suppress(OSError):  # it has ended by itself
            if not self._ended:
                write_frame(self._descriptor(self._input), FrameKind.CANCEL)

    def cancel(self, threads: int) -> bool:
        """Cancel the query, and return whether the process confirmed it within its grace."""
        self.request_cancel()
        grace = self.cancel_grace(threads)
        try:
            while not grace.is_over:
                with contextlib.suppress(PipeTimeoutError):
                    if self.receive(LOOK_SECONDS)[0] in {FrameKind.END, FrameKind.ERROR}:
                        return True
        except (OSError, EOFError):
            pass
        return False

    def cancel_grace(self, threads: int) -> CancelGrace:
        """Return the grace, from now on, in which the process is to confirm that a query was cancelled."""
        return CancelGrace(self._processor_seconds, threads)

    def _processor_seconds(self) -> float:
        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.Error:
            return math.inf
        return float(times.user + times.system)

    def kill(self) -> None:
        """Kill the process; a reader that waits for a frame gets the end of the pipe."""
        self._process.kill()

    def end(self) -> int:
        """Kill the process, remove its folder, and return its exit status."""
        with self._ending:
            if not self._ended:
                self._ended = True
                self._process.kill()
                self._process.wait()
                with self._reading:  # a thread that receives gets the end of the pipe first
                    for stream in (self._input, self._output):
                        if stream is not None:
                            stream.close()
                shutil.rmtree(self._folder, ignore_errors=True)
            return self._process.returncode

    @staticmethod
    def _descriptor(stream: object) -> int:
        return int(stream.fileno())  # type: ignore[attr-defined]  # Popen gives pipes the type "IO or None"


def tables_key(tables: tuple[EngineTable, ...]) -> object:
    """Return a key of a set of tables, by which queries find the process that has the same files open."""
    return tuple(
        (table.schema, table.name, table.folder or table.files, table.hidden, table.columns) for table in tables
    )


def _upload(table: UploadedFile) -> dict[str, object]:
    return {
        "path": str(table.path.absolute()),
        "format": table.format,
        "columns": table.columns,
        "label": table.label,
    }


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of a process, without the variables of the server, which may hold secrets."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH") if key in os.environ}
    return kept | {
        "PYTHONPATH": str(_ROOT),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TZ": "UTC",
        "MALLOC_ARENA_MAX": "4",
        "OPENBLAS_NUM_THREADS": "1",  # kernels run in the threads of the engine
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # others reserve a GiB of the address space, which is limited
        "PYTHONUNBUFFERED": "1",
    }


def _ipc(data: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, data.schema) as writer:
        writer.write_table(data)
    return sink.getvalue()


def _widen(descriptor: int) -> None:
    """Enlarge the buffer of a pipe; with the default of 64 kB a batch takes a hundred switches of process."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # the kernel limits such pages for each user
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
