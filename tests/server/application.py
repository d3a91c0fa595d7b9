"""The whole application in this process, with real workers for its jobs: quick to start and to ask."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from fastapi import FastAPI
from sqlalchemy import event

from core.auth.models import Scope
from core.settings import Settings
from server.app import create_app
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.services import Services
from tests.support.forked_workers import forked_workers
from tests.support.in_process import running_in_process

__all__ = ["Application", "running_application"]


@dataclass(frozen=True, slots=True)
class Application:
    """An application that answers.

    Parameters
    ----------
    client
        Asks it; what no handler catches comes back as the answer that users would get.
    """

    app: FastAPI
    client: httpx2.Client
    services: Services

    def token(self, name: str, scope: Scope = Scope.WRITE) -> str:
        """Make a token of an account."""
        accounts = self.services.accounts.service
        return accounts.issue_token(accounts.identity_of_user(name), "token", scope, days=1).secret


@contextmanager
def running_application(
    data: Path,
    *,
    database_url: str | None = None,
    build: Callable[[Settings], Services] = Services,
    **chosen: object,
) -> Iterator[Application]:
    """Start the application on a new data folder with one worker of each kind, and end it."""
    values: dict[str, object] = {
        "data": data,
        "database_url": database_url,
        "base_url": "http://testserver",
        "min_free_bytes": 0,
        "job_workers": 1,
        "query_workers": 1,
    }
    settings = Settings(**(values | chosen))  # type: ignore[arg-type] - pydantic checks each of them
    prepare_data_folder(settings)
    services = build(settings)
    if services.database.engine.dialect.name == "sqlite":  # nothing here survives the machine
        event.listen(services.database.engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
    migrate(services.database)
    with forked_workers():
        services.queue.start()
        app = create_app(services)
        with running_in_process(app) as client:
            yield Application(app, client, services)
