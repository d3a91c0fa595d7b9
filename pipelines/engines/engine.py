"""`Engine` protocol for the computations of pipelines, and the engine in the process of the job."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from pipelines.crossmatch import Pairs, SkyPositions, find_pairs_within
from pipelines.crossmatch.objects import ObjectSource
from pipelines.training import open_objects
from pipelines.training.catalogue_folders import Address

__all__ = ["Engine", "LocalEngine", "engine_of"]


class Engine(Protocol):
    """Protocol of an execution engine; all engines return the same results."""

    def pairs_within(self, positions: SkyPositions, radius_arcsec: float) -> Pairs:
        """Find all pairs of rows closer than the radius, each once."""

    def objects(self, address: Address) -> ObjectSource:
        """Open an object catalogue: a HATS catalogue, or a Parquet file."""


class LocalEngine:
    """Engine that computes in this process."""

    def pairs_within(self, positions: SkyPositions, radius_arcsec: float) -> Pairs:
        """Find all pairs of rows closer than the radius, each once."""
        return find_pairs_within(positions, radius_arcsec)

    def objects(self, address: Address) -> ObjectSource:
        """Open an object catalogue: a HATS catalogue, or a Parquet file."""
        return open_objects(address)


@contextmanager
def engine_of(scheduler: str | None) -> Iterator[Engine]:
    """Return the engine on a Dask scheduler with an address, or in this process if there is no address."""
    if scheduler is None:
        yield LocalEngine()
        return
    from pipelines.engines.dask_lsdb import DaskEngine

    with DaskEngine(scheduler) as engine:
        yield engine
