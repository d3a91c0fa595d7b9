"""A worker on its own: it runs the jobs of a server that shares its database and data folder."""

import functools
import signal
import threading

from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.services import job_limits
from server.worker import job_kinds
from uws import run_forever

__all__ = ["work"]


def work(settings: Settings) -> None:
    """Take jobs that wait, from Celery or from the database, and run them, until Ctrl-C or SIGTERM."""
    prepare_data_folder(settings)
    if settings.job_queue == "celery":
        _work_for_celery(settings)
    else:
        _work_alone(settings)


def _work_for_celery(settings: Settings) -> None:
    from server.celery_worker import CeleryWork, run_celery_worker

    run_celery_worker(
        CeleryWork(
            redis_url=settings.redis_url,
            database_url=settings.sqlalchemy_url,
            kinds_factory=functools.partial(job_kinds, settings),
            workers=settings.job_workers,
            memory_bytes=settings.job_memory_bytes,
            scratch=settings.data / "scratch",
            limits=job_limits(settings),
        )
    )


def _work_alone(settings: Settings) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    run_forever(
        settings.sqlalchemy_url,
        functools.partial(job_kinds, settings),
        workers=settings.job_workers,
        memory_bytes=settings.job_memory_bytes,
        stored_bytes=settings.job_stored_bytes,
        scratch=settings.data / "scratch",
        stop=stop,
    )
