"""A worker on its own: it runs the jobs of a server that shares its database and data folder."""

import functools

from core.database import Database
from core.settings import Settings
from server.services import prepare_data_folder
from server.worker import job_kinds
from uws import run_forever

__all__ = ["work"]


def work(settings: Settings) -> None:
    """Take jobs that wait, and run them, until told to stop."""
    prepare_data_folder(settings)
    run_forever(Database(settings.sqlalchemy_url), functools.partial(job_kinds, settings))
