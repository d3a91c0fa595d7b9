"""Errors of running queries, with messages free of paths, SQL and names of the engine.

The status is 400 where the caller can correct the query (request less, change an expression), because a proxy would
take 504 for a broken server and a client would send the same query again.
"""

from core.errors import PhotozError, ServiceBusyError

__all__ = [
    "QueryCrashedError",
    "QueryFailedError",
    "QueryMemoryError",
    "QueryTimeoutError",
    "SlowReaderError",
    "busy_error",
]

_REMEDY = "Request fewer rows or columns, or run the query as an asynchronous job, whose result can be fetched later."


class QueryFailedError(PhotozError):
    """Error of a valid query that failed on its rows, such as a division by zero or an invalid cast."""

    code = "QueryFailed"
    status = 400


class QueryTimeoutError(QueryFailedError):
    """Error of a query that exceeded its time limit."""

    code = "QueryTimeout"

    @classmethod
    def after(cls, seconds: float) -> "QueryTimeoutError":
        """Return the error for a time limit."""
        return cls(
            f"The query was stopped after {seconds:g} s, the time limit of one query. "
            "Narrow it (a smaller region, TOP, fewer joins), or run it as an asynchronous job."
        )


class QueryMemoryError(QueryFailedError):
    """Error of a query that exceeded its limit of memory or temporary disk space."""

    code = "QueryMemory"

    @classmethod
    def above(cls, memory_bytes: int, temp_bytes: int) -> "QueryMemoryError":
        """Return the error for limits of memory and temporary disk space."""
        return cls(
            f"The query needs more than the {memory_bytes / 1e6:.0f} MB of memory and {temp_bytes / 1e6:.0f} MB of "
            "temporary disk space that one query may use. Sort, group or join fewer rows or fewer columns."
        )


class SlowReaderError(QueryFailedError):
    """Error of a query that was stopped because its reader did not take its rows fast enough."""

    code = "SlowReader"

    @classmethod
    def below(cls, speed: float) -> "SlowReaderError":
        """Return the error for a reader below the least speed in bytes a second."""
        return cls(f"The query was stopped because its rows were read at less than {speed / 1e3:g} kB/s. {_REMEDY}")

    @classmethod
    def waited(cls, seconds: float) -> "SlowReaderError":
        """Return the error for a query that waited for its reader for too long in total."""
        return cls(f"The query was stopped after it had waited {seconds:g} s for its rows to be read. {_REMEDY}")


class QueryCrashedError(PhotozError):
    """Error of a query whose process ended before it was complete; other queries are not affected."""

    code = "QueryCrashed"
    status = 500


def busy_error() -> ServiceBusyError:
    """Return the error of a query whose turn did not come."""
    return ServiceBusyError("The service is busy with other queries. Try again in a moment.")
