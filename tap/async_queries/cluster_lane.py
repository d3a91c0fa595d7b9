"""Lane of the asynchronous queries that read too much of survey catalogues for this server: they run on a cluster."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.settings import Settings
from tap.metadata.catalog import TableCatalog
from tap.service import TapService
from tap.uploads.tap_upload import Uploads

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ClusterLane"]


class ClusterLane:
    """Maker of the service of queries on the cluster.

    Parameters
    ----------
    remote
        Address of the server of Spark Connect.
    results
        Folder that the cluster writes to and this server reads.
    catalog
        The tables of identities, with survey catalogues whose files the cluster reads where they are.
    """

    def __init__(
        self, settings: Settings, remote: str, results: "Path", catalog: TableCatalog, uploads: Uploads
    ) -> None:
        self._settings = settings
        self._remote = remote
        self._results = results
        self._catalog = catalog
        self._uploads = uploads

    def service(self, progress: Callable[[float], None]) -> TapService:
        """Return the service for one query.

        Parameters
        ----------
        progress
            Called with the fraction of the tasks that are done.
        """
        # Imported when a query is too large for this server.
        from tap.engine.spark.engine import SparkEngine

        engine = SparkEngine(self._remote, self._results, progress)
        return TapService(self._settings, self._catalog, engine, self._uploads)
