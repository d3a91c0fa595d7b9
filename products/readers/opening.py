"""Opening of table files: detect the format and open the reader for it."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from products.readers.base import FileReader, ReadLimits, TableReader
from products.readers.errors import ArchiveError, EmptyTableError
from products.readers.formats import FILE_FORMATS
from products.readers.recognition import HEAD_BYTES, checked_kind

if TYPE_CHECKING:
    from products.readers.archives import UnpackedTable

__all__ = ["open_table"]


def open_table(
    path: Path,
    name: str,
    *,
    limits: ReadLimits | None = None,
    scratch: Path | None = None,
    table: str | None = None,
) -> TableReader:
    """Open a table file for reading.

    Parameters
    ----------
    path
        Path of the bytes; its name is ignored. The folder of a HATS catalogue or collection is read in place.
    name
        Name of the file, also used in messages.
    scratch
        Folder for files extracted from archives, which are removed when the reader is closed; the system's folder for
        temporary files by default.
    table
        Name of one of the tables of the file, or of several extensions of a FITS file with one row each for the same
        objects, joined by ``+``; by default the first table, of HDF5 the largest. `TableReader.tables` has the names.

    Raises
    ------
    InvalidValueError
        The file has no such table.
    UnreadableFileError
        The file is not a readable table; the message states why and what to do.
    TooLargeError
        The file exceeds the limits.
    """
    limits = limits or ReadLimits()
    if path.is_dir():
        return _with_densities(_open_folder(path, name, limits))
    kind = _kind(path, name)
    if kind in FILE_FORMATS:
        return _with_densities(FILE_FORMATS[kind].open(path, name, limits, table))
    from products.readers.archives import unpacked_table

    unpacked = unpacked_table(path, name, kind, limits=limits, scratch=scratch)
    try:
        reader = _with_densities(_open_unpacked(unpacked, path, name, limits, table))
    except BaseException:
        shutil.rmtree(unpacked.folder, ignore_errors=True)
        raise
    reader.notes = (unpacked.note, *reader.notes)
    reader.when_closed_last(lambda: shutil.rmtree(unpacked.folder, ignore_errors=True))
    return reader


def _open_folder(folder: Path, name: str, limits: ReadLimits) -> FileReader:
    from products.readers.parquet.hats import HatsReader, hats_partitions

    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    partitions = hats_partitions(list(files), lambda member: files[member].read_text(errors="replace"))
    if not partitions:
        raise ArchiveError(f"The folder {name} holds no HATS catalogue. Name a file, or such a folder.")
    paths = [files[member] for member in partitions]
    return HatsReader(paths, name, limits, stored=sum(path.stat().st_size for path in paths))


def _kind(path: Path, name: str) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise EmptyTableError(f"{name} is empty (0 bytes). Send the file with its rows.")
    return checked_kind(name, head)


def _with_densities(reader: FileReader) -> FileReader:
    if reader.ensemble is None and not any(_may_hold_densities(field) for field in reader.schema):
        return reader
    from products.readers.qp.reader import with_densities

    return with_densities(reader)


def _may_hold_densities(field: pa.Field) -> bool:
    """Return whether a column may hold densities, or the redshifts or densities of nested lists."""
    return b"density" in (field.metadata or {}) or (pa.types.is_nested(field.type) and "." in field.name)


def _open_unpacked(
    unpacked: "UnpackedTable", path: Path, archive: str, limits: ReadLimits, table: str | None
) -> FileReader:
    if unpacked.partitions:
        from products.readers.parquet.hats import HatsReader

        return HatsReader(unpacked.partitions, archive, limits, stored=path.stat().st_size)
    if unpacked.ensemble:
        from products.readers.parquet.ensembles import ParquetEnsembleReader

        return ParquetEnsembleReader(unpacked.ensemble, archive, limits)
    kind = _kind(unpacked.path, unpacked.name)
    if kind not in FILE_FORMATS:
        raise ArchiveError(f"{archive} holds another archive. Send the table itself, or in one archive.")
    return FILE_FORMATS[kind].open(unpacked.path, unpacked.name, limits, table)
