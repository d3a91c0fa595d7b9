"""Table provider of the stored results of asynchronous queries: ``query_results.job_`` with the id of the job.

Results are in no list of tables: whoever may fetch the result of a job may query it, while it is kept, and while all
tables from which it came may be read.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError
from products.readers.formats import PARQUET
from tap.adql import CatalogTable
from tap.async_queries.result_files import QUERY_JOB, ResultFiles
from tap.metadata.catalog import TableBlock
from tap.models import TapSchema, TapTable
from tap.uploads.tap_upload import UploadedTable, table_of_file
from uws import JobService, Phase, UnknownJobError

if TYPE_CHECKING:
    from core.columns import Column

__all__ = ["RESULT_SCHEMA", "ResultTables", "result_table_name"]

#: Schema of the results of jobs.
RESULT_SCHEMA = "query_results"

_PREFIX = "job_"


class ResultTables:
    """`TableProvider` of the results of jobs, found by name alone.

    Parameters
    ----------
    jobs
        Returns the job service.
    is_readable
        Returns whether an identity may read the table of a name.
    max_columns
        Most columns of a result.
    """

    def __init__(
        self,
        results: ResultFiles,
        jobs: Callable[[], JobService],
        is_readable: Callable[[Identity, str], bool],
        *,
        max_columns: int,
    ) -> None:
        self._results = results
        self._jobs = jobs
        self._is_readable = is_readable
        self._max_columns = max_columns

    def stamp(self) -> object:
        """Return a constant: no result is listed."""
        return None

    def schemas(self, _identity: Identity) -> Sequence[TapSchema]:
        """Return nothing: no result is listed."""
        return ()

    def tables(self, _identity: Identity, _schema: str) -> Sequence[TapTable]:
        """Return nothing: no result is listed."""
        return ()

    def blocks(self, _identity: Identity) -> Iterator[TableBlock]:
        """Return nothing: no result is listed."""
        return iter(())

    def named(self, identity: Identity, schema: str, name: str) -> Iterator[TapTable]:
        """Yield the result of a job, if the identity may fetch it and read the tables from which it came.

        Raises
        ------
        InvalidValueError
            The result is in a format that cannot be read.
        """
        if schema.lower() != RESULT_SCHEMA or not name.lower().startswith(_PREFIX):
            return
        job_id = name.lower().removeprefix(_PREFIX)
        try:
            job = self._jobs().get(job_id.replace("\0", ""), owner=identity.name, kind=QUERY_JOB)
            sources = self._results.tables(job.id)
        except (UnknownJobError, NotFoundError):
            return
        if job.phase is Phase.COMPLETED and all(self._is_readable(identity, source) for source in sources):
            yield self._table(job.id, job.parameters.get("QUERY", ""))

    def _table(self, job_id: str, query: str) -> TapTable:
        hold = partial(self._results.hold, job_id)
        held = hold()  # while it is described here
        path = held.path
        try:
            table = table_of_file(path, RESULT_SCHEMA, f"{_PREFIX}{job_id}", self._max_columns)
        except InvalidValueError as e:
            message = f"The result of the job {job_id} cannot be queried. Run it with RESPONSEFORMAT=parquet."
            raise InvalidValueError(message) from e
        columns = table.entry.columns
        principal = frozenset(column.name for column in columns)
        if _has_usable_names(table, columns):
            entry, rows = _with_names(table.entry), _rows(path)
            return TapTable(RESULT_SCHEMA, entry, query, principal, files=(path,), row_count=rows, hold=hold)
        upload = table.engine_table.upload
        return TapTable(RESULT_SCHEMA, table.entry, query, principal, upload=upload, hold=hold)


def result_table_name(job_id: str) -> str:
    """Return the name in ADQL of the table of the result of a job."""
    return f"{RESULT_SCHEMA}.{_PREFIX}{job_id}"


def _has_usable_names(table: UploadedTable, columns: "tuple[Column, ...]") -> bool:
    """Return whether the engine can read the file itself: Parquet whose names differ in more than their case."""
    upload = table.engine_table.upload
    is_parquet = upload is not None and upload.format == PARQUET.name
    return is_parquet and len({column.name.lower() for column in columns}) == len(columns)


def _with_names(entry: CatalogTable) -> CatalogTable:
    names = tuple(column.name for column in entry.columns)
    return CatalogTable(
        entry.name, entry.columns, None, False, entry.engine_schema, entry.engine_table, names
    )  # fmt: skip


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)
