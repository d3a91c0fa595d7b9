"""Clusters of runs, as the settings describe them."""

import logging

from core.errors import ServiceBusyError
from core.settings import Settings
from pipelines.engines.clusters import ClusterOptions, cancel_slurm_jobs

__all__ = ["cluster_options", "end_cluster", "slurm_name"]

_log = logging.getLogger(__name__)


def cluster_options(settings: Settings) -> ClusterOptions | None:
    """Return what the cluster of a run is made of; None when none is started for runs."""
    if settings.dask_cluster is None:
        return None
    return ClusterOptions(
        settings.dask_cluster,
        minimum=settings.dask_minimum,
        maximum=settings.dask_maximum,
        memory=settings.dask_memory,
        queue=settings.dask_queue,
        account=settings.dask_account,
        walltime=settings.dask_walltime,
    )


def slurm_name(job_id: str) -> str:
    """Return the name of the Slurm jobs of a run."""
    return f"photoz-{job_id}"


def end_cluster(settings: Settings, job_id: str) -> None:
    """Cancel what a run has left in Slurm: its process may have been killed, at ABORT for instance."""
    if settings.dask_cluster == "slurm":
        try:
            cancel_slurm_jobs(slurm_name(job_id))
        except ServiceBusyError as error:
            # Workers end by themselves a minute after their scheduler.
            _log.warning("the Slurm jobs of a run could not be cancelled", extra={"job_id": job_id}, exc_info=error)
