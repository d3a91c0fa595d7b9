"""Celery beat inside a worker: the process that recovers jobs every few seconds.

Beat commonly sends tasks to the broker, for a worker to run. The recovery of jobs must also run when the broker has
lost messages and when all workers are busy, so beat runs it in its own process.
"""

import os
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler

__all__ = ["SWEEP", "LocalScheduler", "schedule_sweep"]

#: Name of the task that recovers jobs.
SWEEP = "photoz.sweep"

_SWEEP_SECONDS = 10.0
_TICK_SECONDS = 1.0


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
