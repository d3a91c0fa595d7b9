"""Celery beat inside a worker: the process that recovers jobs every few seconds.

Beat commonly sends tasks to the broker, for a worker to run. The recovery of jobs must also run when the broker has
lost messages and when all workers are busy, so beat runs it in its own process.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler

__all__ = ["SWEEP", "BeatWatch", "LocalScheduler", "schedule_sweep"]

#: Name of the task that recovers jobs.
SWEEP = "photoz.sweep"

_SWEEP_SECONDS = 10.0
_TICK_SECONDS = 1.0
_LOOK_SECONDS = 1.0

_logger = logging.getLogger(__name__)


def schedule_sweep(app: Celery, sweep: Callable[[], object]) -> None:
    """Have beat call a function every few seconds; other workers may call it at the same time."""
    app.task(name=SWEEP)(sweep)
    app.conf.beat_schedule = {SWEEP: {"task": SWEEP, "schedule": _SWEEP_SECONDS}}
    app.conf.beat_max_loop_interval = _TICK_SECONDS


class LocalScheduler(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """Celery scheduler that runs due tasks in its own process, and ends when its worker has ended."""

    producer = None  # no connection to the broker, which would block while the broker is unavailable

    def __init__(self, *arguments: Any, **options: Any) -> None:  # as Celery gives them
        self._worker = os.getppid()
        super().__init__(*arguments, **options)

    def setup_schedule(self) -> None:
        """Use the schedule of the application alone."""
        self.update_from_dict(self.app.conf.beat_schedule)

    def tick(self, *arguments: Any, **options: Any) -> float:  # as Celery gives them
        """Run due tasks, and return the seconds until the next tick."""
        if os.getppid() != self._worker:
            raise SystemExit
        return float(super().tick(*arguments, **options))

    def apply_entry(self, entry: ScheduleEntry, producer: object = None) -> None:  # noqa: ARG002 - Celery gives one
        """Run a task in this process."""
        self.app.tasks[entry.task]()


class BeatWatch:
    """Thread of the main process of a worker that stops the worker when beat's process has ended.

    Celery starts no other one, and without it this worker finds nothing that Redis or a dead worker has lost; whoever
    supervises the worker starts it again.

    Parameters
    ----------
    is_stopping
        Returns whether the worker stops, and beat with it.
    """

    def __init__(self, is_stopping: Callable[[], bool]) -> None:
        self._is_stopping = is_stopping
        self._closed = threading.Event()
        self.has_ended = False

    def start(self, sender: Any, **_: object) -> None:  # the consumer, as Celery's signal "worker_ready" gives it
        """Start when the worker is ready, and has its processes."""
        threading.Thread(target=self._watch, args=(sender.controller.beat,), name="beat watch", daemon=True).start()

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()

    def _watch(self, beat: Any) -> None:  # a process of billiard
        while not self._closed.wait(_LOOK_SECONDS):
            if not beat.is_alive() and not self._is_stopping():
                self.has_ended = True
                _logger.critical("beat has ended; the worker ends")
                os.kill(os.getpid(), signal.SIGTERM)
                return
