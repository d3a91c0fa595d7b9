"""Protocol of query engines: SQL and tables in, Arrow batches out.

Code outside `tap.engine` uses an engine only through this protocol and the errors of `tap.engine.errors`; the assembly
chooses the engine.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import pyarrow as pa

from core.cancellation import Cancellation
from core.files.kept import HeldFiles
from tap.engine.file_columns import FileColumn

if TYPE_CHECKING:
    from concurrent.futures import Future

    from products.readers.base import ReadLimits

__all__ = [
    "Admission",
    "EngineLoad",
    "EngineQuery",
    "EngineTable",
    "QueryEngine",
    "QueueExchange",
    "ResultStream",
    "TableSize",
    "UploadedFile",
    "WaitingElsewhere",
    "upload_limits",
]


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A table uploaded with a query, read by the engine within `upload_limits`.

    Parameters
    ----------
    format
        Name of its format, one of ``products.readers.formats.FILE_FORMATS``.
    columns
        Names of its columns in the engine, one for each column of the file.
    label
        Name of the table in error messages.
    """

    path: Path
    format: str
    columns: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class TableSize:
    """Estimated size of what one scan of a query reads of a table, whose files are not opened for it."""

    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class EngineTable:
    """One table that a query may read: Parquet files of one schema, rows in memory, or an uploaded file.

    Rows in memory are for small tables, such as metadata filtered for one user.

    Parameters
    ----------
    block_column
        Column of the files with the numbers of blocks of rows, which the table does not have.
    hidden
        Numbers of the blocks whose rows the table does not have.
    columns
        Columns of the table, where they have other names in the files; by default all columns of the files.
    sizes
        Estimated sizes of the scans of the query by their aliases, where they are known without opening the files.
    folder
        Folder with all files that the table can have, of which ``files`` are those that the query reads: an instance of
        the engine then serves queries on other files of it, too.
    addresses
        Paths or URLs of files, instead of ``files``, which the engine reads from where it runs.
    held
        What keeps the files where they are until the query has run.
    """

    schema: str
    name: str
    files: tuple[Path, ...] = ()
    data: pa.Table | None = None
    upload: UploadedFile | None = None
    block_column: str | None = None
    hidden: tuple[int, ...] = ()
    columns: tuple[FileColumn, ...] = ()
    sizes: Mapping[str, TableSize] = field(default_factory=dict, hash=False)
    folder: Path | None = None
    addresses: tuple[str, ...] = ()
    held: HeldFiles | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        sources = (self.data is not None, bool(self.files), self.upload is not None, bool(self.addresses))
        if sum(sources) != 1:
            message = f"table {self.schema}.{self.name} needs either files, data or an upload"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """One SELECT, the tables that it may read, and its limits.

    Parameters
    ----------
    sql
        SQL of `tap.adql.translate`: DuckDB's dialect over the named tables only, with calls of the kernels of
        `tap.kernels`; it requires integer division of integers, and errors instead of NaN.
    tables
        The tables that it may read.
    seconds
        Time that the engine may use; time in which the reader takes no rows is not counted.
    memory_bytes, threads, temp_bytes
        Memory, threads and temporary disk that it may use.
    owner
        Key of its user or address; owners take turns when queries wait.
    is_long
        Whether it is expected to take long, so that short queries go before it.
    """

    sql: str
    tables: tuple[EngineTable, ...]
    seconds: float
    memory_bytes: int
    threads: int
    temp_bytes: int
    owner: str = ""
    is_long: bool = False

    def release_files(self) -> None:
        """Hold the files of its tables no longer, because it has run."""
        for table in self.tables:
            if table.held is not None:
                table.held.release()


@dataclass(frozen=True, slots=True)
class EngineLoad:
    """Queries, processes, and rows that wait for readers, at one moment.

    Parameters
    ----------
    running, waiting
        Queries by lane: ``short`` or ``long``.
    processes
        Query processes that live.
    answers
        Results that are being sent.
    spool_memory, spool_disk
        Bytes of rows that wait for readers.
    """

    running: Mapping[str, int]
    waiting: Mapping[str, int]
    processes: int
    answers: int
    spool_memory: int
    spool_disk: int


@dataclass(frozen=True, slots=True)
class WaitingElsewhere:
    """Queries of one owner that wait in other web processes: the number of these, and of the queries."""

    processes: int = 0
    queries: int = 0


class QueueExchange(Protocol):
    """Exchange of the numbers of waiting queries with the queues of other web processes."""

    def elsewhere(self, owner: str) -> WaitingElsewhere:
        """Return how many queries of an owner wait in other processes; called often, so it is cheap."""

    def begin(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Begin to exchange, or go on: a query waits.

        Parameters
        ----------
        counts
            Returns the number of waiting queries of each owner in this process.
        """


class ResultStream(Protocol):
    """The rows of one running query; a context manager that must be closed.

    Attributes
    ----------
    schema
        Names and types of the columns, known before the first batch.
    """

    schema: pa.Schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Return the batches once, in order.

        Raises
        ------
        tap.engine.QueryFailedError
            The query failed on its rows, or exceeded its time or memory.
        tap.engine.QueryCrashedError
            The process of the query ended before the query did.
        """

    def close(self) -> None:
        """Stop the query if it still runs, and release its resources; may be called from any thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Admission(Protocol):
    """A query that waits for its turn, or has it; to be started once, or withdrawn."""

    @property
    def turn(self) -> "Future[None]":
        """Done when it is the turn of the query; with a `core.errors.ServiceBusyError` if it will never be."""

    def start(self) -> ResultStream:
        """Start the query after its turn has come, and return when its first batch or its end is available.

        Raises
        ------
        core.errors.ServiceBusyError
            It was withdrawn, or too many results are being sent.
        tap.engine.QueryFailedError
            The query failed before its first rows; `QueryTimeoutError` and `QueryMemoryError` are more specific.
        tap.engine.QueryCrashedError
            The process of the query ended before the first rows, or could not start.
        core.errors.InvalidValueError
            An uploaded table cannot be read.
        """

    def withdraw(self) -> None:
        """Leave the queue, or give the turn back; does nothing when the query was started."""


class QueryEngine(Protocol):
    """Executor of queries, several at once; thread-safe."""

    def admit(self, query: EngineQuery, cancellation: Cancellation | None = None) -> Admission:
        """Append a query to the queue, without waiting; it is withdrawn or stopped when it is cancelled.

        Raises
        ------
        core.errors.ServiceBusyError
            Too many queries are waiting.
        """

    def open(self, query: EngineQuery, cancellation: Cancellation | None = None) -> ResultStream:
        """Admit a query, wait for its turn in this thread, and start it.

        Raises
        ------
        core.errors.ServiceBusyError
            Too many queries are waiting, or its turn did not come within its time limit.
        core.errors.PhotozError
            The errors of `Admission.start`.
        """

    def close(self) -> None:
        """Stop all queries and release all resources."""


def upload_limits(columns: int, *, allow_empty: bool = True) -> "ReadLimits":
    """Return the limits for reading an uploaded table with at most so many columns.

    Parameters
    ----------
    allow_empty
        Whether it may have no rows.
    """
    # Imported when a table is uploaded: most queries have none, and a query process starts faster without.
    from products.readers.base import ReadLimits

    return ReadLimits(max_columns=columns, allow_empty=allow_empty, whole_standard=True)
