"""Errors of running queries, with messages free of paths, SQL and names of the engine.

The status is 400 where the caller can correct the query (request less, change an expression), because a proxy would
take 504 for a broken server and a client would send the same query again.
"""

from core.errors import PhotozError

__all__ = ["QueryCrashedError", "QueryFailedError", "QueryMemoryError", "QueryTimeoutError"]


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


class QueryCrashedError(PhotozError):
    """Error of a query whose process ended before it was complete; other queries are not affected."""

    code = "QueryCrashed"
    status = 500
