"""Health of one process: whether database, storage, query engine and job queue answer, for monitors and VOSI."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from functools import partial
from threading import Lock, Thread
from time import monotonic

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core.auth.schema import UserRow
from core.errors import PhotozError
from server.services import Services
from uws import ProcessQueue

__all__ = ["PROBLEMS", "Health", "checks_of", "health_routes"]

#: What is said of each part that does not work.
PROBLEMS: Mapping[str, str] = {
    "database": "The metadata database does not answer.",
    "storage": "The file storage does not answer, or cannot be written.",
    "engine": "The query engine does not answer.",
    "queue": "The job queue does not answer.",
    "drain": "The server is shutting down.",
}

_FRESH_SECONDS = 1.0
_ANSWER_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Health:
    """Results of the checks of the parts of a server, which are made at most once a second, however many ask.

    A check that hangs, as those of a network may, counts as failed after some seconds, and is not begun again before it
    has ended.

    Parameters
    ----------
    checks
        Functions that raise an error when a part does not work, by the name of the part in `PROBLEMS`.
    seconds
        Time that a check may take.
    """

    def __init__(self, checks: Mapping[str, Callable[[], object]], *, seconds: float = _ANSWER_SECONDS) -> None:
        self._checks = checks
        self._seconds = seconds
        self._running: dict[str, Future[object]] = {}
        self._lock = Lock()
        self._at = float("-inf")
        self._failed: tuple[str, ...] | None = None
        self._draining = False

    def drain(self) -> None:
        """Report from now on that the process shuts down, so that a proxy sends no more requests."""
        self._draining = True

    def failed(self) -> tuple[str, ...]:
        """Return the names of the parts that do not work at the moment."""
        # Who asks while the checks are made gets the last results, and only waits when there are none.
        if monotonic() - self._at > _FRESH_SECONDS and self._lock.acquire(blocking=self._failed is None):
            try:
                if monotonic() - self._at > _FRESH_SECONDS:
                    self._renew()
            finally:
                self._lock.release()
        failed = self._failed or ()
        return (*failed, "drain") if self._draining else failed

    def problems(self) -> Sequence[str]:
        """Return a sentence for each part that does not work at the moment."""
        return tuple(PROBLEMS[name] for name in self.failed())

    def _renew(self) -> None:
        found = self._examine()
        for name in sorted(set(found) ^ set(self._failed or ())):
            _log.warning("%s %s", name, "does not answer" if name in found else "answers again")
        self._failed, self._at = found, monotonic()

    def _examine(self) -> tuple[str, ...]:
        for name, check in self._checks.items():
            if name not in self._running:
                self._running[name] = _begin(name, check)
        done, _ = wait(self._running.values(), self._seconds)
        failed = []
        for name, future in list(self._running.items()):
            if future in done:
                del self._running[name]
            if future not in done or _has_failed(name, future):
                failed.append(name)
        return tuple(failed)


def checks_of(services: Services) -> Mapping[str, Callable[[], object]]:
    """Return the checks of the parts of a server."""
    return {
        "database": partial(_check_database, services),
        "storage": partial(_check_storage, services),
        "engine": partial(_check_engine, services),
        "queue": partial(_check_queue, services),
    }


def health_routes(health: Health) -> APIRouter:
    """Return the routes that monitors, balancers and service managers ask."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/health/live", methods=["GET", "HEAD"])
    async def answer_live() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @router.api_route("/health/ready", methods=["GET", "HEAD"])
    def answer_ready() -> JSONResponse:
        failed = health.failed()
        if not failed:
            return JSONResponse({"status": "ok"})
        problems = {name: PROBLEMS[name] for name in failed}
        return JSONResponse({"status": "failed", "problems": problems}, 503, {"Retry-After": "5"})

    return router


def _begin(name: str, check: Callable[[], object]) -> "Future[object]":
    """Begin a check in a thread that does not keep the process from ending when it hangs."""
    future: Future[object] = Future()

    def run() -> None:
        try:
            future.set_result(check())
        except Exception as e:  # noqa: BLE001 - raised again where the result is read
            future.set_exception(e)

    Thread(target=run, name=f"health of {name}", daemon=True).start()
    return future


def _has_failed(name: str, future: "Future[object]") -> bool:
    try:
        future.result()
    except (PhotozError, SQLAlchemyError, OSError, _PartError) as e:
        _log.debug("%s does not answer: %s", name, e)
        return True
    return False


class _PartError(Exception):
    """Error of a part that is there and does not work."""


def _check_database(services: Services) -> None:
    with services.database.read() as session:
        session.execute(select(UserRow.id).limit(1))


def _check_storage(services: Services) -> None:
    services.store.check()
    services.products.rows.check()


def _check_engine(services: Services) -> None:
    if not services.tap.engine.load().processes:
        message = "no query process can be started"
        raise _PartError(message)


def _check_queue(services: Services) -> None:
    queue = services.queue
    if isinstance(queue, ProcessQueue):
        if not queue.is_serving:
            message = "slots of jobs have ended"
            raise _PartError(message)
        return
    check: Callable[[], object] | None = getattr(queue, "check", None)  # of that on Celery, not of those of tests
    if check is not None:
        check()
