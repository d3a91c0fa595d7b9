"""Where the number crunching of a pipeline happens: in the process of its job."""

from pathlib import Path
from typing import Protocol

from pipelines.crossmatch import Pairs, SkyPositions, find_pairs_within
from pipelines.training import ObjectSource, open_objects

__all__ = ["Engine", "LocalEngine"]


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
