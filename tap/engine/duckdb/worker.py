"""Query process: reads one query at a time from standard input, writes Arrow frames to standard output.

It is started as a program (``python -m tap.engine.duckdb.worker FOLDER``), never forked, so it has no settings, secrets
or connections of the server. It ends when the server does (standard input closes), and the kernel ends it by SIGALRM
when a query exceeds its time, whatever the engine is doing.
"""

import json
import os
import queue
import resource
import shutil
import signal
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from core.errors import PhotozError
from tap.engine.duckdb.execution import Clock, run_query
from tap.engine.duckdb.failures import describe, leaves_instance_usable
from tap.engine.duckdb.frames import FrameKind, PipeReader, write_frame
from tap.engine.duckdb.sandbox import HiddenRows, Sandbox, SandboxTable, new_instance
from tap.engine.file_columns import Conversion, FileColumn

if TYPE_CHECKING:
    from tap.engine.duckdb.upload_rows import UploadRows

__all__ = ["main"]

_RECURSION = 8_000  # trees of long expressions are deep; the engine limits their depth as well
_KEPT_SANDBOXES = 4
_MOST_KEPT_FILES = 500
_PRIVATE = "private"
_ADDRESS_SPACE_ALLOWANCE = 512_000_000
_ADDRESS_SPACE_PER_THREAD = 136_000_000  # a stack, and two arenas of malloc, which reserve more than they use


def main() -> None:
    """Serve queries until standard input closes."""
    folder = Path(sys.argv[1])
    sys.setrecursionlimit(_RECURSION)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would contain rows that not everybody may read
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the server decides
    output = os.dup(1)
    os.dup2(2, 1)  # output of libraries must not mix with the frames
    _Worker(folder, output).serve()


class _Worker:
    def __init__(self, folder: Path, output: int) -> None:
        self._folder = folder
        self._output = output
        self._requests: queue.SimpleQueue[tuple[dict[str, Any], list[pa.Table]]] = queue.SimpleQueue()
        self._clock = Clock()
        self._kept: OrderedDict[object, tuple[Sandbox, Path]] = OrderedDict()
        self._spare: tuple[duckdb.DuckDBPyConnection, Path] | None = None

    def serve(self) -> None:
        threading.Thread(target=self._listen, name="requests", daemon=True).start()
        while True:
            if self._requests.empty():
                self._prepare()
            request, data = self._requests.get()
            self._run(request, data)

    def _prepare(self) -> None:
        """Make an empty instance for the next query on other files, while no query waits."""
        if self._spare is None:
            folder = Path(mkdtemp(dir=self._folder))
            self._spare = (new_instance(folder), folder)

    def _listen(self) -> None:
        """Read requests and cancellations while queries run; exit at the end of the input."""
        reader = PipeReader(0)
        try:
            while True:
                kind, content = reader.read()
                if kind is FrameKind.CANCEL:
                    self._clock.cancel()
                    continue
                request = json.loads(content)
                data = [pa.ipc.open_stream(pa.py_buffer(reader.read()[1])).read_all() for _ in range(request["data"])]
                self._clock.accept()
                self._requests.put((request, data))
        except EOFError:
            shutil.rmtree(self._folder, ignore_errors=True)
        finally:
            os._exit(0)

    def _run(self, request: dict[str, Any], data: list[pa.Table]) -> None:
        prepared = False
        try:
            _limit_address_space(request["memory_bytes"], request["threads"])
            with self._clock.running(request["seconds"]):
                sandbox = self._sandbox(request, data)
                prepared = True
                run_query(sandbox, request["sql"], self._clock, self._output)
            write_frame(self._output, FrameKind.END)
        except (duckdb.Error, pa.ArrowException, MemoryError, OSError, PhotozError) as e:
            if not leaves_instance_usable(e):  # an engine that failed is not trusted with the next query
                self._drop_all()
            failure = describe(e, timed_out=self._clock.expired, prepared=prepared)
            write_frame(self._output, FrameKind.ERROR, [json.dumps(failure).encode()])
        finally:
            self._drop_private()

    def _sandbox(self, request: dict[str, Any], data: list[pa.Table]) -> Sandbox:
        rows = iter(data)
        tables = [
            SandboxTable(
                table["schema"],
                table["name"],
                tuple(table["files"]),
                self._upload_rows(table["upload"]) or (None if table["files"] else next(rows)),
                HiddenRows(table["block_column"], tuple(table["hidden"])),
                tuple(FileColumn(name, source, Conversion(how)) for name, source, how in table["columns"]),
                table["folder"],
            )
            for table in request["tables"]
        ]
        limits = {key: request[key] for key in ("memory_bytes", "threads", "temp_bytes")}
        # Rows in memory belong to one query of one user: such an instance is not reused. One with very many files would
        # keep their metadata in memory.
        files = sum(len(table.files) for table in tables)
        private = files > _MOST_KEPT_FILES or any(table.data is not None for table in tables)
        key = _PRIVATE if private else (tuple(table.stamp for table in tables), tuple(limits.values()))
        if key in self._kept:
            kept = self._kept[key][0]
            if kept.opened_files + files <= _MOST_KEPT_FILES and kept.set_files(tables):
                self._kept.move_to_end(key)
                return kept
            self._drop(key)
        while len(self._kept) >= _KEPT_SANDBOXES:
            self._drop(next(iter(self._kept)))
        instance, folder = self._spare or (None, Path(mkdtemp(dir=self._folder)))
        self._spare = None  # the folder is removed with the process at the latest
        try:
            made = Sandbox(tables, temp_folder=folder, instance=instance, **limits)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._kept[key] = (made, folder)
        made.set_files(tables)
        return made

    def _upload_rows(self, table: dict[str, Any] | None) -> "UploadRows | None":
        if table is None:
            return None
        # Imported when a query has an upload: most have none, and a process starts faster without.
        from tap.engine.duckdb.upload_rows import UploadRows

        return UploadRows(
            Path(table["path"]), table["format"], table["columns"], table["label"], lambda: self._clock.stopped
        )

    def _drop(self, key: object) -> None:
        sandbox, folder = self._kept.pop(key)
        sandbox.close()
        shutil.rmtree(folder, ignore_errors=True)

    def _drop_private(self) -> None:
        if _PRIVATE in self._kept:
            self._drop(_PRIVATE)

    def _drop_all(self) -> None:
        for key in list(self._kept):
            self._drop(key)


def _limit_address_space(memory_bytes: int, threads: int) -> None:
    """Limit the address space above what is in use now: some functions of DuckDB ignore its memory limit."""
    if not sys.platform.startswith("linux"):
        return
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    wanted = now + memory_bytes + _ADDRESS_SPACE_ALLOWANCE + threads * _ADDRESS_SPACE_PER_THREAD
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


if __name__ == "__main__":
    main()
