"""Data folder of a server: what is kept where in it, and that it is there and writable before anything starts."""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.settings import Settings

__all__ = [
    "PLACES",
    "RESTORE_MARKER",
    "Place",
    "PlaceKind",
    "StartError",
    "make_folders",
    "prepare_data_folder",
    "require_data_folder",
    "unlisted_entries",
]

#: File that is there while a restore is not complete; it names the backup.
RESTORE_MARKER = "restore-unfinished"


class StartError(Exception):
    """The server cannot start; the message states the reason and what to do."""


class PlaceKind(StrEnum):
    """What is lost with a place of the data folder."""

    DATABASE = "database"
    KEPT = "kept"  # a backup has it
    SECRET = "secret"  # noqa: S105 - no password; a backup has it on demand
    CACHE = "cache"  # made anew when it is needed
    TEMPORARY = "temporary"  # of no use after a restart, or to another server


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder of the data folder."""

    name: str
    kind: PlaceKind
    what: str


#: Everything that a server keeps. Backup, restore, verification and documentation take it from here: a test fails
#: when a server keeps something in another place.
PLACES = (
    Place("photoz.sqlite", PlaceKind.DATABASE, "metadata, when no other database is set"),
    Place("photoz.sqlite-wal", PlaceKind.DATABASE, "the last changes of it"),
    Place("photoz.sqlite-shm", PlaceKind.DATABASE, "index of these"),
    Place("files", PlaceKind.KEPT, "files that users sent, byte for byte, under random ids; or in S3"),
    Place("tables", PlaceKind.KEPT, "rows of products as Parquet, which queries read"),
    Place("user_tables", PlaceKind.KEPT, "rows of tables of users"),
    Place("results", PlaceKind.KEPT, "results of jobs"),
    Place("catalogues", PlaceKind.KEPT, "lists of the partitions of survey catalogues"),
    Place("uploads", PlaceKind.KEPT, "tables that came with queries, until their jobs end"),
    Place("secret-key", PlaceKind.SECRET, "key that signs links, unless it is set"),
    Place("first-account.txt", PlaceKind.TEMPORARY, "password and token of the first account"),
    Place("demo-data-wanted", PlaceKind.TEMPORARY, "is there while demo data are not complete"),
    Place("staging", PlaceKind.TEMPORARY, "uploads that are arriving"),
    Place("scratch", PlaceKind.TEMPORARY, "what jobs and queries are working on"),
    Place("estimators", PlaceKind.CACHE, "environment of RAIL, made by `photoz estimators install`"),
    Place("copies", PlaceKind.CACHE, "copies of files in S3"),
    Place("row_copies", PlaceKind.CACHE, "copies of rows and results in S3"),
    Place("hats", PlaceKind.CACHE, "partitions of HATS catalogues"),
    Place("metadata", PlaceKind.CACHE, "rows of tables about products that everybody may read"),
    Place("catalogue_copies", PlaceKind.CACHE, "columns of partitions of remote survey catalogues"),
    Place(RESTORE_MARKER, PlaceKind.TEMPORARY, "is there while a restore is not complete"),
)


def prepare_data_folder(settings: Settings) -> None:
    """Create the folders of the server, and check that the data folder is writable.

    Raises
    ------
    StartError
        A restore into the folder was not completed.
    """
    _refuse_unfinished_restore(settings.data)
    make_folders(settings)
    probe = settings.data / f".probe-{secrets.token_hex(4)}"
    probe.touch()
    probe.unlink()


def make_folders(settings: Settings) -> None:
    """Create the folders that a server has from its start; those that are there stay as they are."""
    for folder in (
        settings.data,
        settings.files_folder,
        settings.tables_folder,
        settings.staging_folder,
        settings.results_folder,
    ):
        folder.mkdir(parents=True, exist_ok=True)


def require_data_folder(settings: Settings) -> None:
    """Check that the data folder of a server exists; nothing is created.

    Raises
    ------
    StartError
        It does not exist, or a restore into it was not completed.
    """
    _refuse_unfinished_restore(settings.data)
    if not settings.tables_folder.is_dir():
        message = (
            f"{settings.data.resolve()} is not the data folder of a server. Name the right one (--data, PHOTOZ_DATA), "
            "or make a new one: photoz init."
        )
        raise StartError(message)


def unlisted_entries(settings: Settings) -> list[str]:
    """Return the names in the data folder that `PLACES` does not have; no backup has them."""
    known = {place.name for place in PLACES}
    return sorted(path.name for path in settings.data.iterdir() if path.name not in known and path.name[0] != ".")


def _refuse_unfinished_restore(data: Path) -> None:
    if (data / RESTORE_MARKER).exists():
        message = (
            f"A restore into {data.resolve()} was not completed. Run the same 'photoz restore' again to complete it, "
            "or empty the folder and the database."
        )
        raise StartError(message)
