"""The process of ``WarmStarter``: a line of JSON on its input is a command; it answers by its pid, later its status.

Run as a script, it runs commands ``photoz``. Nothing but this thread runs when it forks.
"""

import atexit
import ctypes
import gc
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["serve"]

_IMPORTED = (
    *("server.cli.main", "server.serve", "server.demo.fill"),
    *("webui.api.routes", "webui.api.openapi", "webui.pages.routes", "vospace.handlers.routes"),
    *("tap.handlers.tap_async", "tap.handlers.tap", "tap.handlers.user_tables", "tap.handlers.conesearch"),
    *("tap.handlers.datalink", "tap.hats.handlers", "pipelines.handlers.routes", "registry.groups", "alembic.command"),
)
_PR_SET_PDEATHSIG = 1


def serve(main: Callable[[], None]) -> None:
    """Fork a process for each command, until the input ends.

    Parameters
    ----------
    main
        Runs the command whose words are ``sys.argv``, in that process.
    """
    told, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rest = b""
    gc.collect()
    gc.freeze()  # what stays needs no look by those that are forked, whose memory would be their own after it
    while True:
        ready, _, _ = select.select([0, told], [], [])
        if told in ready:
            os.read(told, 4096)
            _report_ended()
        if 0 in ready:
            received = os.read(0, 65536)
            if not received:
                return
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                _fork(main, json.loads(line), (told, tell))


def _fork(main: Callable[[], None], given: dict[str, Any], pipe: tuple[int, int]) -> None:
    pid = os.fork()
    if pid:
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)  # here as well, so that whoever knows it can end its group at once
        _answer(pid, None)
        return
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for descriptor in pipe:
            os.close(descriptor)
        status = _run(main, given)
    finally:
        os._exit(status)


def _run(main: Callable[[], None], given: dict[str, Any]) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, path in ((1, given["output"]), (2, given["errors"])):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(given["env"])
    sys.argv = given["words"]
    status = 0
    try:
        main()
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else int(e.code is not None)
        if not isinstance(e.code, int | None):  # Python prints it as well
            print(e.code, file=sys.stderr)
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except Exception:  # noqa: BLE001 - Python prints it as well
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return status


def _report_ended() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _answer(pid, os.waitstatus_to_exitcode(status))


def _answer(pid: int, status: int | None) -> None:
    os.write(1, (json.dumps([pid, status]) + "\n").encode())


def _photoz() -> None:
    if sys.argv[1] == "serve":
        from tests.support import forked_workers, forking_process

        forked_workers.fork_all_workers(forking_process.serve)
    from server.cli.main import main

    main()


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2]))
    from tests.support.forking_process import IMPORTED

    for name in (*_IMPORTED, *IMPORTED):
        __import__(name)
    serve(_photoz)
