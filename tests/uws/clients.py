"""A small service with jobs of one kind over HTTP, and users who speak with it."""

from dataclasses import dataclass

import httpx2
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI, Response

from core.auth.dependencies import Authenticator
from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.database import Database
from core.web.routes import add_routers
from tests.support.in_process import in_process_client
from uws import JobService
from uws.handlers import JobList, JobResources, uws_routes

__all__ = ["Client", "JobSite"]

PUBLIC_URL = "http://testserver"


@dataclass(frozen=True, slots=True)
class Client:
    """A user, or nobody, who asks."""

    http: httpx2.Client
    headers: dict[str, str]

    def get(self, path: str, **query: object) -> Response:
        return self.http.get(_path(path), headers=self.headers, params=query, follow_redirects=False)

    def post(self, path: str, **form: object) -> Response:
        return self.http.post(_path(path), headers=self.headers, data=form, follow_redirects=False)

    def delete(self, path: str) -> Response:
        return self.http.delete(_path(path), headers=self.headers, follow_redirects=False)

    def create(self, **form: object) -> str:
        """Make a job and give its path."""
        answer = self.post("/jobs", **form)
        assert answer.status_code == 303, answer.text
        return _path(answer.headers["location"])


class JobSite:
    """The service; its jobs have the parameters ``name`` and, repeated, ``tag``."""

    def __init__(self, database: Database, service: JobService, kind: str, portal: BlockingPortal) -> None:
        self._accounts = AccountService(database)
        app = FastAPI(redirect_slashes=False)
        add_routers(
            app,
            uws_routes(
                "/jobs",
                JobList(service, kind, f"{PUBLIC_URL}/jobs", ("name",), repeated=("tag",)),
                Authenticator(self._accounts, PUBLIC_URL),
                JobResources(result=lambda _request, _identity, _job, result: Response(f"the {result.id}")),
            ),
        )
        self._http = in_process_client(app, portal)

    def nobody(self) -> Client:
        """Give a client without credentials."""
        return Client(self._http, {})

    def user(self, name: str, scope: Scope = Scope.READ, *, is_admin: bool = False) -> Client:
        """Give a client with a token of a user, who is made when there is none of that name."""
        if name not in {user.name for user in self._accounts.users()}:
            self._accounts.add_user(name, None, is_admin=is_admin)
        identity: Identity = self._accounts.identity_of_user(name)
        token = self._accounts.issue_token(identity, "test", scope).secret
        return Client(self._http, {"Authorization": f"Bearer {token}"})


def _path(address: str) -> str:
    return address.removeprefix(PUBLIC_URL)
