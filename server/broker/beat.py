"""Celery beat inside the worker: the process of a worker that sweeps every few seconds.

Beat commonly sends tasks to a broker, for a worker to run when it comes to them. The sweep is what helps when the
broker lost something and when all workers are busy for hours, so beat runs it itself, in its own process.
"""

import os
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler

__all__ = ["SWEEP", "LocalScheduler", "schedule_sweep"]

#: Name of the task that sweeps.
SWEEP = "photoz.sweep"

_SWEEP_SECONDS = 10.0
_LOOK_SECONDS = 1.0


def schedule_sweep(app: Celery, sweep: Callable[[], object]) -> None:
    """Let beat call this every few seconds; another beat may do so at the same time."""
    app.task(name=SWEEP)(sweep)
    app.conf.beat_schedule = {SWEEP: {"task": SWEEP, "schedule": _SWEEP_SECONDS}}
    app.conf.beat_max_loop_interval = _LOOK_SECONDS


class LocalScheduler(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """Runs what is due in this process, and ends when the worker that it belongs to is gone."""

    producer = None  # no connection to the broker is opened, which would wait for one that is away

    def __init__(self, *words: Any, **options: Any) -> None:  # as Celery gives them
        self._worker = os.getppid()
        super().__init__(*words, **options)

    def setup_schedule(self) -> None:
        """Take the schedule of the application, and nothing besides."""
        self.update_from_dict(self.app.conf.beat_schedule)

    def tick(self, *words: Any, **options: Any) -> float:  # as Celery gives them
        """Run what is due, and give the seconds until the next look."""
        if os.getppid() != self._worker:
            raise SystemExit
        return float(super().tick(*words, **options))

    def apply_entry(self, entry: ScheduleEntry, producer: object = None) -> None:  # noqa: ARG002 - Celery gives one
        """Run a task here."""
        self.app.tasks[entry.task]()
