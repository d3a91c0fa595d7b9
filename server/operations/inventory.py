"""Inventory of what a server keeps beside its database: each file, with its place, size and checksum.

`server.data_folder.PLACES` lists the places, and this module what is in those that are kept. Backup, restore and
verification know nothing else, so that what is missing here is missing in all of them; a test compares it with what
servers write and with the columns of the database.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import Database
from core.files import FileStore
from core.files.assembly import kept_files, upload_store
from core.files.parallel import in_threads
from core.settings import Settings
from pipelines.challenges.schema import ChallengeRow, SubmissionRow
from products.schema import ProductFileRow, ProductRow, ProductTableRow, UserTablePartRow, UserTableRow
from tap.async_queries.result_files import QUERY_JOB, RESULT_CHECKSUMS, checksums_of
from tap.metadata.survey_catalogues.schema import SurveyCatalogueRow
from uws import Phase
from uws.schema import JobRow
from uws.storage import job_of_row
from vospace.schema import NodeRow

__all__ = ["AT_ONCE", "FILE_COLUMNS", "KEPT_PLACES", "Inventory", "KeptFile", "write_whole"]

#: Files that are read, copied or restored at once: those of an object store arrive one request after the other.
AT_ONCE = 8

#: Columns of the database that name files. Those of what is arriving are in no backup.
FILE_COLUMNS: Mapping[str, str | None] = {
    "product_files.stored_id": "files",
    "nodes.stored_id": "files",
    "challenge_submissions.stored_id": "files",
    "product_tables.stored_id": "tables",
    "user_table_parts.stored_id": "user_tables",
    "survey_catalogues.listing": "catalogues",
    "product_uploads.staged_id": None,
    "partial_pieces.stored_id": None,
}


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that a server keeps.

    Parameters
    ----------
    place
        Name of its place in the data folder.
    name
        Its name in the place: an id, or a path.
    owner
        Words that name what it belongs to.
    size, sha256
        As the database has them; None when it does not.
    rows
        Number of rows of a Parquet file.
    """

    place: str
    name: str
    owner: str
    size: int | None = None
    sha256: str | None = None
    rows: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Place and name."""
        return self.place, self.name


class Inventory:
    """The kept files of a server.

    Parameters
    ----------
    store
        The store of the files of products and VOSpace homes, which need not be a folder.
    """

    def __init__(self, settings: Settings, store: FileStore) -> None:
        self.settings = settings
        self._stores: Mapping[str, FileStore] = {"files": store, "uploads": upload_store(settings)}
        #: The other places, by name.
        self.kept = {place: kept_files(settings, place) for place in KEPT_PLACES if place not in self._stores}
        self._sums: dict[str, Mapping[str, str]] = {}

    def expected(self, session: Session) -> Iterator[KeptFile]:
        """Yield each file that the database refers to."""
        for listed in KEPT_PLACES.values():
            yield from listed(self, session)

    def expected_now(self, database: Database) -> dict[tuple[str, str], KeptFile]:
        """Return each file that the database refers to at this moment, by place and name."""
        with database.read() as session:
            return {file.key: file for file in self.expected(session)}

    def sums(self, job_ids: Sequence[str]) -> list[Mapping[str, str]]:
        """Return the SHA-256 of each file of the results of some jobs, by name, as far as they were stored.

        They are read several at once, and each once: the result of a job never changes, and is listed in each snapshot.
        """
        unknown = [each for each in job_ids if each not in self._sums]
        read = in_threads(
            lambda job_id: dict(checksums_of(self.kept["results"], job_id)), unknown, AT_ONCE, "checksums"
        )
        self._sums.update((job_id, sums) for job_id, sums in zip(unknown, read, strict=True) if sums)
        return [self._sums.get(job_id, {}) for job_id in job_ids]

    def there(self, place: str) -> set[str]:
        """Return the names of all files that are in a place."""
        if place in self._stores:
            return set(self._stores[place].ids())
        return self.kept[place].names()

    def read(self, file: KeptFile) -> Iterator[bytes]:
        """Stream the bytes of a file.

        Raises
        ------
        NotFoundError
            They are missing.
        """
        if file.place in self._stores:
            yield from self._stores[file.place].read(file.name)
        else:
            yield from self.kept[file.place].read(file.name)

    def write(self, file: KeptFile, chunks: Iterator[bytes], size: int) -> None:
        """Store a file under its name; one that is there is replaced."""
        if file.place in self._stores:
            with self._stores[file.place].stage_as(file.name, limit=size) as staging:
                for chunk in chunks:
                    staging.write(chunk)
                staging.finish()
            return
        place = self.kept[file.place]
        path = place.new(file.name)
        write_whole(path, chunks)
        place.keep(path, file.name)

    def changed(self, file: KeptFile) -> int | None:
        """Return a number that differs when the bytes of a file were replaced, or None where that cannot be.

        Raises
        ------
        NotFoundError
            The file is missing from a folder.
        """
        return None if file.place in self._stores else self.kept[file.place].changed(file.name)

    def digest(self, file: KeptFile) -> tuple[str, int]:
        """Return the SHA-256 and the size of the bytes of a file."""
        sha256, size = hashlib.sha256(), 0
        for chunk in self.read(file):
            sha256.update(chunk)
            size += len(chunk)
        return sha256.hexdigest(), size


def write_whole(path: Path, chunks: Iterator[bytes]) -> None:
    """Write a file that is there whole or not at all, and is read-only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    part.chmod(0o444)
    part.rename(path)


def _files(_inventory: Inventory, session: Session) -> Iterator[KeptFile]:
    products = select(ProductFileRow, ProductRow.internal_name).join(ProductRow)
    for row, product in session.execute(products):
        yield KeptFile("files", row.stored_id, f"'{row.name}' of the product {product}", row.size, row.sha256)
    for node in session.scalars(select(NodeRow).where(NodeRow.stored_id.is_not(None))):
        owner = f"'{node.name}' in the home of {node.owner.name}"
        yield KeptFile("files", node.stored_id or "", owner, node.size, node.sha256)
    submissions = select(SubmissionRow, ChallengeRow.name).join(ChallengeRow)
    for each, challenge in session.execute(submissions.where(SubmissionRow.stored_id.is_not(None))):
        owner = f"'{each.file_name}', submitted to the challenge {challenge}"
        yield KeptFile("files", each.stored_id or "", owner, each.size, each.sha256)


def _tables(_inventory: Inventory, session: Session) -> Iterator[KeptFile]:
    tables = select(ProductTableRow, ProductRow.internal_name).join(
        ProductRow, ProductRow.id == ProductTableRow.product_id
    )
    for row, product in session.execute(tables):
        yield KeptFile("tables", row.stored_id, f"rows of the product {product}", row.size, row.sha256, row.rows)


def _user_tables(_inventory: Inventory, session: Session) -> Iterator[KeptFile]:
    parts = select(UserTablePartRow, UserTableRow.name).join(UserTableRow, UserTableRow.id == UserTablePartRow.table_id)
    for part, table in session.execute(parts):
        yield KeptFile(
            "user_tables", part.stored_id, f"rows of the user table {table}", part.size, part.sha256, part.rows
        )


def _results(inventory: Inventory, session: Session) -> Iterator[KeptFile]:
    done = select(JobRow.id, JobRow.results).where(JobRow.kind == QUERY_JOB, JobRow.phase == Phase.COMPLETED)
    jobs = session.execute(done).all()
    for (job_id, results), sums in zip(jobs, inventory.sums([job_id for job_id, _results in jobs]), strict=True):
        sizes = {str(result["id"]): result.get("size") for result in results}
        for name in {"result", "tables.json", *sums}:
            yield KeptFile(
                "results", f"{job_id}/{name}", f"result of the job {job_id}", sizes.get(name), sums.get(name)
            )
        if sums:
            yield KeptFile("results", f"{job_id}/{RESULT_CHECKSUMS}", f"checksums of the job {job_id}")


def _catalogues(_inventory: Inventory, session: Session) -> Iterator[KeptFile]:
    for name, listing in session.execute(select(SurveyCatalogueRow.name, SurveyCatalogueRow.listing)):
        yield KeptFile("catalogues", listing, f"list of the partitions of the survey catalogue {name}")


def _uploads(_inventory: Inventory, session: Session) -> Iterator[KeptFile]:
    """Yield the tables that came with jobs that have not ended."""
    for job in session.scalars(select(JobRow).where(JobRow.phase.in_(_WAITING), JobRow.file_bytes > 0)):
        for name in job_of_row(job).files.values():
            yield KeptFile("uploads", name, f"a table that came with the job {job.id}")


_WAITING = tuple(phase.value for phase in Phase if not phase.ended)

#: What lists the files of each place that a backup has.
KEPT_PLACES: Mapping[str, Callable[[Inventory, Session], Iterator[KeptFile]]] = {
    "files": _files,
    "tables": _tables,
    "user_tables": _user_tables,
    "results": _results,
    "catalogues": _catalogues,
    "uploads": _uploads,
}
