"""Translation of engine failures into errors for users, without paths, SQL, settings or names of the engine.

The query process describes a failure as plain data, and the server makes the error from it. The full message of the
engine is only logged.
"""

import re
from collections.abc import Mapping

from core.errors import InvalidValueError, PhotozError
from tap.engine.errors import QueryCrashedError, QueryFailedError, QueryMemoryError, QueryTimeoutError
from tap.engine.protocol import EngineQuery

__all__ = ["describe", "error_of", "leaves_instance_usable"]

# Errors are classified by the beginning of their message: DuckDB raises its own classes for the first batch, and for
# later ones, read through Arrow, OSError with the same text.
_CAUSE = re.compile(r"^([A-Z][A-Za-z ]*) Error: ")

#: Causes whose message is about values of the user's query.
_VALUE_CAUSES = {"Conversion", "Out of Range", "Invalid Input", "Type Mismatch"}

#: Causes that leave the instance intact: the query was wrong, or was stopped.
_HARMLESS = _VALUE_CAUSES | {"Catalog", "Binder", "Parser", "Permission", "INTERRUPT"}

_REST = re.compile(r"\n|\. Use (TRY|\")|Use TRY|\bUse \"SET\b|- scalar subqueries can only", re.DOTALL)
_SECRET = re.compile(r"(/[^\s'\"]+/|\bSET\b|duckdb|parquet|\.py\b|pragma)", re.IGNORECASE)
_TYPE_NAMES = (("INT16", "SMALLINT"), ("INT32", "INTEGER"), ("INT64", "BIGINT"), ("INT128", "a 128-bit integer"))
_LONGEST = 300


def describe(error: BaseException, *, timed_out: bool, prepared: bool = True) -> dict[str, str]:
    """Return a failure as plain data: its kind, a message for the user, and the full message of the engine.

    Parameters
    ----------
    prepared
        Whether the tables were open; before that, the query cannot be the cause.
    """
    detail = f"{type(error).__name__}: {error}"
    if timed_out:
        return {"kind": "timeout", "detail": detail}
    if isinstance(error, PhotozError):
        return {"kind": "table", "detail": detail, "sentence": error.message}
    cause = _cause(error)
    if cause == "Out of Memory" or isinstance(error, MemoryError) or "bad_alloc" in detail:
        return {"kind": "memory", "detail": detail}
    if not prepared:
        return {"kind": "unprepared", "detail": detail}
    sentence = _cleaned(str(error)) if cause in _VALUE_CAUSES else None
    if sentence is None:
        sentence = "The query cannot be carried out by this service."
    return {"kind": "failed", "detail": detail, "sentence": sentence}


def error_of(failure: Mapping[str, str], query: EngineQuery) -> PhotozError:
    """Return the error of a failure."""
    match failure["kind"]:
        case "timeout":
            return QueryTimeoutError.after(query.seconds)
        case "memory":
            return QueryMemoryError.above(query.memory_bytes, query.temp_bytes)
        case "table":
            return InvalidValueError(failure["sentence"], field="UPLOAD")
        case "unprepared":
            return QueryCrashedError("The tables of this query cannot be read at the moment. Try again later.")
        case _:
            return QueryFailedError(failure["sentence"])


def leaves_instance_usable(error: BaseException) -> bool:
    """Return whether the instance can run another query after an error."""
    return _cause(error) in _HARMLESS


def _cause(error: BaseException) -> str | None:
    import duckdb  # in query processes; the server only makes errors of what they describe

    if isinstance(error, (duckdb.InterruptException, duckdb.PermissionException, PhotozError)):
        return "INTERRUPT"
    found = _CAUSE.match(str(error))
    return found[1] if found else None


def _cleaned(message: str) -> str | None:
    text = _REST.split(_CAUSE.sub("", message), maxsplit=1)[0].strip().rstrip(".!")
    for theirs, adql in _TYPE_NAMES:
        text = text.replace(theirs, adql)
    text = text.replace(" // ", " / ")
    if not text or len(text) > _LONGEST or _SECRET.search(text):
        return None
    return f"The query failed on its rows: {text[0].lower() if not text[:2].isupper() else text[0]}{text[1:]}."
