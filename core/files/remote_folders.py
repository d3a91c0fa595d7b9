"""Folders in S3 and behind HTTP, by the file systems of fsspec."""

from typing import Any

from core.errors import InvalidValueError

__all__ = ["remote_file_system"]

_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 60.0


def remote_file_system(url: str, *, field: str) -> Any:  # fsspec has no types
    """Return the file system of a URL with s3, http or https.

    It reads listings anew and follows no redirect to another host. A file may take any time to arrive, but a server of
    HTTP that is silent for a minute is given up with an OSError; botocore has limits of its own for S3.

    Parameters
    ----------
    field
        What names the URL, for errors.

    Raises
    ------
    InvalidValueError
        The library for this kind of URL is not installed.
    """
    try:
        return _file_system(url.partition("://")[0])
    except ImportError as e:
        raise InvalidValueError(
            f"The catalogue '{url[:200]}' needs a library that is not installed: {e}. Install the extra 's3' of "
            "photoz-server.",
            field=field,
        ) from e


def _file_system(scheme: str) -> Any:  # fsspec has no types
    import fsspec

    if scheme == "s3":
        return fsspec.filesystem(scheme, use_listings_cache=False)
    import aiohttp

    # By default a request may take five minutes in all, in which a large file does not pass through a slow line.
    limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENT_SECONDS)
    return fsspec.filesystem(scheme, use_listings_cache=False, allow_redirects=False, client_kwargs={"timeout": limits})
