"""Sources of uploads: tables in memory as Parquet, ensembles as HDF5, folders as zip archives, files as they are."""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, TypeGuard

from pzserver.errors import InvalidValueError
from pzserver.tables.frames import arrow_table, is_table, with_metadata

if TYPE_CHECKING:
    from qp import Ensemble

    from pzserver.tables.frames import ColumnWords, TableLike

__all__ = ["Source", "Uploadable", "opened_source"]

#: What can be uploaded: a table in memory, an ensemble of qp, or the path of a file or a folder.
Uploadable: TypeAlias = "TableLike | Ensemble | str | Path"


@dataclass(frozen=True, slots=True)
class Source:
    """An open file to send.

    Parameters
    ----------
    fingerprint
        Text by which the server knows the same file again, when its upload is continued.
    is_described
        Whether units, UCDs and descriptions are in the file already.
    """

    name: str
    file: BinaryIO
    size: int
    fingerprint: str
    is_described: bool = False


@contextmanager
def opened_source(data: Uploadable, name: str, words: ColumnWords | None = None) -> Iterator[Source]:
    """Open what is uploaded, under a name without an ending; temporary files are removed at the end of the block.

    Raises
    ------
    FileNotFoundError
        The file does not exist.
    InvalidValueError
        It is no table, or a column cannot be stored.
    """
    with ExitStack() as stack:
        if isinstance(data, str | Path):
            path = Path(data)
            if not path.is_dir():
                status = path.stat()
                fingerprint = f"{status.st_size} {status.st_mtime_ns}"
                yield Source(path.name, stack.enter_context(path.open("rb")), status.st_size, fingerprint)
                return
            file = stack.enter_context(tempfile.TemporaryFile())
            _zip(path, file)
            yield _made(f"{path.resolve().name}.zip", file)
        elif _is_ensemble(data):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            path = folder / f"{_file_name(name)}.hdf5"
            data.write_to(str(path))
            yield _made(path.name, stack.enter_context(path.open("rb")))
        elif is_table(data):
            file = stack.enter_context(tempfile.TemporaryFile())
            _write(data, file, words)
            yield _made(f"{_file_name(name)}.parquet", file, is_described=True)
        else:
            message = f"{type(data).__name__} cannot be uploaded; give a table, an ensemble of qp, or a path."
            raise InvalidValueError(message)


def _write(data: TableLike, file: BinaryIO, words: ColumnWords | None) -> None:
    import pyarrow.parquet as pq

    table = arrow_table(data)
    if words is not None:
        table = with_metadata(table, words)
    pq.write_table(table, file, compression="zstd")


def _made(name: str, file: BinaryIO, *, is_described: bool = False) -> Source:
    """Return a file that was made here; the same content has the same fingerprint."""
    size = file.seek(0, 2)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it is a binary file
    file.seek(0)
    return Source(name, file, size, digest, is_described)


def _zip(folder: Path, file: BinaryIO) -> None:
    """Write the files of a folder as a zip archive whose bytes depend on them alone."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if not paths:
        raise InvalidValueError(f"The folder {folder} has no files.")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            entry = zipfile.ZipInfo(str(Path(folder.resolve().name, path.relative_to(folder)).as_posix()))
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                while block := source.read(1 << 20):
                    target.write(block)


def _is_ensemble(value: object) -> TypeGuard[Ensemble]:
    kind = getattr(sys.modules.get("qp"), "Ensemble", None)
    return isinstance(kind, type) and isinstance(value, kind)


def _file_name(name: str) -> str:
    """Return the name of a product as that of a file."""
    return re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).strip("._")[:80].lower() or "table"
