"""Data folder of a server: created, and checked to be writable, before anything starts."""

import secrets

from core.settings import Settings

__all__ = ["StartError", "prepare_data_folder"]


class StartError(Exception):
    """The server cannot start; the message states the reason and what to do."""


def prepare_data_folder(settings: Settings) -> None:
    """Create the folders of the server, and check that the data folder is writable."""
    for folder in (
        settings.data,
        settings.files_folder,
        settings.tables_folder,
        settings.staging_folder,
        settings.results_folder,
    ):
        folder.mkdir(parents=True, exist_ok=True)
    probe = settings.data / f".probe-{secrets.token_hex(4)}"
    probe.touch()
    probe.unlink()
