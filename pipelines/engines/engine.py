"""`Engine` protocol for the computations of pipelines, and the engine in the process of the job."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from pipelines.crossmatch.objects import ObjectSource
from pipelines.crossmatch.parallel import Runner, ThreadRunner
from pipelines.inputs.catalogue_folders import Address
from pipelines.training import open_objects

__all__ = ["Engine", "LocalEngine", "engine_of"]


class Engine(Runner, Protocol):
    """Protocol of an execution engine; all engines return the same results.

    Attributes
    ----------
    is_elsewhere
        Whether other processes compute, so that rows are given to them in parts and never gathered.
    """

    is_elsewhere: bool

    def objects(self, address: Address) -> ObjectSource:
        """Open an object catalogue: a HATS catalogue, or a Parquet file."""


class LocalEngine(ThreadRunner):
    """Engine that computes in this process."""

    is_elsewhere = False

    def objects(self, address: Address) -> ObjectSource:
        """Open an object catalogue: a HATS catalogue, or a Parquet file."""
        return open_objects(address)


@contextmanager
def engine_of(scheduler: str | None) -> Iterator[Engine]:
    """Return the engine on a Dask scheduler with an address, or in this process if there is no address."""
    if scheduler is None:
        yield LocalEngine()
        return
    from pipelines.engines.dask_cluster import DaskEngine

    with DaskEngine(scheduler) as engine:
        yield engine
