"""Downloads to disk: resumed after interruptions, verified by checksum, and renamed when complete."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import requests

from pzserver.connections.connection import Connection
from pzserver.errors import BrokenDownloadError, RequestError

__all__ = ["Progress", "download"]

_TRIES = 5
#: Small, because the bytes of an interrupted chunk are lost.
_CHUNK = 1 << 16

#: Called with the bytes transferred and the total number of bytes.
Progress = Callable[[int, int], None]


def download(
    connection: Connection,
    url: str,
    path: Path,
    *,
    size: int | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Download a file.

    The bytes are written to ``<path>.part``. The part of an earlier, interrupted download is completed by a range
    request, provided that the file on the server is still the same.

    Parameters
    ----------
    size, sha256
        Expected size and checksum, if known.

    Raises
    ------
    BrokenDownloadError
        The connection was interrupted several times without progress, or size or checksum are wrong.
    RequestError
        The server refused the request.
    """
    if sha256 is not None and path.exists() and _sha256(path) == sha256:
        return path
    part = path.with_name(path.name + ".part")
    failures = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _fetch(connection, url, part, sha256, progress):
                break
        except _BREAKS as e:
            reason: Exception | None = e
        else:
            reason = None
        after = part.stat().st_size if part.exists() else 0
        failures = 0 if after > before else failures + 1
        if failures >= _TRIES:
            message = f"The download of {path.name} was interrupted {failures} times after {after} bytes; try again."
            raise BrokenDownloadError(message) from reason
    _check(part, path.name, size, sha256)
    part.replace(path)
    return path


_BREAKS = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.exceptions.Timeout)


def _fetch(connection: Connection, url: str, part: Path, sha256: str | None, progress: Progress | None) -> bool:
    """Request the rest of a file and write it; return whether the file is complete."""
    have = part.stat().st_size if part.exists() else 0
    # The server's ETag of a file is its SHA-256; without one to compare, bytes of an earlier file must not be kept.
    headers = {"Accept-Encoding": "identity"}
    if have and sha256:
        headers |= {"Range": f"bytes={have}-", "If-Range": f'"{sha256}"'}
    try:
        response = connection.request("GET", url, headers=headers, stream=True)
    except RequestError as e:
        if e.response is not None and e.response.status_code == 416:
            return True
        if e.response is None and isinstance(e.__cause__, _BREAKS):
            raise e.__cause__ from None
        raise
    with response, part.open("ab" if response.status_code == 206 else "wb") as file:
        start = have if response.status_code == 206 else 0
        total = start + int(response.headers.get("Content-Length", 0))
        done = start
        for chunk in response.iter_content(_CHUNK):
            file.write(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    return "Content-Length" not in response.headers or done >= total


def _check(part: Path, name: str, size: int | None, sha256: str | None) -> None:
    found = part.stat().st_size
    if size is not None and found != size:
        part.unlink()
        message = f"{name} arrived with {found} bytes instead of {size}; try again."
        raise BrokenDownloadError(message)
    if sha256 is None:
        return
    digest = _sha256(part)
    if digest != sha256:
        part.unlink()
        message = (
            f"{name} did not arrive as it is on the server: its SHA-256 is {digest} instead of {sha256}. Try again."
        )
        raise BrokenDownloadError(message)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
