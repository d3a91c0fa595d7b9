"""``photoz worker``: run the jobs of a server that shares its database and data folder."""

import signal
import threading
from functools import partial

from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.services import Services, worker_kinds
from uws import run_forever

__all__ = ["run_worker"]


def run_worker(settings: Settings) -> None:
    """Take waiting jobs, from Celery or from the database, and run them, until Ctrl-C or SIGTERM."""
    prepare_data_folder(settings)
    if settings.job_queue == "celery":
        _work_for_celery(settings)
    else:
        _work_alone(settings)


def _work_for_celery(settings: Settings) -> None:
    from server.broker.worker import CeleryWork, run_celery_worker

    run_celery_worker(
        CeleryWork(
            redis_url=settings.redis_url,
            services=partial(Services, settings),
            kinds_factory=partial(worker_kinds, settings),
            workers=settings.job_workers,
            memory_bytes=settings.job_memory_bytes,
            scratch=settings.data / "scratch",
            stored_bytes=settings.job_stored_bytes,
        )
    )


def _work_alone(settings: Settings) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    services = Services(settings)
    try:
        run_forever(services.database, services.process_queue, stop=stop)
    finally:
        services.close()
