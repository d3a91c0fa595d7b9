"""Queries through TAP: pyvo sends them, and the rows are read as an Arrow stream while they arrive."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal, cast

from pzserver.errors import InvalidValueError, RequestError, check
from pzserver.jobs import Job
from pzserver.tables.query_uploads import QueryUploads, sent_uploads
from pzserver.tables.results import QueryResult

if TYPE_CHECKING:
    import pyvo
    from requests import Response

    from pzserver.connections.connection import Connection

__all__ = ["OverflowWarning", "QueryJob", "run_async", "run_sync", "submit", "tap_service"]

_ARROW = "application/vnd.apache.arrow.stream"
_ALL_ROWS = 2**31 - 1
_JOBS = "/tap/async"


class OverflowWarning(UserWarning):
    """The server cut a result, although the caller set no maximum number of rows."""


class QueryJob(Job):
    """A query as a job on the server (UWS 1.1), which continues when this program ends."""

    @property
    def _title(self) -> str:
        return "Query"

    @property
    def result(self) -> QueryResult:
        """The rows; waits until the job has ended.

        Raises
        ------
        FailedJobError
            The query failed; the message states the error.
        """
        status = self.wait()
        try:
            address = status.results["result"]
            return _read(check(self._connection.session.get(address, stream=True)))
        finally:
            self._connection.session.close_streams()


def tap_service(connection: Connection) -> pyvo.dal.TAPService:
    """Return the TAP service of a server, which uses the connection's session."""
    from pyvo.dal import TAPService

    return TAPService(f"{connection.base_url}/tap", session=connection.session)


def run_sync(
    connection: Connection, adql: str, *, maxrec: int | None = None, uploads: QueryUploads | None = None
) -> QueryResult:
    """Run a query synchronously.

    Parameters
    ----------
    maxrec
        Maximum number of rows; all by default, up to the limit of the server.
    uploads
        Tables, paths or addresses by name; they are ``TAP_UPLOAD.name`` in the query.

    Raises
    ------
    InvalidValueError
        The server cannot run the query; the message states the error.
    """
    try:
        return _limited(_read(_sent(connection, adql, "sync", maxrec, uploads)), maxrec)
    finally:
        connection.session.close_streams()


def submit(
    connection: Connection, adql: str, *, maxrec: int | None = None, uploads: QueryUploads | None = None
) -> QueryJob:
    """Start a query as a job, and return it; see `run_sync`."""
    try:
        response = _sent(connection, adql, "async", maxrec, uploads)
        if not response.ok:
            _raise_reported(response)
        return QueryJob(connection, _JOBS, response.url.rstrip("/").rpartition("/")[2]).run()
    finally:
        connection.session.close_streams()


def run_async(
    connection: Connection,
    adql: str,
    *,
    maxrec: int | None = None,
    uploads: QueryUploads | None = None,
    progress: bool = False,
) -> QueryResult:
    """Run a query as a job, wait for its end, and delete the job; see `run_sync`.

    When the wait is interrupted (Ctrl-C), the job is aborted and deleted as well.

    Parameters
    ----------
    progress
        Whether to show a bar.

    Raises
    ------
    FailedJobError
        The query failed; the message states the error.
    """
    job = submit(connection, adql, maxrec=maxrec, uploads=uploads)
    try:
        job.wait(progress=progress)
        return _limited(job.result, maxrec)
    finally:
        job.delete()


def _sent(
    connection: Connection, adql: str, mode: Literal["sync", "async"], maxrec: int | None, uploads: QueryUploads | None
) -> Response:
    query = tap_service(connection).create_query(
        adql, mode=mode, maxrec=_ALL_ROWS if maxrec is None else maxrec, uploads=sent_uploads(uploads)
    )
    query["FORMAT"] = _ARROW
    return cast("Response", query.submit())


def _limited(result: QueryResult, maxrec: int | None) -> QueryResult:
    """Return a result, with a warning when the server cut it and the caller did not ask for it."""
    if result.overflow and maxrec is None:
        message = f"The server cut the result at its limit of {len(result)} rows: there are more."
        warnings.warn(message, OverflowWarning, stacklevel=4)
    return result


def _read(response: Response) -> QueryResult:
    if not response.ok or not response.headers.get("Content-Type", "").startswith(_ARROW):
        _raise_reported(response)
    import pyarrow as pa

    response.raw.decode_content = True
    try:
        with pa.ipc.open_stream(response.raw) as reader:
            batches, overflow = [], False
            while True:
                try:
                    batch, metadata = reader.read_next_batch_with_custom_metadata()
                except StopIteration:
                    break
                if metadata is not None and metadata.get(b"QUERY_STATUS") == b"OVERFLOW":
                    overflow = True
                batches.append(batch)
            response.raw.read()  # the end of the transfer, so that the connection serves the next request
            return QueryResult(pa.Table.from_batches(batches, schema=reader.schema), overflow=overflow)
    except (pa.ArrowInvalid, OSError) as e:
        message = f"The rows broke off before their end: {e}. Try again."
        raise RequestError(message, response=response) from e


def _raise_reported(response: Response) -> None:
    """Raise the error of a VOTable (DALI 1.1 §4.2), or of the status."""
    import io

    from astropy.io.votable import parse

    if "votable" in response.headers.get("Content-Type", ""):
        document = parse(io.BytesIO(response.content))
        for info in (info for resource in document.resources for info in resource.infos):
            if info.name == "QUERY_STATUS" and info.value == "ERROR":
                raise InvalidValueError(str(info.content or "").strip(), response=response)
    check(response)
    message = f"{response.url} did not answer with rows; is the address right?"
    raise RequestError(message, response=response)
