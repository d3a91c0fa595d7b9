"""Parts of a server beside its products: queries, files, groups, jobs and pipelines, made when they are first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyvo.registry.regtap import RegistryResults

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.drafts.drafts import Drafts
    from pzserver.groups import Groups
    from pzserver.jobs import Jobs
    from pzserver.pipelines.challenges import Challenges
    from pzserver.pipelines.pipeline import Pipelines
    from pzserver.products.products import Products
    from pzserver.space.space import Space
    from pzserver.tables.queries import QueryJob
    from pzserver.tables.query_uploads import QueryUploads
    from pzserver.tables.results import QueryResult
    from pzserver.tables.server_tables import ServerTables

__all__ = ["ServerParts"]


class ServerParts:
    """Parts of a server, which `PzServer` inherits."""

    _connection: Connection
    _catalogue: Catalogue

    @property
    def url(self) -> str:
        """Address of the server."""
        return self._connection.base_url

    @property
    def user(self) -> str:
        """Your user name."""
        return str(self._connection.json("POST", "logged_user")["username"])

    @property
    def connection(self) -> Connection:
        """The authenticated connection, for requests that have no method here."""
        return self._connection

    def query(
        self,
        adql: str,
        *,
        upload: QueryUploads | None = None,
        maxrec: int | None = None,
        run_async: bool = False,
        progress: bool = False,
    ) -> QueryResult:
        """Run a query in ADQL, over ``photoz.products`` and the tables of all products that you may read.

        Parameters
        ----------
        upload
            Tables by name: frames, tables of astropy or Arrow, results, paths or addresses. They are
            ``TAP_UPLOAD.name`` in the query.
        maxrec
            Maximum number of rows; all by default, up to the limit of the server.
        run_async
            Whether to run it as a job, for queries that take longer than a minute; Ctrl-C aborts and deletes the job.
        progress
            Whether to show a bar while the job runs.

        Raises
        ------
        InvalidValueError
            The server cannot run the query; the message states the error.
        FailedJobError
            The job failed; the message states the error.
        """
        from pzserver.tables import queries

        if run_async:
            return queries.run_async(self._connection, adql, maxrec=maxrec, uploads=upload, progress=progress)
        return queries.run_sync(self._connection, adql, maxrec=maxrec, uploads=upload)

    def submit(self, adql: str, *, upload: QueryUploads | None = None, maxrec: int | None = None) -> QueryJob:
        """Start a query as a job, which continues when this program ends, and return it; see `query`."""
        from pzserver.tables import queries

        return queries.submit(self._connection, adql, maxrec=maxrec, uploads=upload)

    def search_registry(self, *words: str, **constraints: object) -> RegistryResults:
        """Search the public products and services of this server as those of the Virtual Observatory.

        Parameters
        ----------
        words
            Words in titles, descriptions and subjects.
        constraints
            Those of ``pyvo.registry.search``: ``servicetype``, ``ucd``, ``author``, ``spatial`` …
        """
        from pzserver.tables.registry import search_registry

        return search_registry(self._connection, *words, **constraints)

    @cached_property
    def products(self) -> Products:
        """Products: lists, searches, and single ones by number or internal name."""
        from pzserver.products.products import Products

        return Products(self._connection, self._catalogue)

    @cached_property
    def drafts(self) -> Drafts:
        """Products that you are uploading, also those whose upload failed."""
        from pzserver.drafts.drafts import Drafts

        return Drafts(self._connection, self._catalogue)

    @cached_property
    def tables(self) -> ServerTables:
        """Tables that you may query, and your own ones."""
        from pzserver.tables.server_tables import ServerTables

        return ServerTables(self._connection)

    @cached_property
    def space(self) -> Space:
        """Files in VOSpace."""
        from pzserver.space.space import Space

        return Space(self._connection)

    @cached_property
    def groups(self) -> Groups:
        """Groups that you are a member of."""
        from pzserver.groups import Groups

        return Groups(self._connection)

    @cached_property
    def jobs(self) -> Jobs:
        """Jobs of all kinds."""
        from pzserver.jobs import Jobs
        from pzserver.tables.queries import QueryJob

        return Jobs(self._connection, {"query": QueryJob})

    @cached_property
    def pipelines(self) -> Pipelines:
        """Pipelines, and runs of them."""
        from pzserver.pipelines.pipeline import Pipelines

        return Pipelines(self._connection, self._catalogue)

    @cached_property
    def challenges(self) -> Challenges:
        """Challenges in which methods of photo-z estimation are compared."""
        from pzserver.pipelines.challenges import Challenges

        return Challenges(self._connection, self._catalogue)
