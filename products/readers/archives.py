"""Extraction of the table in an archive or a compressed file, with limits on what is unpacked.

Refused are, following PyPI's rules for uploaded archives: absolute names, ``..``, links, devices, encrypted and
duplicate members, and members larger than declared.
"""

import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa

from core.errors import TooLargeError
from products.readers.base import ReadLimits
from products.readers.decompression import decompressed, name_without_compression
from products.readers.errors import ArchiveError, damage_reported, listed
from products.readers.formats import READABLE_FORMATS
from products.readers.parquet.ensembles import ensemble_parts
from products.readers.parquet.hats import hats_partitions, is_partition
from products.readers.recognition import TABLE_SUFFIXES, suffix_of

__all__ = ["UnpackedTable", "unpacked_table"]

_LIBRARY_ERRORS = (OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError,
                   RuntimeError, KeyError, IndexError, OverflowError, lzma.LZMAError, pa.ArrowException)  # fmt: skip
_BLOCK = 1 << 20
_ALWAYS_ALLOWED = 10_000_000
#: Members of a tar that are looked at, also those of a HATS catalogue.
_MOST_MEMBERS = 100_000
_LONGEST_PROPERTIES = 1_000_000
_PAPERS = ("readme", "license", "licence", "copying", "changelog", "citation")


@dataclass(frozen=True, slots=True)
class UnpackedTable:
    """A table extracted from an archive.

    Parameters
    ----------
    folder
        Folder that holds nothing else; to be removed after use.
    name
        Name in messages.
    note
        Sentence about its origin.
    partitions
        For a HATS catalogue, the files of its partitions in the order of their rows.
    ensemble
        For a qp ensemble, the files of its parts by their names.
    """

    folder: Path
    path: Path
    name: str
    note: str
    partitions: tuple[Path, ...] = ()
    ensemble: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    is_regular: bool
    is_folder: bool
    is_encrypted: bool
    open: Callable[[], IO[bytes]]


def unpacked_table(path: Path, name: str, kind: str, *, limits: ReadLimits, scratch: Path | None) -> UnpackedTable:
    """Extract the only table of an archive into a folder of its own.

    Parameters
    ----------
    kind
        ``zip``, ``tar``, or one of ``COMPRESSIONS``.

    Raises
    ------
    ArchiveError
        When there is no table or more than one, or a member that is not safe.
    TooLargeError
        When it grows beyond the limits.
    """
    folder = Path(tempfile.mkdtemp(prefix="unpacked-", dir=scratch))
    try:
        with damage_reported(name, f"{'an' if kind == 'xz' else 'a'} {kind} archive", *_LIBRARY_ERRORS):
            return _unpack(path, name, kind, folder, limits)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _unpack(path: Path, name: str, kind: str, folder: Path, limits: ReadLimits) -> UnpackedTable:
    budget = _Budget(name, path.stat().st_size, limits)
    if kind == "zip":
        with zipfile.ZipFile(path) as archive:
            members = [_zip_member(archive, info) for info in archive.infolist()]
            return _take(members, name, folder, budget, limits)
    if kind == "tar":
        return _take_from_tar(path, name, folder, budget, limits)
    whole = folder / "unpacked"
    with decompressed(path, kind) as packed:
        budget.copy(packed, whole)
    if tarfile.is_tarfile(whole):
        table = _take_from_tar(whole, name, folder, budget, limits)
        whole.unlink()
        return table
    inner = name_without_compression(name)
    return UnpackedTable(folder, whole, inner, f"The table was unpacked from {name}.")


def _take_from_tar(path: Path, name: str, folder: Path, budget: "_Budget", limits: ReadLimits) -> UnpackedTable:
    with tarfile.open(path, "r:") as archive:
        members = []
        for info in archive:
            members.append(_tar_member(archive, info))
            if len(members) > _MOST_MEMBERS:
                raise ArchiveError(f"{name} has more than {_MOST_MEMBERS} members. Send one table alone.")
        return _take(members, name, folder, budget, limits)


def _take(members: list[_Member], name: str, folder: Path, budget: "_Budget", limits: ReadLimits) -> UnpackedTable:
    _check_members(members, name)
    shown = [member for member in members if not member.is_folder and not _is_hidden(member.name)]
    by_name = {member.name: member for member in shown}
    if partitions := hats_partitions(list(by_name), lambda wanted: _text(by_name[wanted], budget)):
        _check_number(sum(not is_partition(member.name) for member in shown), name, limits)
        return _take_hats([by_name[partition] for partition in partitions], name, folder, budget)
    _check_number(len(members), name, limits)
    tables = [member for member in shown if _is_table(member.name)]
    if parts := ensemble_parts([member.name for member in tables]):
        return _take_ensemble({part: by_name[member] for part, member in parts.items()}, name, folder, budget)
    if len(tables) != 1:
        found = listed([member.name for member in (tables or shown)]) or "nothing"
        number = "more than one table" if tables else "no table"
        raise ArchiveError(
            f"{name} holds {number} ({found}). Send one archive with exactly one {READABLE_FORMATS} file, or that file "
            "itself."
        )
    target = folder / "table"
    with tables[0].open() as packed:
        budget.copy(packed, target)
    inner = PurePosixPath(tables[0].name).name
    others = [member.name for member in shown if member is not tables[0]]
    ignored = f" Not read: {listed(others)}." if others else ""
    return UnpackedTable(folder, target, inner, f"The table {inner} was unpacked from {name}.{ignored}")


def _take_hats(partitions: list[_Member], name: str, folder: Path, budget: "_Budget") -> UnpackedTable:
    paths = tuple(folder / f"{number}.parquet" for number in range(len(partitions)))
    for member, target in zip(partitions, paths, strict=True):
        with member.open() as packed:
            budget.copy(packed, target)
    number = "one partition" if len(paths) == 1 else f"{len(paths)} partitions"
    return UnpackedTable(folder, paths[0], name, f"{name} holds a HATS catalogue of {number}.", paths)


def _take_ensemble(parts: Mapping[str, _Member], name: str, folder: Path, budget: "_Budget") -> UnpackedTable:
    paths = {part: folder / f"{part}.parquet" for part in parts}
    for part, member in parts.items():
        with member.open() as packed:
            budget.copy(packed, paths[part])
    note = f"{name} holds a qp ensemble in {len(paths)} files."
    return UnpackedTable(folder, paths["data"], name, note, ensemble=paths)


def _text(member: _Member, budget: "_Budget") -> str:
    with member.open() as packed:
        content = packed.read(_LONGEST_PROPERTIES)
    budget.use(len(content))
    return content.decode("utf-8", "replace")


class _Budget:
    """Number of bytes that an archive may still unpack to."""

    def __init__(self, name: str, stored: int, limits: ReadLimits) -> None:
        self._name = name
        self._left = min(limits.max_unpacked_bytes, max(_ALWAYS_ALLOWED, stored * limits.max_ratio))
        self._allowed = self._left

    def copy(self, packed: IO[bytes], target: Path) -> None:
        """Copy a member, or raise TooLargeError as soon as it exceeds the remaining bytes."""
        with target.open("wb") as file:
            while block := packed.read(_BLOCK):
                self.use(len(block))
                file.write(block)

    def use(self, number: int) -> None:
        """Subtract bytes, or raise TooLargeError when there are not so many left."""
        self._left -= number
        if self._left < 0:
            raise TooLargeError(
                f"{self._name} unpacks to more than {self._allowed // 1_000_000} MB, which is more than is "
                "allowed for an archive of its size. Send the table without the archive."
            )


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    mode = info.external_attr >> 16
    return _Member(
        name=info.filename,
        is_regular=stat.S_IFMT(mode) in {0, stat.S_IFREG},
        is_folder=info.is_dir(),
        is_encrypted=bool(info.flag_bits & 0x1),
        open=lambda: archive.open(info),
    )


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    def opened() -> IO[bytes]:
        file = archive.extractfile(info)
        if file is None:
            raise tarfile.ReadError(info.name)
        return file

    return _Member(info.name, is_regular=info.isreg(), is_folder=info.isdir(), is_encrypted=False, open=opened)


def _check_number(number: int, name: str, limits: ReadLimits) -> None:
    if number > limits.max_members:
        raise ArchiveError(f"{name} has more than {limits.max_members} members. Send one table alone.")


def _check_members(members: Sequence[_Member], name: str) -> None:
    for member in members:
        parts = PurePosixPath(member.name).parts
        if ".." in parts or member.name.startswith("/") or "\\" in member.name or ":" in member.name or not parts:
            raise ArchiveError(f"{name} has a member whose name leads elsewhere ({member.name}). Pack it again.")
        if not member.is_regular and not member.is_folder:
            raise ArchiveError(f"{name} has a member that is a link or a device ({member.name}). Pack plain files.")
        if member.is_encrypted:
            raise ArchiveError(f"{name} is encrypted ({member.name}). Pack it again without a password.")
    counts = Counter(member.name.rstrip("/").casefold() for member in members)
    if repeated := [key for key, count in counts.items() if count > 1]:
        raise ArchiveError(f"{name} has more than one member called {listed(repeated)}. Pack it again.")


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def _is_table(name: str) -> bool:
    stem = PurePosixPath(name).name.lower()
    return suffix_of(name) in TABLE_SUFFIXES and not stem.startswith(_PAPERS)
