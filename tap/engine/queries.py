"""The seam between TAP and whatever carries out its queries: tables and SQL in, Arrow batches out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from core.departure import Departure

__all__ = ["ArrivingTable", "EngineQuery", "EngineTable", "QueryEngine", "ResultStream"]


@dataclass(frozen=True, slots=True)
class ArrivingTable:
    """A VOTable that came with a query.

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
    """One SELECT in the engine's own SQL, everything that it may read, and what it may use.

    Parameters
    ----------
    seconds
        Time for which the engine may work on it; time in which the reader takes no rows does not count.
    """

    sql: str
    tables: tuple[EngineTable, ...]
    seconds: float
    memory_bytes: int
    threads: int
    temp_bytes: int


class ResultStream(Protocol):
    """The rows of one query, on their way. A context manager; it must be closed."""

    schema: pa.Schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Give the batches once, in order; raise a `core.errors.PhotozError` when the query fails on the way."""

    def close(self) -> None:
        """Stop the query if it still runs, and give back all that it held. May be called from any thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class QueryEngine(Protocol):
    """Something that carries out queries, many at once, called from many threads."""

    def open(self, query: EngineQuery, departure: Departure | None = None) -> ResultStream:
        """Start a query and return when its first batch, or its empty end, is there; stop it when its reader goes.

        Raises
        ------
        core.errors.ServiceBusyError
            When too many queries wait already.
        tap.engine.QueryFailedError
            When the query fails before its first rows; `QueryTimeoutError` and `QueryMemoryError` say why.
        """

    def close(self) -> None:
        """Stop all queries and free everything."""
