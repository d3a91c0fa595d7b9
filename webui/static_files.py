"""Static files with addresses that change with their content, so that browsers keep them (RFC 8246)."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import webui

__all__ = ["StaticAddresses", "VersionedFiles", "static_files"]

_FOLDER = Path(webui.__file__).parent / "static"
_DIGITS = 12
_IMMUTABLE = "public, max-age=31536000, immutable"
#: Endings of texts; pictures and fonts are compressed already.
_TEXTS = frozenset({".css", ".js", ".svg", ".json", ".mjs", ".map"})
_OK = 200


class StaticAddresses:
    """Addresses of the static files of a folder, each with the hash of the file's content.

    The hash is computed again when the size or the time of the file changes.
    """

    def __init__(self, folder: Path = _FOLDER, prefix: str = "/static") -> None:
        self._folder = folder
        self._prefix = prefix

    def __call__(self, name: str) -> str:
        """Return the address of a file."""
        return f"{self._prefix}/{name}?v={self.version(name)}"

    def version(self, name: str) -> str:
        """Return the hash of the content of a file.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        """
        path = self._folder / name
        status = path.stat()
        return _version(path, status.st_mtime_ns, status.st_size)


class VersionedFiles(StaticFiles):
    """Static files, compressed with gzip; a request that names the version of a file is answered for ever."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        super().__init__(directory=folder)
        self._folder = folder
        self._addresses = StaticAddresses(folder)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, its compressed form, or 304."""
        answer = await super().get_response(path, scope)
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("v", [""])[0]
        if answer.status_code >= 400:
            return answer
        if asked and asked == self._addresses.version(path):
            answer.headers["Cache-Control"] = _IMMUTABLE
        if Path(path).suffix not in _TEXTS:
            return answer
        answer.headers.add_vary_header("Accept-Encoding")
        if answer.status_code != _OK or not _takes_gzip(scope):
            return answer
        return self._compressed(path, scope, answer)

    def _compressed(self, path: str, scope: Scope, answer: Response) -> Response:
        full = self._folder / path
        status = full.stat()
        body = _compressed(full, status.st_mtime_ns, status.st_size)
        headers = {
            name: answer.headers[name]
            for name in ("content-type", "last-modified", "etag", "vary", "cache-control")
            if name in answer.headers
        }
        # The same file in another form: the tag is a weak one (RFC 9110 §8.8.3).
        headers["etag"] = f"W/{answer.headers['etag']}"
        headers |= {"content-encoding": "gzip", "content-length": str(len(body))}
        return Response(b"" if scope["method"] == "HEAD" else body, headers=headers)


def static_files() -> VersionedFiles:
    """Return the application that serves the static files of the pages."""
    return VersionedFiles()


def _takes_gzip(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    codings = [coding.strip() for coding in headers.get("accept-encoding", "").split(",")]
    return "range" not in headers and any(coding.partition(";")[0] == "gzip" for coding in codings)


@lru_cache(maxsize=256)
def _version(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]


@lru_cache(maxsize=256)
def _compressed(path: Path, _changed: int, _size: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)
