"""Parts of a server beside its products: files, groups, jobs and pipelines; each is made when it is first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.groups import Groups
    from pzserver.jobs import Jobs
    from pzserver.pipelines.pipeline import Pipelines
    from pzserver.space.space import Space

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

        return Jobs(self._connection)

    @cached_property
    def pipelines(self) -> Pipelines:
        """Pipelines, and runs of them."""
        from pzserver.pipelines.pipeline import Pipelines

        return Pipelines(self._connection, self._catalogue)
