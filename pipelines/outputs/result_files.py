"""Writing of a result table in the requested format; a HATS catalogue becomes one zip."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidValueError
from pipelines.outputs import output_format_of, write_hats, write_table
from pipelines.outputs.stored_tables import ResultTable

__all__ = ["WrittenTable", "write_result"]


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
    table: ResultTable,
    folder: Path,
    stem: str,
    output_format: str,
    position: tuple[str, str] | None,
    *,
    as_zip: bool,
) -> WrittenTable:
    """Write a table.

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
        The format is HATS, but the rows have no positions.
    """
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


def _zipped(folder: Path) -> Path:
    # Parquet files do not shrink any further.
    path = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent))
    return path
