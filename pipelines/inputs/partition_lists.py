"""Lists of the partitions of HATS catalogues, made without opening them.

The list is that of ``partition_info.csv`` (IVOA Note HATS 1.0); where there is none, files are listed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidValueError, UnreadableFileError
from core.sky.hats import partition_name
from core.sky.healpix import FINEST_ORDER
from pipelines.inputs.catalogue_folders import Address, CatalogueFolder

__all__ = ["ParquetPart", "parquet_part", "partitions_of"]

_INFO = "partition_info.csv"
_KEY = re.compile(r"(Norder|Npix)=(\d{1,19})(?:\.parquet)?(?=/|$)")


@dataclass(frozen=True, slots=True)
class ParquetPart:
    """One file, with the range of cells of order 29 that its path declares and its number of rows, if known."""

    path: Address
    cells: tuple[int, int] | None = None
    rows: int | None = None


def parquet_part(address: Address) -> ParquetPart:
    """Return a file with the cells in its HATS path ``Norder=K/Dir=D/Npix=N``."""
    text = address.as_posix() if isinstance(address, Path) else address
    keys = {match[1]: int(match[2]) for match in _KEY.finditer(text)}
    if not {"Norder", "Npix"} <= keys.keys() or keys["Norder"] > FINEST_ORDER:
        return ParquetPart(address)
    return ParquetPart(address, _cells_of(keys["Norder"], keys["Npix"]))


def partitions_of(folder: CatalogueFolder, properties: Mapping[str, str]) -> list[ParquetPart]:
    """Return the partitions of a catalogue in the order of their cells.

    Raises
    ------
    InvalidValueError
        The catalogue has no list of its partitions, and its files cannot be listed.
    UnreadableFileError
        The list has a line without whole numbers.
    """
    # A partition that is a folder has files of any name.
    suffix = properties.get("hats_npix_suffix", ".parquet")
    text = folder.text(_INFO) if suffix != "/" else None
    if text is not None:
        parts = [
            ParquetPart(folder.at(f"dataset/{partition_name(order, pixel, suffix)}"), _cells_of(order, pixel), rows)
            for order, pixel, rows in _lines(text)
        ]
    elif folder.can_list:
        dataset = CatalogueFolder(folder.at("dataset"))
        parts = [part for part in map(parquet_part, dataset.parquet_files(below=True)) if part.cells is not None]
    else:
        raise InvalidValueError(
            f"The catalogue '{folder.name}' has no {_INFO} for partitions that are files, and files cannot be listed "
            "over HTTP.",
            field="inputs.dataset.path",
        )
    return sorted(parts, key=lambda part: (part.cells or (-1, -1), str(part.path)))


def _lines(text: str) -> Iterator[tuple[int, int, int | None]]:
    import csv

    lines = csv.DictReader(text.splitlines(), skipinitialspace=True)
    try:
        for line in lines:
            order, pixel, rows = int(line["Norder"]), int(line["Npix"]), line.get("num_rows")
            is_cell = 0 <= order <= FINEST_ORDER and 0 <= pixel < 12 << 2 * order
            if is_cell:
                yield order, pixel, int(rows) if rows else None
            else:
                raise _wrong_line(lines.line_num)
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong_line(lines.line_num) from error


def _wrong_line(number: int) -> UnreadableFileError:
    return UnreadableFileError(
        f"Line {number} of {_INFO} of the object catalogue cannot be read: it needs whole numbers Norder and Npix of a "
        "HEALPix cell."
    )


def _cells_of(order: int, pixel: int) -> tuple[int, int]:
    shift = 2 * (FINEST_ORDER - order)
    return pixel << shift, ((pixel + 1) << shift) - 1
