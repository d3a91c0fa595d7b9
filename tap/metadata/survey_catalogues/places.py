"""Places from which survey catalogues may be registered, and folders of catalogues in them.

An administrator names a catalogue by a path or a URL. The server reads it with its own rights and its own network, so
only what is below one of the places of the settings can be named: links, ``..`` and other spellings do not lead out.
"""

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from core.errors import InvalidValueError, NotFoundError, UnreadableFileError
from core.files.remote_folders import remote_file_system

__all__ = ["CatalogueFolder", "CataloguePlaces"]

_REMOTE = frozenset({"s3", "http", "https"})
_LONGEST = 2000
_SEGMENT = re.compile(r"[A-Za-z0-9._=+@~,-]+")
_PATTERN = re.compile(r"[*?\[\]{}]")
_MOST_TEXT = 4_000_000


@dataclass(frozen=True, slots=True)
class CatalogueFolder:
    """A folder with files of a catalogue: on this machine, in an object store or behind HTTP.

    Parameters
    ----------
    url
        A path, or a URL without a slash at its end.
    """

    url: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return "://" not in self.url

    @property
    def can_list(self) -> bool:
        """Whether its files can be listed."""
        return not self.url.startswith("http")

    def address(self, name: str) -> str:
        """Return the address of a file in the folder."""
        return posixpath.join(self.url, name)

    def child(self, name: str) -> "CatalogueFolder":
        """Return a folder in it.

        Raises
        ------
        InvalidValueError
            The name leads out of the folder.
        """
        segments = name.strip("/").split("/")
        if not all(_SEGMENT.fullmatch(part) and part not in {".", ".."} for part in segments):
            raise InvalidValueError(f"The catalogue names the folder '{name[:200]}', which is not a folder in it.")
        if self.is_local and not Path(self.address(name)).resolve().is_relative_to(Path(self.url).resolve()):
            raise InvalidValueError(f"The catalogue names the folder '{name[:200]}', which leads out of it.")
        return CatalogueFolder(self.address("/".join(segments)))

    def has(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        if self.is_local:
            return Path(self.address(name)).is_file()
        return bool(self._files().isfile(self.address(name)))

    def has_folder(self, name: str) -> bool:
        """Return whether there is a folder of this name; always false where nothing can be listed."""
        if self.is_local:
            return Path(self.address(name)).is_dir()
        return self.can_list and bool(self._files().isdir(self.address(name)))

    def text(self, name: str) -> str | None:
        """Return the text of a small file; None when there is none."""
        if not self.has(name):
            return None
        with self.opened(name) as file:
            content = file.read(_MOST_TEXT + 1)
        if len(content) > _MOST_TEXT:
            raise UnreadableFileError(f"The file {name} of the catalogue is longer than {_MOST_TEXT} bytes.")
        return content.decode("utf-8", "replace")

    def size(self, name: str) -> int:
        """Return the size of a file in bytes."""
        if self.is_local:
            return Path(self.address(name)).stat().st_size
        return int(self._files().size(self.address(name)) or 0)

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading.

        Raises
        ------
        NotFoundError
            There is no such file, or it cannot be read.
        """
        with ExitStack() as until_read:
            try:
                address = self.address(name)
                file = Path(address).open("rb") if self.is_local else self._files().open(address)  # noqa: SIM115 - on the stack
            except OSError as e:
                raise NotFoundError(f"The file {name[:200]} of the catalogue cannot be read.") from e
            try:
                yield cast("BinaryIO", until_read.enter_context(file))
            except ValueError as e:  # by which fsspec says that a server of HTTP ignores ranges
                if self.can_list:
                    raise
                raise UnreadableFileError(
                    f"The file {name[:200]} of the catalogue cannot be read. The server must support requests for "
                    "ranges of bytes."
                ) from e

    def ranges(self, name: str, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of a file from the start to the end (exclusive) of each span.

        Raises
        ------
        OSError
            The file cannot be read.
        UnreadableFileError
            Its server sends other bytes than requested.
        """
        if self.is_local:
            with Path(self.address(name)).open("rb") as file:
                return [_block(file, start, end) for start, end in spans]
        if not spans:
            return []
        starts, ends = zip(*spans, strict=True)
        found = self._files().cat_ranges([self.address(name)] * len(spans), list(starts), list(ends))
        for (start, end), content in zip(spans, found, strict=True):
            if len(content) != end - start:  # a server of HTTP that ignores ranges sends the whole file
                raise UnreadableFileError(
                    f"The server of the survey catalogue sent {len(content)} bytes of {name[:200]} where {end - start} "
                    "were requested. It must support requests for ranges of bytes."
                )
        return [bytes(content) for content in found]

    def version(self, name: str) -> str:
        """Return what tells the versions of a file apart, as `versions` does.

        Raises
        ------
        OSError
            There is no such file.
        """
        if self.is_local:
            return _local_version(Path(self.address(name)).stat())
        return _remote_version(self._files().info(self.address(name)))

    def listed(self, under: str = "") -> dict[str, int]:
        """Return the sizes of all files below a folder, by their paths in this one."""
        if self.is_local:
            return {name: status.st_size for name, status in self._walked(under)}
        return {name: int(about.get("size") or 0) for name, about in self._found(under)}

    def versions(self, under: str = "") -> dict[str, str]:
        """Return what tells the versions of each file below a folder apart, by their paths in this one.

        It is the size, and the time of the last change or what the store or server says of the content.
        """
        if self.is_local:
            return {name: _local_version(status) for name, status in self._walked(under)}
        return {name: _remote_version(about) for name, about in self._found(under)}

    def arrow_place(self, name: str) -> tuple[str, Any]:  # fsspec has no types
        """Return the path of a file or folder for Arrow, and the file system that it is in: None for this machine."""
        if self.is_local:
            return self.address(name), None
        files = self._files()
        return str(files._strip_protocol(self.address(name))), files  # noqa: SLF001 - as fsspec names its keys

    def _walked(self, under: str) -> Iterator[tuple[str, os.stat_result]]:
        return _walked(self.address(under).rstrip("/"), under.strip("/"))

    def _found(self, under: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        files = self._files()
        prefix = files._strip_protocol(self.url).rstrip("/") + "/"  # noqa: SLF001 - as fsspec names its keys
        for key, about in files.find(self.address(under), detail=True).items():
            yield key.removeprefix(prefix), about

    def _files(self) -> Any:  # fsspec has no types
        return remote_file_system(self.url, field="url")


class CataloguePlaces:
    """The places below which catalogues may be registered.

    Parameters
    ----------
    places
        Folders, and URLs like ``s3://bucket/catalogues`` or ``https://data.example.org/hats``.
    """

    def __init__(self, places: Sequence[str]) -> None:
        self._places = tuple(places)

    def folder(self, url: str) -> CatalogueFolder:
        """Return the folder of a catalogue.

        Raises
        ------
        InvalidValueError
            It is not below one of the places, or there is no such folder.
        """
        scheme, mark, _ = url.partition("://")
        if not mark or scheme == "file":
            return self._local(url.removeprefix("file://"))
        if scheme not in _REMOTE:
            raise InvalidValueError(
                f"'{url[:200]}' cannot be registered: name a folder, or an address with s3, http or https.", field="url"
            )
        normal = _normal(url)
        if not any(_is_below(normal, place) for place in self._places if "://" in place):
            raise self._outside(url)
        return CatalogueFolder(normal)

    def file(self, url: str) -> tuple[CatalogueFolder, str]:
        """Return the folder and the name of a file, such as a table of metadata, below one of the places.

        Raises
        ------
        InvalidValueError
            It is not below one of the places.
        """
        if "://" not in url or url.startswith("file://"):
            url = str(Path(url.removeprefix("file://")).resolve())  # a link does not lead out of the places
        parent, _, name = url.rpartition("/")
        try:
            folder = self.folder(parent or "/")
        except InvalidValueError as e:
            raise InvalidValueError(e.message, field="metadata") from e
        if not folder.is_local and (not _SEGMENT.fullmatch(name) or name in {".", ".."}):
            raise InvalidValueError(f"'{url[:200]}' is not the address of a file.", field="metadata")
        return folder, name

    def _local(self, path: str) -> CatalogueFolder:
        if not path.startswith("/"):
            raise InvalidValueError(f"'{path[:200]}' is not an absolute path of a folder.", field="url")
        real = Path(path).resolve()
        allowed = [Path(place.removeprefix("file://")).resolve() for place in self._places if _is_path(place)]
        if not any(real.is_relative_to(place) for place in allowed):
            raise self._outside(path)
        if not real.is_dir():
            raise InvalidValueError(f"There is no folder '{path[:200]}'.", field="url")
        if _PATTERN.search(str(real)):  # the engine takes paths as patterns
            raise InvalidValueError(
                f"The folder '{path[:200]}' has one of the characters * ? [ ] {{ }} in its path. Rename it.",
                field="url",
            )
        return CatalogueFolder(str(real))

    def _outside(self, url: str) -> InvalidValueError:
        places = ", ".join(self._places) or "none"
        return InvalidValueError(
            f"'{url[:200]}' is not below a place of PHOTOZ_CATALOGUE_PLACES ({places}). Add the place to this setting.",
            field="url",
        )


def _local_version(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _remote_version(about: Mapping[str, Any]) -> str:
    """Return the size of a file with its ETag, if this is a strong one (RFC 9110, 8.8.3), else with all there is."""
    etag = str(about.get("ETag") or "")
    if etag and not etag.startswith("W/"):
        return f"{about.get('size')} {etag}"
    return " ".join(str(about.get(key)) for key in ("size", "ETag", "LastModified", "Last-Modified", "Content-MD5"))


def _block(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _is_path(place: str) -> bool:
    return "://" not in place or place.startswith("file://")


def _normal(url: str) -> str:
    """Return a URL in its normal form, so that URLs can be compared as texts."""
    try:
        parts = urlsplit(url)
        netloc = parts.netloc.lower()
        port = parts.port  # raises ValueError for one that is none
    except ValueError:
        netloc, port, parts = "", None, urlsplit("")
    segments = [part for part in parts.path.split("/") if part]
    plain = all(_SEGMENT.fullmatch(part) and part not in {".", ".."} for part in segments)
    if len(url) > _LONGEST or not netloc or port == 0 or "@" in netloc or parts.query or parts.fragment or not plain:
        raise InvalidValueError(
            f"'{url[:200]}' cannot be registered: the address of a catalogue has a host and plain names of folders, "
            "without a password, query or escaped characters.",
            field="url",
        )
    host = parts.netloc if parts.scheme == "s3" else netloc
    return "/".join([f"{parts.scheme}://{host}", *segments])


def _is_below(url: str, place: str) -> bool:
    try:
        allowed = _normal(place)
    except InvalidValueError:
        return False
    return url == allowed or url.startswith(f"{allowed}/")


def _walked(folder: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield files with their status; links are not followed, because they could lead out of the place."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}/{entry.name}" if prefix else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walked(entry.path, name)
            elif entry.is_file(follow_symlinks=False):
                yield name, entry.stat()
