"""The process of ``forked_workers``: each message on its socket is a worker to fork, with its pipes.

Run as a script. Nothing but its first thread runs when it forks. A worker becomes a child of the process that asked for
it, which workers make sure of: the process between the two ends at once, and the one that asked adopts its children.
"""

import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["IMPORTED", "QUERY_PROCESS", "serve"]

#: Name of a forked process that runs queries, as ``ps -o comm`` shows it.
QUERY_PROCESS = "query process"

#: What workers import when they start, and when they look into a table.
IMPORTED = (
    *("uws.execution.worker", "server.services", "server.worker", "products.readers.text.dialect"),
    *("pyarrow.parquet", "pyarrow.csv", "pandas", "astropy.units", "astropy.coordinates", "astropy.table", "mocpy"),
    "tap.engine.duckdb.worker",
)
_LONGEST = 1 << 20
_PR_SET_NAME = 15


def serve(descriptor: int, imported: Sequence[str] = ()) -> None:
    """Fork workers until the socket closes."""
    asked = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in imported:
        __import__(name)
    gc.collect()
    gc.freeze()
    while True:
        content, descriptors, _, _ = socket.recv_fds(asked, _LONGEST, 2)
        if not content:
            return
        begin, begun = os.pipe()
        between = os.fork()
        if not between:
            _fork(asked, json.loads(content), descriptors, begin, begun)
        os.close(begin)
        for each in descriptors:
            os.close(each)
        os.waitpid(between, 0)
        asked.send(b"adopted")
        os.close(begun)


def _fork(asked: socket.socket, given: dict[str, Any], descriptors: list[int], begin: int, begun: int) -> None:
    try:
        pid = os.fork()
        if pid:
            asked.send(str(pid).encode())
        else:
            os.close(begun)
            os.read(begin, 1)  # it ends when it has its parent
            os.close(begin)
            asked.close()
            _work(given, *descriptors)
    finally:
        os._exit(1)


def _work(given: dict[str, Any], *descriptors: int) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(given["env"])
    begin = _begin_query if given["module"] == "tap.engine.duckdb.worker" else _begin_job
    main = begin(given, *descriptors)
    status = 1
    try:
        main()
        status = 0
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else 1
    except BaseException:  # noqa: BLE001 - Python prints it as well
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def _begin_job(given: dict[str, Any], pipe: int, output: int) -> Callable[[], None]:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    sys.path[:] = os.environ["PYTHONPATH"].split(os.pathsep)
    sys.argv = ["worker", str(pipe), str(given["parent"])]
    from uws.execution.worker import main

    return main


def _begin_query(given: dict[str, Any], *pipes: int) -> Callable[[], None]:
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    os.chdir(given["cwd"])
    ctypes.CDLL(None).prctl(_PR_SET_NAME, QUERY_PROCESS.encode(), 0, 0, 0)
    sys.argv = ["worker", given["cwd"]]
    import pyarrow as pa

    from tap.engine.duckdb.worker import main

    pa.set_memory_pool(pa.system_memory_pool())  # its environment asks for that when it is started as a program
    return main


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
