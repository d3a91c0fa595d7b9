"""Lane of the asynchronous queries that read too much of survey catalogues for this server: they run on a cluster."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tap.engine import QueryEngine
from tap.metadata.catalog import TableCatalog

__all__ = ["ClusterLane"]


@dataclass(frozen=True, slots=True)
class ClusterLane:
    """The cluster, and the tables for it.

    Parameters
    ----------
    remote
        Address of the server of Spark Connect.
    results
        Folder that the cluster writes to and this server reads.
    catalog
        The tables of identities, with survey catalogues whose files the cluster reads where they are.
    """

    remote: str
    results: Path
    catalog: TableCatalog

    def engine(self, local: QueryEngine, progress: Callable[[float], None]) -> QueryEngine:
        """Return the engine for one query.

        Parameters
        ----------
        local
            Engine of this server, which reads the tables that are sent to the cluster.
        progress
            Called with the fraction of the tasks that are done.
        """
        # Imported when a query is too large for this server.
        from tap.engine.spark.engine import SparkEngine

        return SparkEngine(self.remote, self.results, local, progress)
