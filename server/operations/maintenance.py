"""Periodic maintenance of a server: recovery of jobs, and removal of orphaned files."""

import logging
import threading

from server.services import Services

__all__ = ["maintain", "remove_orphaned_files"]

_SWEEP_SECONDS = 10.0
_HOUSEKEEPING_ROUNDS = 60

_ORPHAN_SECONDS = 3600.0
_DAY = 24 * 3600.0

_log = logging.getLogger(__name__)


def maintain(services: Services, stop: threading.Event) -> None:
    """Recover jobs every few seconds, and remove orphaned files now and then, until ``stop`` is set."""
    rounds = 0
    while not stop.wait(_SWEEP_SECONDS if rounds else 0):
        try:
            _recover(services)
            if rounds % _HOUSEKEEPING_ROUNDS == 0:
                remove_orphaned_files(services)
        except Exception:  # noqa: BLE001 - the sweep must go on whatever one round meets; the traceback is in the log
            _log.exception("sweep failed")
        rounds += 1


def remove_orphaned_files(services: Services) -> None:
    """Remove files that no product, no table and no query needs, as a crash leaves them behind."""
    services.products.housekeeping.sweep()
    services.products.table_loader.sweep(older_than=_ORPHAN_SECONDS)
    # What came with a job goes with it, so only what is older than any job is left over.
    longest = (services.settings.job_days_limit + 1) * _DAY
    services.tap.upload_store.sweep(frozenset(), older_than=longest)


def _recover(services: Services) -> None:
    services.jobs.sweep()
    services.pipelines.service.settle()
    housekeeping = services.products.housekeeping
    for product_id, job_id, owner in housekeeping.running_inspections():
        services.inspections.settle(product_id, job_id, owner, housekeeping.fail_inspection)
