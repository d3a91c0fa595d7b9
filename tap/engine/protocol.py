"""The protocol between TAP and whatever carries out its queries: tables and SQL in, Arrow batches out.

Everything outside `tap.engine` knows an engine by this protocol and its errors by `tap.engine.errors`; which engine it
is, is chosen where one is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import pyarrow as pa

from core.cancellation import Cancellation

if TYPE_CHECKING:
    from products.readers.base import ReadLimits

__all__ = ["ArrivingTable", "EngineQuery", "EngineTable", "QueryEngine", "ResultStream", "upload_limits"]


@dataclass(frozen=True, slots=True)
class ArrivingTable:
    """A VOTable that came with a query, read by the engine with `upload_limits`.

    Parameters
    ----------
    columns
        Names of its columns in the engine, one for each FIELD.
    told_as
        What sentences about it call it.
    """

    path: Path
    columns: tuple[str, ...]
    told_as: str


@dataclass(frozen=True, slots=True)
class EngineTable:
    """One table that a query may read: Parquet files of one schema, rows in memory, or a VOTable that arrived.

    Rows in memory are for small tables: metadata that was filtered for one user.
    """

    schema: str
    name: str
    files: tuple[Path, ...] = ()
    data: pa.Table | None = None
    arriving: ArrivingTable | None = None

    def __post_init__(self) -> None:
        if (self.data is not None) + bool(self.files) + (self.arriving is not None) != 1:
            message = f"table {self.schema}.{self.name} needs either files or data or what arrives"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """One SELECT, everything that it may read, and what it may use.

    Parameters
    ----------
    sql
        What `tap.adql.translate` writes: SQL of DuckDB over the named tables and no others, with calls of the kernels
        in `tap.kernels`, for integers that divide as integers and for errors where a number would be no number.
    tables
        The tables that it may read.
    seconds
        Time for which the engine may work on it; time in which the reader takes no rows does not count.
    memory_bytes, threads, temp_bytes
        Memory, threads and temporary disk that it may use.
    """

    sql: str
    tables: tuple[EngineTable, ...]
    seconds: float
    memory_bytes: int
    threads: int
    temp_bytes: int


class ResultStream(Protocol):
    """The rows of one query, on their way. A context manager; it must be closed.

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
            When the query fails on its rows, or takes more time or memory than it may.
        tap.engine.QueryCrashedError
            When whatever ran the query ended before the query did.
        """

    def close(self) -> None:
        """Stop the query if it still runs, and give back all that it held. May be called from any thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class QueryEngine(Protocol):
    """Something that carries out queries, many at once, called from many threads."""

    def open(self, query: EngineQuery, cancellation: Cancellation | None = None) -> ResultStream:
        """Start a query and return when its first batch, or its empty end, is there; stop it when its reader goes.

        Raises
        ------
        core.errors.ServiceBusyError
            When too many queries wait already.
        tap.engine.QueryFailedError
            When the query fails before its first rows; `QueryTimeoutError` and `QueryMemoryError` say why.
        tap.engine.QueryCrashedError
            When whatever ran the query ended before its first rows, or could not begin.
        core.errors.InvalidValueError
            When a table that arrived with the query cannot be read.
        """

    def close(self) -> None:
        """Stop all queries and free everything."""


def upload_limits(columns: int) -> "ReadLimits":
    """Return the limits of reading a table that came with a query and may have so many columns."""
    # Imported when a table arrives: most queries bring none, and a query process starts faster without.
    from products.readers.base import ReadLimits

    return ReadLimits(max_columns=columns, allow_empty=True, whole_standard=True)
