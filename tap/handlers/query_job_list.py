"""Job list of asynchronous queries, which asks anonymous callers to sign in where a table may be private."""

from core.auth.models import Identity
from core.errors import AuthenticationError
from core.web.dali import DaliParameters
from tap.adql import UnknownTableError
from tap.service import TapService
from uws import Job
from uws.handlers import JobList

__all__ = ["QueryJobList"]


class QueryJobList(JobList):
    """The job list of ``/async``.

    Clients that know HTTP authentication alone (STILTS, TOPCAT) send a name and password only after a challenge, so
    a job of an anonymous caller is refused when its query names a table that nobody may read.
    """

    def __init__(self, tap: TapService, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # those of a job list
        self._tap = tap

    def create(self, request: DaliParameters, identity: Identity) -> Job:
        """Create a job; AuthenticationError when its query names an unknown table and the caller is anonymous."""
        self._check(request.one("QUERY"), identity)
        return super().create(request, identity)

    def run(self, job: Job, identity: Identity) -> Job:
        """Run a job; AuthenticationError when its query names an unknown table and the caller is anonymous."""
        self._check(job.parameters.get("QUERY"), identity)
        return super().run(job, identity)

    def _check(self, query: str | None, identity: Identity) -> None:
        if query is None or not identity.is_anonymous:
            return
        try:
            self._tap.check_tables(query, identity)
        except UnknownTableError as e:
            message = f"{e.message} If the table is not public, sign in."
            raise AuthenticationError(message) from e
