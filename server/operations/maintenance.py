"""Periodic maintenance of a server: recovery of jobs, and removal of orphaned files."""

import logging
import threading
from collections.abc import Callable

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
        try:
            sample()
            _recover(services)
            release_memory()
            if rounds % _HOUSEKEEPING_ROUNDS == 0:
                remove_orphaned_files(services)
        except Exception:  # noqa: BLE001 - the next round must run whatever this one meets; the traceback is in the log
            _log.exception("maintenance failed")
        rounds += 1


def remove_orphaned_files(services: Services) -> None:
    """Remove files of crashed processes that no product, no table and no query uses."""
    services.products.housekeeping.sweep()
    services.products.table_loader.sweep(older_than=_ORPHAN_SECONDS)
    services.tap.hats.sweep()
    services.tap.catalogues.sweep()
    services.tap.partition_copies.sweep()
    with services.database.read() as session:
        results = frozenset(session.scalars(select(JobRow.id).where(JobRow.kind == QUERY_JOB)))
    services.tap.results.sweep(results, older_than=_ORPHAN_SECONDS)
    # The files of a job are removed with it, so a file that is older than any job is orphaned.
    longest = (services.settings.job_days_limit + 1) * _DAY
    services.tap.upload_store.sweep(frozenset(), older_than=longest)


def _recover(services: Services) -> None:
    services.jobs.sweep()
    services.pipelines.service.reconcile()
    services.pipelines.challenges.submissions.reconcile()
    housekeeping = services.products.housekeeping
    for product_id, job_id, owner in housekeeping.running_inspections():
        services.inspections.reconcile(product_id, job_id, owner, housekeeping.fail_inspection)
