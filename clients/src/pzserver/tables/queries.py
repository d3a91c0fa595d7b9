"""Queries through TAP: pyvo sends them, and the rows are read as an Arrow stream while they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pzserver.errors import InvalidValueError, RequestError, check
from pzserver.tables.results import QueryResult

if TYPE_CHECKING:
    import pyvo
    from requests import Response

    from pzserver.connections.connection import Connection

__all__ = ["run_async", "run_sync", "tap_service"]

_ARROW = "application/vnd.apache.arrow.stream"
_ALL_ROWS = 2**31 - 1


def tap_service(connection: Connection) -> pyvo.dal.TAPService:
    """Return the TAP service of a server, which uses the connection's session."""
    from pyvo.dal import TAPService

    return TAPService(f"{connection.base_url}/tap", session=connection.session)


def run_sync(
    connection: Connection, adql: str, *, maxrec: int | None = None, uploads: dict[str, Any] | None = None
) -> QueryResult:
    """Run a query synchronously.

    Parameters
    ----------
    maxrec
        Maximum number of rows; all by default, up to the limit of the server.
    uploads
        Names to what pyvo uploads: astropy tables, paths or addresses; they are ``TAP_UPLOAD.name`` in the query.

    Raises
    ------
    InvalidValueError
        The server cannot run the query; the message states the error.
    """
    service = tap_service(connection)
    query = service.create_query(adql, maxrec=_ALL_ROWS if maxrec is None else maxrec, uploads=uploads)
    query["FORMAT"] = _ARROW
    try:
        return _read(query.submit())
    finally:
        connection.session.close_streams()


def run_async(
    connection: Connection, adql: str, *, maxrec: int | None = None, uploads: dict[str, Any] | None = None
) -> QueryResult:
    """Run a query as a UWS job, wait for its end, and delete the job; see `run_sync`."""
    service = tap_service(connection)
    job = service.submit_job(adql, maxrec=_ALL_ROWS if maxrec is None else maxrec, uploads=uploads, format=_ARROW)
    try:
        job.run().wait(timeout=None)
        if job.phase != "COMPLETED":
            reason = job.job.errorsummary.message.content if job.job.errorsummary else f"The job is {job.phase}."
            raise InvalidValueError(str(reason))
        return _read(check(connection.session.get(job.result_uri, stream=True)))
    finally:
        connection.session.close_streams()
        job.delete()


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
