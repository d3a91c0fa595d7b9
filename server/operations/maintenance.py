"""Periodic maintenance of a server: recovery of jobs, and removal of orphaned files."""

import logging
import threading
from collections.abc import Callable, Mapping

from sqlalchemy import select

from core.telemetry.allocation import release_memory
from server.services import Services
from tap.async_queries.result_files import QUERY_JOB
from uws.schema import JobRow

__all__ = ["maintain", "remove_orphaned_files"]

_INTERVAL_SECONDS = 10.0
_HOUSEKEEPING_ROUNDS = 60

_ORPHAN_SECONDS = 3600.0
_DAY = 24 * 3600.0

_log = logging.getLogger(__name__)


def maintain(services: Services, stop: threading.Event, sample: Callable[[], object] = lambda: None) -> None:
    """Recover jobs every ten seconds, and remove orphaned files every ten minutes, until ``stop`` is set.

    Parameters
    ----------
    sample
        Called every ten seconds as well, to store the gauges of this process.
    """
    rounds = 0
    while not stop.wait(_INTERVAL_SECONDS if rounds else 0):
        _try_each(services, {"gauges": lambda _: sample(), **_RECOVERY, "memory": lambda _: release_memory()})
        if rounds % _HOUSEKEEPING_ROUNDS == 0:
            remove_orphaned_files(services)
        rounds += 1


def remove_orphaned_files(services: Services) -> None:
    """Remove files of crashed processes that no product, no table and no query uses."""
    _try_each(services, _SWEEPS)


def _try_each(services: Services, steps: Mapping[str, Callable[[Services], object]]) -> None:
    """Run each step, whatever those before it meet: a part that is away for long must not stop the others."""
    for name, step in steps.items():
        try:
            step(services)
        except Exception:  # noqa: BLE001 - the next step must run whatever this one meets; the traceback is in the log
            _log.exception("maintenance failed", extra={"step": name})


def _sweep_results(services: Services) -> None:
    with services.database.read() as session:
        known = frozenset(session.scalars(select(JobRow.id).where(JobRow.kind == QUERY_JOB)))
    services.tap.results.sweep(known, older_than=_ORPHAN_SECONDS)


def _reconcile_inspections(services: Services) -> None:
    housekeeping = services.products.housekeeping
    for product_id, job_id, owner in housekeeping.running_inspections():
        services.inspections.reconcile(product_id, job_id, owner, housekeeping.fail_inspection)


def _sweep_uploads(services: Services) -> None:
    # The files of a job are removed with it, so a file that is older than any job is orphaned.
    longest = (services.settings.job_days_limit + 1) * _DAY
    services.tap.upload_store.sweep(frozenset(), older_than=longest)


_RECOVERY: Mapping[str, Callable[[Services], object]] = {
    "jobs": lambda services: services.jobs.sweep(),
    "pipelines": lambda services: services.pipelines.service.reconcile(),
    "submissions": lambda services: services.pipelines.challenges.submissions.reconcile(),
    "inspections": _reconcile_inspections,
}
_SWEEPS: Mapping[str, Callable[[Services], object]] = {
    "files and rows": lambda services: services.products.housekeeping.sweep(),
    "tables of users": lambda services: services.products.table_loader.sweep(older_than=_ORPHAN_SECONDS),
    "hats": lambda services: services.tap.hats.sweep(),
    "catalogues": lambda services: services.tap.catalogues.sweep(),
    "catalogue copies": lambda services: services.tap.partition_copies.sweep(),
    "results": _sweep_results,
    "uploads": _sweep_uploads,
}
