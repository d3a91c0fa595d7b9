"""Where the number crunching of a pipeline happens: in the process of its job, or on a Dask cluster with LSDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pipelines.crossmatch import Pairs, SkyPositions, find_pairs_within
from pipelines.crossmatch.objects import ObjectSource
from pipelines.training import open_objects

__all__ = ["Engine", "LocalEngine", "engine_of"]


class Engine(Protocol):
    """What pipelines ask of an engine; all engines give the same results."""

    def pairs_within(self, positions: SkyPositions, radius_arcsec: float) -> Pairs:
        """Find all pairs of rows closer than the radius, each once."""

    def objects(self, path: Path) -> ObjectSource:
        """Open an object catalogue: a HATS catalogue, or a Parquet file."""


class LocalEngine:
    """Works in this process."""

    def pairs_within(self, positions: SkyPositions, radius_arcsec: float) -> Pairs:
        """Find all pairs of rows closer than the radius, each once."""
        return find_pairs_within(positions, radius_arcsec)

    def objects(self, path: Path) -> ObjectSource:
        """Open an object catalogue: a HATS catalogue, or a Parquet file."""
        return open_objects(path)


@contextmanager
def engine_of(scheduler: str | None) -> Iterator[Engine]:
    """Return the engine that works on a Dask scheduler, by its address, or in this process when there is none."""
    if scheduler is None:
        yield LocalEngine()
        return
    from pipelines.engines.dask_lsdb import DaskEngine

    with DaskEngine(scheduler) as engine:
        yield engine
