"""Filesystem of fsspec on the VOSpace of a server: ``pzserver://home/ada/x.parquet``.

pandas, pyarrow, dask, lsdb and others open such addresses; the server and the token come from ``storage_options``, or
from the same sources as those of `PzServer`.
"""

from __future__ import annotations

import io
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from fsspec import AbstractFileSystem
from fsspec.spec import AbstractBufferedFile

from pzserver.connections.connection import Connection, server_url
from pzserver.connections.hosts import find_host
from pzserver.connections.tokens import find_token
from pzserver.errors import NotFoundError, RequestError
from pzserver.jobs import FailedJobError
from pzserver.space.space import Space

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from datetime import datetime

    from pzserver.space.documents import Node

__all__ = ["PzServerFile", "PzServerFileSystem"]

_CONFLICT = 409


class PzServerFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Files in the VOSpace of a Photo-z Server.

    Parameters
    ----------
    token, host
        As those of `pzserver.PzServer`.
    connection
        An open connection, instead of both.
    """

    protocol: ClassVar[str] = "pzserver"
    root_marker: ClassVar[str] = ""

    def __init__(
        self, token: str | None = None, host: str | None = None, connection: Connection | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        if connection is None:
            address = find_host(host)
            connection = Connection(find_token(token, server_url(address)), address)
        self.space = Space(connection)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:  # Any: a path, or a list of them, as fsspec says
        if isinstance(path, list):
            return [cls._strip_protocol(each) for each in path]
        return str(path).removeprefix("pzserver://").strip("/")

    def info(self, path: str, **_options: Any) -> dict[str, Any]:
        """Return name, size, type and times of a node."""
        with _file_errors(path):
            return self._entry(self.space.info(self._path(path)))

    def ls(self, path: str, detail: bool = True, **_options: Any) -> list[Any]:
        """List the nodes in a folder."""
        with _file_errors(path):
            found = [self._entry(node) for node in self.space.list(self._path(path))]
        return found if detail else [entry["name"] for entry in found]

    def mkdir(self, path: str, create_parents: bool = True, **_options: Any) -> None:
        """Create a folder."""
        with _file_errors(path):
            self.space.mkdir(self._path(path), parents=create_parents)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Create a folder and those above it."""
        if self.exists(path):
            if not exist_ok:
                raise FileExistsError(path)
            return
        self.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Delete an empty folder."""
        if self.ls(path, detail=False):
            message = f"The folder '{path}' is not empty."
            raise OSError(message)
        self.space.delete(self._path(path))

    def rm_file(self, path: str) -> None:
        """Delete a file."""
        with _file_errors(path):
            self.space.delete(self._path(path))

    _rm = rm_file

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Delete files, and folders with what is in them."""
        if not recursive or maxdepth is not None or isinstance(path, list):
            super().rm(path, recursive=recursive, maxdepth=maxdepth)
            return
        with _file_errors(path):
            self.space.delete(self._path(path))

    def cp_file(self, path1: str, path2: str, **_options: Any) -> None:
        """Copy a file; the server does it."""
        if self.isdir(path1):
            self.makedirs(path2, exist_ok=True)
            return
        if self.exists(path2):  # a copy replaces, as on other filesystems
            self.space.delete(self._path(path2))
        with _file_errors(path1):
            self.space.copy(self._path(path1), self._path(path2))

    def mv(self, path1: str, path2: str, *_arguments: Any, **_options: Any) -> None:
        """Move a file or folder; the server does it."""
        with _file_errors(path1):
            self.space.move(self._path(path1), self._path(path2))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_options: Any) -> bytes:
        """Return the bytes of a file, or of a range of it; negative offsets count from the end."""
        if (start or 0) < 0 or (end or 0) < 0:
            size = self.info(path)["size"]
            start = max(0, size + start) if (start or 0) < 0 and start is not None else start
            end = size + end if (end or 0) < 0 and end is not None else end
        with _file_errors(path):
            return self.space.read(self._path(path), start, end)

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_options: Any) -> None:
        """Write the bytes of a file."""
        if mode == "create" and self.exists(path):
            raise FileExistsError(path)
        with _file_errors(path):
            self.space.write(self._path(path), value)

    def put_file(self, lpath: str | os.PathLike[str], rpath: str, *_arguments: Any, **_options: Any) -> None:
        """Send a local file, in one request that is read from the disk while it is sent."""
        from pathlib import Path

        if (local := Path(lpath)).is_dir():
            self.makedirs(rpath, exist_ok=True)
            return
        with _file_errors(rpath):
            self.space.write(self._path(rpath), local)

    def created(self, path: str) -> datetime | None:
        """Return the time when a node was created."""
        found: datetime | None = self.info(path)["mtime"]
        return found

    modified = created

    def _path(self, path: str) -> str:
        return str(self._strip_protocol(path))

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, **options: Any) -> PzServerFile:
        kept = {name: options[name] for name in ("cache_type", "cache_options", "size") if options.get(name)}
        return PzServerFile(self, path, mode, block_size or "default", **kept)

    def _entry(self, node: Node) -> dict[str, Any]:
        kind = "directory" if node.is_folder else "file"
        entry: dict[str, Any] = {
            "name": node.path,
            "size": 0 if node.is_folder else node.size,
            "type": kind,
            "mtime": node.modified,
        }
        return entry | ({"md5": node.md5} if node.md5 else {}) | ({"target": node.target} if node.target else {})


class PzServerFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """An open file: read by ranges with read-ahead, written as a temporary file that is sent when it is closed."""

    def _fetch_range(self, start: int, end: int) -> bytes:
        content: bytes = self.fs.cat_file(self.path, start, end)
        return content

    def _initiate_upload(self) -> None:
        import tempfile

        self._staged = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the upload ends

    def _upload_chunk(self, final: bool = False) -> bool:
        buffer: io.BytesIO = self.buffer  # emptied by fsspec after this
        self._staged.write(buffer.getvalue())
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self) -> None:
        """Send what was written."""
        with self._staged:
            self._staged.seek(0)
            with _file_errors(self.path):
                self.fs.space.write(self.path, self._staged)

    def discard(self) -> None:
        """Forget what was written."""
        with suppress(AttributeError):
            self._staged.close()


@contextmanager
def _file_errors(path: object) -> Iterator[None]:
    """Raise errors of the server as those of files, which users of fsspec expect."""
    try:
        yield
    except NotFoundError as e:
        raise FileNotFoundError(path) from e
    except FailedJobError as e:
        raise OSError(str(e)) from e
    except RequestError as e:
        if e.response is not None and e.response.status_code == _CONFLICT:
            raise FileExistsError(str(e)) from e
        raise
