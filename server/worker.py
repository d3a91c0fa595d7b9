"""``photoz worker``: run jobs of a server, with which it shares the database and the data folder."""

import logging
import signal
import threading
from functools import partial

from core.database import Database
from core.settings import Settings
from server.data_folder import require_data_folder
from server.operations.database_wait import wait_for_database, wait_for_schema
from server.services import Services, worker_kinds
from uws import poll_jobs

__all__ = ["run_worker"]

_log = logging.getLogger(__name__)


def run_worker(settings: Settings) -> None:
    """Run QUEUED jobs, received from Celery or polled from the database, until Ctrl-C or SIGTERM."""
    require_data_folder(settings)
    database = Database(settings.sqlalchemy_url)
    try:
        for wait in (wait_for_database, wait_for_schema):
            wait(database, settings.database_wait_seconds, _log.warning)
    finally:
        database.close()
    if settings.job_queue == "celery":
        _run_celery_jobs(settings)
    else:
        _run_polled_jobs(settings)


def _run_celery_jobs(settings: Settings) -> None:
    from server.broker.worker import CeleryWorkerConfig, run_celery_worker

    run_celery_worker(
        CeleryWorkerConfig(
            redis_url=settings.redis_url,
            services=partial(Services, settings),
            kinds_factory=partial(worker_kinds, settings),
            workers=settings.job_workers,
            memory_bytes=settings.job_memory_bytes,
            scratch=settings.scratch_folder,
            stored_bytes=settings.job_stored_bytes,
        )
    )


def _run_polled_jobs(settings: Settings) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    services = Services(settings)
    try:
        poll_jobs(services.database, services.process_queue, stop=stop)
    finally:
        services.close()
