"""Tables of a FITS file (FITS 4.0 §7): their columns and the position of their bytes, from the headers alone.

The headers are read by astropy; UCDs, utypes and descriptions are where STILTS writes them (TUCDn, TUTYPn, TCOMMn).
"""

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from products.readers.column_checks import checked_names
from products.readers.errors import DamagedFileError, EmptyTableError
from products.readers.fits.columns import (
    AsciiColumn,
    BinaryColumn,
    UnreadableColumnError,
    binary_column,
    cell_width,
    dimensions_of,
)
from products.readers.frames import frame_of_header
from products.readers.limits import ReadLimits

__all__ = ["FitsTable", "fits_tables"]

_MEANINGS = {"TUNIT": "unit", "TUCD": "ucd", "TUTYP": "utype", "TXTYP": "xtype", "TDENS": "density"}
_DESCRIPTIONS = ("TDESC", "TCOMM")
_WORDS = ("TFORM", "TDIM", "TNULL", "TSCAL", "TZERO", "TBCOL")
_MAX_HDUS = 1000
_EQUATORIAL = re.compile(r"(ra|dec|decl|de|alpha|delta|right_?ascension|declination)(?![a-ik-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FitsTable:
    """A table of a FITS file.

    Parameters
    ----------
    names
        Names of all columns, also of those that are left out.
    left_out
        Columns that cannot be read, each with the reason.
    dtype
        The numpy type of a row; of a column-oriented table the offsets are those of whole columns.
    heap
        Position and size of the heap.
    by_column
        Whether the values of a column follow each other (TOPCAT's ``colfits``).
    """

    number: int
    label: str
    columns: tuple[BinaryColumn | AsciiColumn, ...]
    names: tuple[str, ...]
    left_out: Mapping[str, str]
    dtype: np.dtype
    rows: int
    start: int
    heap: tuple[int, int]
    kind: str
    by_column: bool = False

    @property
    def end(self) -> int:
        """Position after the last byte of the table."""
        return max(self.start + (1 if self.by_column else self.rows) * self.dtype.itemsize, sum(self.heap))

    @property
    def row_bytes(self) -> int:
        """Number of bytes of a row."""
        return self.dtype.itemsize // max(1, self.rows) if self.by_column else self.dtype.itemsize

    def cells(self, data: np.ndarray, first: int, last: int) -> Callable[[str], np.ndarray]:
        """Return a function that returns the cells of a column in a slice of rows."""
        if not self.by_column:
            step = self.dtype.itemsize
            rows = data[self.start + first * step : self.start + last * step].view(np.ndarray).view(self.dtype)
            return lambda name: rows[name]
        widths = {column.name: column.dtype for column in self.columns}
        places = {name: int(place[1]) for name, place in (self.dtype.fields or {}).items()}

        def column_cells(name: str) -> np.ndarray:
            dtype, start = widths[name], self.start + places[name]
            raw = data[start + first * dtype.itemsize : start + last * dtype.itemsize]
            base = dtype.base
            values: np.ndarray = raw.view(np.ndarray).view(base).reshape(last - first, *dtype.shape)
            return values

        return column_cells


def fits_tables(path: Path, name: str, limits: ReadLimits) -> tuple[list[FitsTable], list[str]]:
    """Return the tables of a file by reading its headers, without reading data, and what else the file holds.

    Raises
    ------
    UnreadableFileError
        A table has no columns, or columns without names.
    """
    tables: list[FitsTable] = []
    others: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        warnings.simplefilter("ignore", UserWarning)
        with path.open("rb") as file, fits.open(file, memmap=False, lazy_load_hdus=True) as hdus:
            for number in range(_MAX_HDUS):
                try:
                    hdu = hdus[number]
                except IndexError:
                    break
                header, info = hdu.header, hdu.fileinfo()
                extension = str(header.get("EXTNAME", f"HDU {number}"))
                kind = str(header.get("XTENSION", "")).strip()
                if kind not in {"BINTABLE", "TABLE"} or header.get("ZIMAGE"):
                    if header.get("NAXIS", 0):
                        others.append(f"an image ({extension})")
                elif header.get("ZTABLE"):
                    others.append(f"a compressed table ({extension}), which funpack uncompresses")
                else:
                    _check_names(header, name, limits)
                    tables.append(_table(number, header, int(info["datLoc"]), [each.label for each in tables]))
    return tables, others


def _check_names(header: Mapping[str, Any], name: str, limits: ReadLimits) -> None:
    count = int(header.get("TFIELDS", 0))
    if not 0 <= count <= 999:
        raise DamagedFileError(f"{name} declares {count} columns; a FITS table has at most 999.")
    if count == 0:
        raise EmptyTableError(f"No columns were found in {name}. Send a table with named columns and rows.")
    names = [str(header.get(f"TTYPE{n}", "")).strip() for n in range(1, count + 1)]
    checked_names(name, names, limits)


def _table(number: int, header: Mapping[str, Any], start: int, labels: list[str]) -> FitsTable:
    is_ascii = str(header["XTENSION"]).strip() == "TABLE"
    columns: list[BinaryColumn | AsciiColumn] = []
    names: list[str] = []
    left_out: dict[str, str] = {}
    offsets: list[int] = []
    width, rows = int(header["NAXIS1"]), int(header["NAXIS2"])
    count = int(header["TFIELDS"])
    forms = [{key: header[f"{key}{n}"] for key in _WORDS if f"{key}{n}" in header} for n in range(1, count + 1)]
    stacked = None if is_ascii else _stacked_rows(header, forms)
    position, frame = 0, frame_of_header(header)
    for n, words in enumerate(forms, 1):
        name = str(header[f"TTYPE{n}"]).strip()
        names.append(name)
        meanings = _meanings(header, n)
        if frame is not None and _is_equatorial(name, meanings):
            meanings["frame"] = frame
        offset = int(words["TBCOL"]) - 1 if is_ascii else position
        position += 0 if is_ascii else cell_width(str(words["TFORM"]))
        try:
            column = _ascii_column(name, words, meanings) if is_ascii else binary_column(name, words, meanings, stacked)
        except UnreadableColumnError as e:
            left_out[name] = e.reason
            continue
        columns.append(column)
        offsets.append(offset)
    if not is_ascii and position != width:
        raise ValueError(f"the columns take {position} bytes, the row {width}")
    kinds = [column.dtype if stacked is None else np.dtype((column.dtype, (stacked,))) for column in columns]
    dtype = np.dtype({"names": [column.name for column in columns], "formats": kinds, "offsets": offsets,
                      "itemsize": width})  # fmt: skip
    heap = start + int(header.get("THEAP", width * rows))
    size = width * rows + int(header.get("PCOUNT", 0)) - (heap - start)
    label = str(header.get("EXTNAME", "")).strip() or f"HDU {number}"
    label = f"HDU {number}" if label in labels else label
    kind = "ASCII table" if is_ascii else "binary table" if stacked is None else "column-oriented binary table"
    return FitsTable(
        number, label, tuple(columns), tuple(names), left_out, dtype, rows if stacked is None else stacked, start,
        (heap, max(0, size)), kind, by_column=stacked is not None,
    )  # fmt: skip


def _stacked_rows(header: Mapping[str, Any], forms: list[dict[str, Any]]) -> int | None:
    """Return the number of rows of a column-oriented table, whose only row holds whole columns; None for others.

    TOPCAT's ``colfits`` gives each column a TDIM whose last size is the number of rows.
    """
    if int(header["NAXIS2"]) != 1 or not all("TDIM" in words for words in forms):
        return None
    sizes = {(dimensions_of(str(words["TDIM"])) or [0])[-1] for words in forms}
    by_stil = "ColFits" in str(header.get("STILCLAS"))
    is_stacked = len(sizes) == 1 and (by_stil or (len(forms) > 1 and not sizes & {0, 1}))
    return sizes.pop() if is_stacked else None


def _ascii_column(name: str, words: Mapping[str, Any], meanings: Mapping[str, str]) -> AsciiColumn:
    tform = str(words["TFORM"]).strip()
    code, width = tform[0], int(tform[1:].split(".")[0])
    types = {"A": pa.string(), "I": pa.int64(), "F": pa.float64(), "E": pa.float64(), "D": pa.float64()}
    if code not in types:
        raise UnreadableColumnError(f"TFORM {tform}")
    scale, zero = float(words.get("TSCAL", 1)), float(words.get("TZERO", 0))
    scaled = code != "A" and (scale != 1 or zero != 0)
    null = str(words["TNULL"]).strip() if "TNULL" in words else None
    arrow_type = pa.float64() if scaled else types[code]
    return AsciiColumn(name, code, np.dtype(f"S{width}"), arrow_type, null, scale, zero, meanings)


def _is_equatorial(name: str, meanings: Mapping[str, str]) -> bool:
    """Return whether a column is a right ascension or a declination, by its UCD or else by its name."""
    ucd = meanings.get("ucd", "").lower()
    return ucd.startswith("pos.eq.") if ucd else _EQUATORIAL.match(name) is not None


def _meanings(header: Mapping[str, Any], n: int) -> dict[str, str]:
    known = {key: str(header[f"{word}{n}"]).strip() for word, key in _MEANINGS.items() if header.get(f"{word}{n}")}
    for word in _DESCRIPTIONS:
        if text := str(header.get(f"{word}{n}") or "").strip():
            known["description"] = text
            break
    return known
