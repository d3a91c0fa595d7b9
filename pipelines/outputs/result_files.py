"""Writing of a result table in the requested format; a HATS catalogue becomes one zip."""

import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.outputs import output_format_of, write_hats, write_table

__all__ = ["TableFile", "WrittenTable", "write_result"]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table that a pipeline wrote in batches, as Parquet, because it may not fit into memory."""

    path: Path
    schema: pa.Schema
    num_rows: int


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A table that was written.

    Parameters
    ----------
    details
        The name of its format, and what a reader would find out.
    """

    path: Path
    details: Mapping[str, object]


def write_result(
    table: pa.Table | TableFile,
    folder: Path,
    stem: str,
    output_format: str,
    position: tuple[str, str] | None,
    *,
    as_zip: bool,
) -> WrittenTable:
    """Write a table; one that is written already is moved.

    Parameters
    ----------
    stem
        Name of the file without its ending.
    output_format
        ``hats``, or a name that `output_format_of` knows.
    position
        The columns of right ascension and declination, if there are any.
    as_zip
        Whether a HATS catalogue, which is a folder, is put into one file.

    Raises
    ------
    InvalidValueError
        The format is HATS, but the rows have no positions, or it is not that of a table that is written already.
    """
    if isinstance(table, TableFile):
        return _moved(table, folder / f"{stem}.parquet", output_format)
    if output_format == "hats":
        if position is None:
            raise InvalidValueError(
                "The result has no positions, which a HATS catalogue needs; choose another format.",
                field="output_format",
            )
        write_hats(table, folder / stem, position)
        path = _zipped(folder / stem) if as_zip else folder / stem
        return WrittenTable(path, {"format": "HATS"})
    chosen = output_format_of(output_format)
    path = folder / f"{stem}{chosen.extension}"
    write_table(table, path, chosen)
    return WrittenTable(path, {"format": chosen.file_format.name, **chosen.details})


def _moved(table: TableFile, path: Path, output_format: str) -> WrittenTable:
    if output_format_of(output_format).name != "parquet":
        raise InvalidValueError(
            f"The result is written as Parquet, not as {output_format}; downloads have it in other formats.",
            field="output_format",
        )
    shutil.move(table.path, path)
    return WrittenTable(path, {"format": output_format_of("parquet").file_format.name})


def _zipped(folder: Path) -> Path:
    # Parquet files do not shrink any further.
    path = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent))
    return path
