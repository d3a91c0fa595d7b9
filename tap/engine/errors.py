"""What may go wrong with a query while it runs, said without paths, SQL or names of the engine.

The status is 400 where the caller can do something about it (ask for less, mend an expression), because a proxy
would take 504 for a broken server and a client would send the same query again.
"""

from core.errors import PhotozError

__all__ = ["QueryCrashedError", "QueryFailedError", "QueryMemoryError", "QueryTimeoutError"]


class QueryFailedError(PhotozError):
    """The query is well formed and cannot be carried out on these rows: a division by zero, a bad cast."""

    code = "QueryFailed"
    status = 400


class QueryTimeoutError(QueryFailedError):
    """The query needs more time than it may use."""

    code = "QueryTimeout"

    @classmethod
    def after(cls, seconds: float) -> "QueryTimeoutError":
        """Name the limit that was met."""
        return cls(
            f"The query was stopped after {seconds:g} s, the time that one query may take. "
            "Narrow it (a smaller region, TOP, fewer joins), or run it as an asynchronous job."
        )


class QueryMemoryError(QueryFailedError):
    """The query needs more memory or temporary disk than it may use."""

    code = "QueryMemory"

    @classmethod
    def above(cls, memory_bytes: int, temp_bytes: int) -> "QueryMemoryError":
        """Name the limits that were met."""
        return cls(
            f"The query needs more than the {memory_bytes / 1e6:.0f} MB of memory and {temp_bytes / 1e6:.0f} MB of "
            "temporary disk that one query may use. Sort, group or join fewer rows or fewer columns."
        )


class QueryCrashedError(PhotozError):
    """The process of the query ended before the query did; other queries are not touched by it."""

    code = "QueryCrashed"
    status = 500
