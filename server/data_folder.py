"""The data folder of a server, made and found to be writable before anything starts."""

import secrets

from core.settings import Settings

__all__ = ["StartError", "prepare_data_folder"]


class StartError(Exception):
    """The server cannot start; the sentence says why and what to do."""


def prepare_data_folder(settings: Settings) -> None:
    """Make the folders that the server keeps things in."""
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
