"""Reader of FITS files (FITS 4.0): the first binary or ASCII table, mapped into memory and converted in slices.

The headers are read by astropy; UCDs, utypes and descriptions are where STILTS writes them (TUCDn, TUTYPn, TCOMMn).
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from products.readers.base import FileReader, ReadLimits, checked_names, described_field
from products.readers.errors import (
    ColumnTypeError,
    DamagedFileError,
    EmptyTableError,
    NotATableError,
    damage_reported,
    listed,
)
from products.readers.fits.columns import AsciiColumn, BinaryColumn, binary_column
from products.readers.formats import FITS

__all__ = ["FitsReader"]

_LIBRARY_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    OverflowError,
    AttributeError,
    ArithmeticError,
    fits.VerifyError,
)
_MEANINGS = {"TUNIT": "unit", "TUCD": "ucd", "TUTYP": "utype", "TXTYP": "xtype"}
_DESCRIPTIONS = ("TDESC", "TCOMM")
_MAX_HDUS = 1000


@dataclass(frozen=True, slots=True)
class _Hdu:
    """A table of a FITS file: its columns and the position of its bytes."""

    number: int
    label: str
    columns: tuple[BinaryColumn | AsciiColumn, ...]
    refused: tuple[str, ...]
    dtype: np.dtype
    rows: int
    start: int
    heap: tuple[int, int]
    is_ascii: bool

    @property
    def end(self) -> int:
        """Where the last byte of the table ends."""
        return max(self.start + self.rows * self.dtype.itemsize, sum(self.heap))


class FitsReader(FileReader):
    """A FITS file with a table."""

    format = FITS.name

    def __init__(self, path: Path, name: str, limits: ReadLimits) -> None:
        with damage_reported(name, "FITS", *_LIBRARY_ERRORS):
            hdus, others = _tables(path, name, limits)
        if not hdus:
            holds = f"it holds {listed(others)}" if others else "it holds no extension"
            raise NotATableError(f"{name} has no table: {holds}. Send a FITS file with a binary or ASCII table.")
        self._hdus, notes = _chosen(hdus)
        self._path = path
        for hdu in self._hdus:
            _check(hdu, path, name)
        self._sources = {column.name: (hdu, column) for hdu in self._hdus for column in hdu.columns}
        schema = pa.schema([
            described_field(column.name, column.arrow_type, **column.meanings)
            for hdu in self._hdus
            for column in hdu.columns
        ])  # fmt: skip
        first = self._hdus[0]
        super().__init__(
            name, schema, limits=limits, rows=first.rows, notes=notes,
            details={"hdu": first.number, "kind": "ASCII table" if first.is_ascii else "binary table"},
        )  # fmt: skip

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        rows = self._hdus[0].rows
        wide = max(hdu.dtype.itemsize for hdu in self._hdus)
        size = max(1, min(size, self.limits.batch_bytes // max(1, wide)))
        maps = {hdu.number: np.memmap(self._path, np.uint8, "r") for hdu in self._hdus}
        heaps = {hdu.number: maps[hdu.number][hdu.heap[0] : sum(hdu.heap)] for hdu in self._hdus}
        for first in range(0, rows, size):
            last = min(rows, first + size)
            slices = {}
            for hdu in self._hdus:
                step = hdu.dtype.itemsize
                raw = maps[hdu.number][hdu.start + first * step : hdu.start + last * step]
                slices[hdu.number] = raw.view(np.ndarray).view(hdu.dtype)
            arrays = []
            with damage_reported(self.name, "FITS", *_LIBRARY_ERRORS, pa.ArrowException):
                for field in schema:
                    hdu, column = self._sources[field.name]
                    arrays.append(column.array(slices[hdu.number][field.name], heaps[hdu.number], self.name))
                batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
            yield batch


def _tables(path: Path, name: str, limits: ReadLimits) -> tuple[list[_Hdu], list[str]]:
    """Return the tables of a file by reading its headers, without reading data."""
    tables, others = [], []
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
                kind = str(header.get("XTENSION", "")).strip()
                if kind not in {"BINTABLE", "TABLE"} or header.get("ZIMAGE"):
                    if header.get("NAXIS", 0):
                        others.append(f"an image ({header.get('EXTNAME', f'HDU {number}')})")
                    continue
                if header.get("ZTABLE"):
                    raise NotATableError(
                        f"{name} is a compressed FITS table. Uncompress it with funpack and send it again."
                    )
                _check_names(header, name, limits)
                tables.append(_table(number, header, int(info["datLoc"])))
    return tables, others


def _check_names(header: Mapping[str, Any], name: str, limits: ReadLimits) -> None:
    count = int(header.get("TFIELDS", 0))
    if not 0 <= count <= 999:
        raise DamagedFileError(f"{name} declares {count} columns; a FITS table has at most 999.")
    if count == 0:
        raise EmptyTableError(f"No columns were found in {name}. Send a table with named columns and rows.")
    names = [str(header.get(f"TTYPE{n}", "")).strip() for n in range(1, count + 1)]
    checked_names(name, names, limits)


def _table(number: int, header: Mapping[str, Any], start: int) -> _Hdu:
    is_ascii = str(header["XTENSION"]).strip() == "TABLE"
    columns: list[BinaryColumn | AsciiColumn] = []
    refused: list[str] = []
    offsets: list[int] = []
    position = 0
    for n in range(1, int(header["TFIELDS"]) + 1):
        words = {
            key: header[f"{key}{n}"]
            for key in ("TFORM", "TDIM", "TNULL", "TSCAL", "TZERO", "TBCOL")
            if f"{key}{n}" in header
        }
        name = str(header[f"TTYPE{n}"]).strip()
        meanings = _meanings(header, n)
        try:
            column = _ascii_column(name, words, meanings) if is_ascii else binary_column(name, words, meanings)
        except TypeError:
            refused.append(name)
            continue
        columns.append(column)
        offsets.append(int(words["TBCOL"]) - 1 if is_ascii else position)
        position += column.dtype.itemsize
    width, rows = int(header["NAXIS1"]), int(header["NAXIS2"])
    if not refused and not is_ascii and position != width:
        raise ValueError(f"the columns take {position} bytes, the row {width}")
    dtype = np.dtype({"names": [column.name for column in columns], "formats": [column.dtype for column in columns],
                      "offsets": offsets, "itemsize": width})  # fmt: skip
    heap = start + int(header.get("THEAP", width * rows))
    size = width * rows + int(header.get("PCOUNT", 0)) - (heap - start)
    label = str(header.get("EXTNAME", "")) or f"HDU {number}"
    return _Hdu(number, label, tuple(columns), tuple(refused), dtype, rows, start, (heap, max(0, size)), is_ascii)


def _ascii_column(name: str, words: Mapping[str, Any], meanings: Mapping[str, str]) -> AsciiColumn:
    tform = str(words["TFORM"]).strip()
    code, width = tform[0], int(tform[1:].split(".")[0])
    types = {"A": pa.string(), "I": pa.int64(), "F": pa.float64(), "E": pa.float64(), "D": pa.float64()}
    if code not in types:
        raise TypeError(f"no column holds TFORM {tform}")
    scale, zero = float(words.get("TSCAL", 1)), float(words.get("TZERO", 0))
    scaled = code != "A" and (scale != 1 or zero != 0)
    null = str(words["TNULL"]).strip() if "TNULL" in words else None
    arrow_type = pa.float64() if scaled else types[code]
    return AsciiColumn(name, code, np.dtype(f"S{width}"), arrow_type, null, scale, zero, meanings)


def _meanings(header: Mapping[str, Any], n: int) -> dict[str, str]:
    known = {key: str(header[f"{word}{n}"]).strip() for word, key in _MEANINGS.items() if header.get(f"{word}{n}")}
    for word in _DESCRIPTIONS:
        if text := str(header.get(f"{word}{n}") or "").strip():
            known["description"] = text
            break
    return known


def _chosen(hdus: list[_Hdu]) -> tuple[list[_Hdu], list[str]]:
    """Return the first table, or those of a qp ensemble of photo-z distributions, with notes."""
    labels = {hdu.label.upper(): hdu for hdu in hdus}
    meta, data, ancil = labels.get("META"), labels.get("DATA"), labels.get("ANCIL")
    if meta and data and any(column.name == "pdf_name" for column in meta.columns):
        parts = [data] if ancil is None or ancil.rows != data.rows else [ancil, data]
        return parts, [
            (
                f"This is a qp ensemble of {data.rows} distributions: its rows are the values of each distribution "
                f"({listed([column.name for column in data.columns])}) with its ancillary columns; "
                "the grid they share, in META, is not a column."
            )
        ]
    others = [f"{hdu.label} ({hdu.rows} rows)" for hdu in hdus[1:]]
    notes = [f"The first table, {hdus[0].label}, was read; there are others: {listed(others)}."] if others else []
    return hdus[:1], notes


def _check(hdu: _Hdu, path: Path, name: str) -> None:
    if hdu.refused:
        raise ColumnTypeError(
            f"{name} has complex or nested columns ({listed(hdu.refused)}). Only numbers, text, times and arrays of "
            "numbers can be read: split these columns or leave them out."
        )
    there = path.stat().st_size
    if min(hdu.rows, hdu.dtype.itemsize) < 0 or hdu.end > there or hdu.heap[0] > there:
        step = max(1, hdu.dtype.itemsize)
        whole = max(0, there - hdu.start) // step
        raise DamagedFileError(
            f"{name} is truncated: its header promises {hdu.rows} rows, and it holds {min(whole, hdu.rows)}"
            f"{' without all of their arrays' if whole >= hdu.rows else ''}. "
            "Check that it opens on your side, then send it again."
        )
