"""Footers of Parquet files of catalogues, which others wrote: fetched alone, and read without a danger to this process.

pyarrow ends the whole process when it is asked for a part of a footer that does not agree with itself, such as one
that is damaged. So the places of columns are read with `core.files.column_chunks`, and what only pyarrow tells is asked
for in another process first.
"""

import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import UnreadableFileError
from tap.metadata.survey_catalogues.places import CatalogueFolder

__all__ = ["checked_metadata", "footer_file"]

_TAIL = 1 << 16
_MAGIC = b"PAR1"
_SECONDS = 600
_ERRORS = (pa.ArrowException, OSError, ValueError)


@contextmanager
def footer_file(root: CatalogueFolder, name: str, folder: Path | None = None) -> Iterator[tuple[Path, int]]:
    """Yield a local file with the footer of a file and no rows, and the size of the whole file in bytes.

    Parameters
    ----------
    folder
        Folder of the local file; by default that of temporary files.

    Raises
    ------
    UnreadableFileError
        It is not a Parquet file.
    FileNotFoundError
        There is no such file.
    """
    size, end = root.size(name), 2 * len(_MAGIC)
    (tail,) = root.ranges(name, [(max(0, size - _TAIL), size)])
    length = int.from_bytes(tail[-end : -len(_MAGIC)], "little") + end
    if length > size or not tail.endswith(_MAGIC):
        raise UnreadableFileError(f"The file {name[:200]} of the catalogue cannot be read as Parquet.")
    if length > len(tail):
        (tail,) = root.ranges(name, [(size - length, size)])
    with NamedTemporaryFile(dir=folder, suffix=".part") as file:
        file.write(_MAGIC + tail[-length:])
        file.flush()
        yield Path(file.name), size


def checked_metadata(root: CatalogueFolder, name: str, columns: Collection[str], sample: int) -> pq.FileMetaData:
    """Return the footer of a file.

    Of its first ``sample`` row groups all columns can then be asked for, of the others the first one and those that are
    named, with their statistics.

    Raises
    ------
    UnreadableFileError
        It cannot be read as Parquet.
    """
    wrong = f"The file {name[:200]} of the catalogue cannot be read as Parquet."
    try:
        with footer_file(root, name) as (path, _):
            metadata = pq.read_metadata(path)
            command = [sys.executable, "-P", "-m", __name__, str(path), str(sample), *columns]
            environment = {"PYTHONPATH": str(Path(__file__).parents[3])}
            asked = subprocess.run(command, env=environment, capture_output=True, timeout=_SECONDS, check=False)
    except (*_ERRORS, subprocess.TimeoutExpired) as e:
        raise UnreadableFileError(wrong) from e
    if asked.returncode:
        raise UnreadableFileError(wrong)
    return metadata


def _ask_for_all(path: Path, sample: int, names: Collection[str]) -> None:
    """Ask for what `checked_metadata` promises; this process may end."""
    metadata = pq.read_metadata(path)
    paths = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    every = [number for number, found in enumerate(paths) if number == 0 or found in names]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for position in range(metadata.num_columns) if number < sample else every:
            statistics = group.column(position).statistics
            if statistics is not None and statistics.has_min_max:
                _ = statistics.min, statistics.max


if __name__ == "__main__":
    _ask_for_all(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
