"""Kinds of job for the tests; worker processes import them from here, and what is heavy when a job needs it."""

import hashlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from core.errors import InvalidValueError
from uws import Job, JobContext, JobKind

__all__ = ["make_kinds", "no_kinds"]


def make_kinds(folder: Path) -> Mapping[str, JobKind]:
    """Give all kinds; they leave their marks in a folder, one line for each event."""
    marking = _Marking(folder)
    functions = {
        "nothing": lambda _context: None,
        "greet": _greet,
        "weigh": _weigh,
        "refuse": _refuse,
        "break": _break,
        "leave": _leave,
        "hog": _hog,
        "tell": marking.tell,
        "report": marking.report,
        "spin": marking.spin,
        "spin_in_c": marking.spin_in_c,
        "spin_with_gil": marking.spin_with_gil,
        "spin_in_duckdb": marking.spin_in_duckdb,
        "brief": marking.brief,
        "die_once": marking.die_once,
        "scratch": marking.use_scratch,
    }
    ended, destroyed = marking.ended, marking.destroyed
    kinds = {name: JobKind(name, run, on_end=ended, on_destroy=destroyed) for name, run in functions.items()}
    again = {"die_once_retried": marking.die_once, "spin_once": marking.spin_once, "brief_retried": marking.brief}
    kinds |= {name: JobKind(name, run, retry=True, on_end=ended) for name, run in again.items()}
    kinds["short"] = JobKind("short", marking.spin, seconds=1, on_end=ended)
    kinds["lengthy"] = JobKind("lengthy", marking.brief, long_running=True)
    kinds["spin_lengthy"] = JobKind("spin_lengthy", marking.spin, long_running=True)
    kinds["plain"] = JobKind("plain", lambda _context: None)
    kinds["fragile"] = JobKind("fragile", lambda _context: None, on_end=marking.break_at_end)
    return kinds


def no_kinds() -> Mapping[str, JobKind]:
    """Fail as a factory does that cannot reach what it needs."""
    message = "the kinds are out of order"
    raise RuntimeError(message)


def write_mark(folder: Path, text: str) -> None:
    with (folder / "marks").open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def marks(folder: Path) -> list[str]:
    path = folder / "marks"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def count_marks(folder: Path, beginning: str) -> int:
    return sum(mark.startswith(beginning) for mark in marks(folder))


def wait_for(path: Path, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)  # between two looks


class _Marking:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ended(self, job: Job) -> None:
        write_mark(self._folder, f"ended {job.id} {job.phase}")

    def break_at_end(self, job: Job) -> None:
        self.ended(job)
        message = "on_end is broken"
        raise RuntimeError(message)

    def destroyed(self, job: Job) -> None:
        write_mark(self._folder, f"destroyed {job.id}")

    def begun(self, context: JobContext) -> None:
        write_mark(self._folder, f"begun {context.job.id} {os.getpid()}")

    def die_once(self, context: JobContext) -> None:
        self.begun(context)
        if count_marks(self._folder, f"begun {context.job.id}") == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def brief(self, context: JobContext) -> None:
        self.begun(context)
        hashlib.pbkdf2_hmac("sha256", b"", b"", 30_000)

    def spin(self, context: JobContext) -> None:
        self.begun(context)
        import numpy as np

        values = np.arange(1000.0)
        while True:
            values = np.sqrt(values + 1.0)

    def spin_in_c(self, context: JobContext) -> None:
        self.begun(context)
        hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

    def spin_with_gil(self, context: JobContext) -> None:
        self.begun(context)
        pow(3, 10**9)  # one call that lets no other thread of its process run

    def spin_in_duckdb(self, context: JobContext) -> None:
        self.begun(context)
        import duckdb

        pairs = "range(100000) a(n), range(100000) b(n), range(100000) c(n)"
        with duckdb.connect(config={"threads": 2}) as connection:
            connection.execute(f"SELECT count(*) FROM {pairs} WHERE (a.n * b.n + c.n) % 7 = 3").fetchall()

    def spin_once(self, context: JobContext) -> None:
        if count_marks(self._folder, f"begun {context.job.id}"):
            self.begun(context)
            return
        self.spin(context)

    def tell(self, context: JobContext) -> None:
        self.begun(context)
        context.log("halfway")
        context.progress(0.5, "half is done")
        wait_for(self._folder / f"go-{context.job.id}")
        context.progress(0.75, "more is done")

    def report(self, context: JobContext) -> None:
        self.begun(context)
        while True:
            context.progress(0.5)

    def use_scratch(self, context: JobContext) -> None:
        (context.scratch / "left").write_text("over")
        write_mark(self._folder, f"scratch {context.scratch}")
        if context.parameters.get("die"):
            os.kill(os.getpid(), signal.SIGKILL)


def _greet(context: JobContext) -> None:
    context.log("hello")
    context.progress(0.3, "greeting")
    context.add_result("greeting", "results/greeting.txt", "text/plain", len(context.parameters["name"]))


def _weigh(context: JobContext) -> None:
    context.log(f"room for {context.remaining_result_bytes()}")
    context.add_result("weight", "results/weight", size=int(context.parameters["bytes"]))


def _refuse(context: JobContext) -> None:
    message = f"'{context.parameters['name']}' is not a name that can be greeted."
    raise InvalidValueError(message, field="name")


def _break(context: JobContext) -> None:
    message = "the password is hunter2"
    raise RuntimeError(message)


def _leave(context: JobContext) -> None:
    raise SystemExit(3)


def _hog(context: JobContext) -> None:
    import numpy as np

    np.ones(10**12, dtype=np.uint8)
