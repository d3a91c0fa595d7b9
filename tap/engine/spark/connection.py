"""Sessions of Spark Connect, and its errors as sentences."""

import logging
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.errors import ServiceBusyError
from tap.engine.errors import QueryCrashedError, QueryFailedError
from tap.engine.spark.dialect import UnsupportedQueryError

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

__all__ = ["new_session", "reported"]

_log = logging.getLogger(__name__)

_CONFIGURATION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # what has no value is NULL
    "spark.sql.caseSensitive": "true",
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
}
_PORT = 15002
_CONNECT_SECONDS = 10.0
_RETRIES = 4
_NO_RESPONSE = "The cluster for large queries does not respond. Try again in a few minutes."
_UNREACHABLE = ("UNAVAILABLE", "Connection refused", "failed to connect")
_CRASHED = "A process of the cluster ended before the query did. Run the query again."
#: What a server of Spark Connect says of a query that it began before it was started anew.
_FORGOTTEN = "INVALID_HANDLE"
#: What Spark says when it has no reader for the addresses of files.
_NO_READER = (
    "No FileSystem for scheme",
    "S3AFileSystem not found",
    "UNSUPPORTED_FILE_SYSTEM",
    "URL scheme is not allowed",
)
_NO_REMOTE_FILES = (
    "The cluster cannot read the files of the survey catalogue, which are in S3 or behind HTTP. Restrict the query so "
    "that this server can run it alone, or ask an administrator: Spark reads S3 with hadoop-aws, and HTTP not at all."
)
_NO_FILES = "PATH_NOT_FOUND"
_NOT_THERE = (
    "The machines of the cluster do not find the files of the survey catalogue. Ask an administrator: its folder must "
    "be on all of them, at the same path."
)


def new_session(remote: str) -> "SparkSession":
    """Return a session of its own, in which a query sees the views of no other.

    Raises
    ------
    ServiceBusyError
        The cluster does not respond.
    """
    _require_reachable(remote)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the versions of pandas, which is not used
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.connect.session import SparkSession

        builder = SparkSession.Builder().remote(remote)
        for key, value in (_CONFIGURATION | _endpoint()).items():
            builder = builder.config(key, value)
        session = builder.create()
    session.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])  # by default ten minutes
    return session


def _endpoint() -> dict[str, str]:
    """Return the address of S3 that this server uses, as Spark names it; credentials are those of the cluster."""
    address = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not address:
        return {}
    return {"spark.hadoop.fs.s3a.endpoint": address, "spark.hadoop.fs.s3a.path.style.access": "true"}


def _require_reachable(remote: str) -> None:
    address = urlsplit(remote)
    try:
        socket.create_connection((address.hostname or "", address.port or _PORT), _CONNECT_SECONDS).close()
    except OSError as e:
        raise ServiceBusyError(_NO_RESPONSE) from e


@contextmanager
def reported() -> Iterator[None]:
    """Raise errors of the cluster as those of queries; their details go to the log.

    Raises
    ------
    UnsupportedQueryError
        The cluster does not understand the query.
    QueryFailedError
        The query failed on its rows.
    QueryCrashedError
        The query ended with a process of the cluster.
    ServiceBusyError
        The cluster does not respond.
    """
    import grpc
    from pyspark.errors import AnalysisException, ParseException, PySparkException

    try:
        yield
    except (AnalysisException, ParseException) as e:
        _log.warning("the cluster refused a query", exc_info=e)
        if _NO_FILES in str(e):
            raise QueryFailedError(_NOT_THERE) from e
        message = "The cluster cannot run this query. Write it in another way, or restrict it so that it runs here."
        raise UnsupportedQueryError(message, field="QUERY") from e
    except (PySparkException, grpc.RpcError) as e:
        _log.warning("a query failed on the cluster", exc_info=e)
        if any(word in str(e) for word in _NO_READER):
            raise UnsupportedQueryError(_NO_REMOTE_FILES, field="QUERY") from e
        if _FORGOTTEN in str(e):
            raise QueryCrashedError(_CRASHED) from e
        if any(word in str(e) for word in _UNREACHABLE):
            raise ServiceBusyError(_NO_RESPONSE) from e
        if isinstance(e, grpc.RpcError):
            raise QueryCrashedError(_CRASHED) from e
        raise QueryFailedError("The query failed on the cluster. Read less, or write it in another way.") from e
