"""Reader of FITS files (FITS 4.0): binary and ASCII tables, mapped into memory and converted in slices."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.io import fits

from products.readers.base import EnsembleTables, FileReader, ReadLimits
from products.readers.column_checks import described_field
from products.readers.errors import DamagedFileError, NotATableError, damage_reported, listed
from products.readers.fits.columns import BinaryColumn
from products.readers.fits.hdus import FitsTable, fits_tables
from products.readers.fits.selection import selected_tables, without_repeated_columns
from products.readers.formats import FITS
from products.readers.unpacking import checked_repetition

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


class FitsReader(FileReader):
    """Reader of the tables of a FITS file.

    Parameters
    ----------
    table
        Name of the extension (EXTNAME), or of several with one row each for the same objects, joined by ``+``; the
        first table by default.
    """

    format = FITS.name

    def __init__(self, path: Path, name: str, limits: ReadLimits, table: str | None = None) -> None:
        with damage_reported(name, "FITS", *_LIBRARY_ERRORS):
            tables, others = fits_tables(path, name, limits)
        if not tables:
            holds = f"it holds {listed(others)}" if others else "it holds no extension"
            raise NotATableError(f"{name} has no table: {holds}. Send a FITS file with a binary or ASCII table.")
        selection = selected_tables(tables, name, table)
        self._tables, self._path = selection.tables, path
        for each in self._tables:
            _check_size(each, path, name)
        with damage_reported(name, "FITS", *_LIBRARY_ERRORS, pa.ArrowException):
            self._sources = without_repeated_columns(self._tables, path, name)
        schema = pa.schema([
            described_field(key, column.arrow_type, **column.meanings) for key, (_, column) in self._sources.items()
        ])  # fmt: skip
        self._heap_bytes = sum(_heap_bytes(each, path) for each in self._tables)
        checked_repetition(name, self._heap_bytes, path.stat().st_size, limits)
        first = self._tables[0]
        #: Names of all columns in the order of the file, also of those that were left out.
        self.stored_names = tuple(stored for each in self._tables for stored in each.names)
        left_out = {key: reason for each in self._tables for key, reason in each.left_out.items()}
        super().__init__(
            name, schema, limits=limits, rows=first.rows, notes=selection.notes, tables=selection.choices,
            left_out={key: reason for key, reason in left_out.items() if key not in schema.names},
            details={"hdu": first.number, "kind": first.kind},
        )  # fmt: skip
        if selection.ensemble is not None:
            with damage_reported(name, "FITS", *_LIBRARY_ERRORS, pa.ArrowException):
                self.ensemble = self._ensemble_tables(*selection.ensemble)

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        rows = self._tables[0].rows
        wide = max(each.row_bytes for each in self._tables)
        wide += self._heap_bytes // max(1, rows)
        size = max(1, min(size, self.limits.batch_bytes // max(1, wide)))
        maps = {each.number: np.memmap(self._path, np.uint8, "r") for each in self._tables}
        heaps = {each.number: maps[each.number][each.heap[0] : sum(each.heap)] for each in self._tables}
        for first in range(0, rows, size):
            last = min(rows, first + size)
            arrays = []
            with damage_reported(self.name, "FITS", *_LIBRARY_ERRORS, pa.ArrowException):
                cells = {each.number: each.cells(maps[each.number], first, last) for each in self._tables}
                for field in schema:
                    each, column = self._sources[field.name]
                    arrays.append(column.array(cells[each.number](column.name), heaps[each.number], self.name))
                batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
            yield batch

    def _ensemble_tables(self, meta: FitsTable, data: FitsTable) -> EnsembleTables:
        _check_size(meta, self._path, self.name)
        memory = np.memmap(self._path, np.uint8, "r")
        cells, heap = meta.cells(memory, 0, 1), memory[meta.heap[0] : sum(meta.heap)]
        shared = {column.name: _values(column.array(cells(column.name), heap, self.name)) for column in meta.columns}
        stored = ((column.name, f"{data.label}.{column.name}") for column in data.columns)
        columns = {name: other if other in self.schema.names else name for name, other in stored}
        return EnsembleTables(shared, columns, data.left_out)


def _values(array: pa.Array) -> np.ndarray:
    flat = array.flatten() if pa.types.is_nested(array.type) else array
    return np.asarray(flat.to_numpy(zero_copy_only=False))


def _heap_bytes(table: FitsTable, path: Path) -> int:
    """Return the bytes of all variable-length arrays of a table, however many of them share bytes of the heap."""
    columns = [column for column in table.columns if isinstance(column, BinaryColumn) and column.descriptor]
    if not columns or not table.rows:
        return 0
    cells = table.cells(np.memmap(path, np.uint8, "r"), 0, table.rows)
    return sum(column.heap_bytes(cells(column.name), table.heap[1]) for column in columns)


def _check_size(table: FitsTable, path: Path, name: str) -> None:
    there = path.stat().st_size
    if min(table.rows, table.dtype.itemsize) < 0 or table.end > there or table.heap[0] > there:
        whole = max(0, there - table.start) // max(1, table.row_bytes)
        raise DamagedFileError(
            f"{name} is truncated: its header promises {table.rows} rows, and it holds {min(whole, table.rows)}"
            f"{' without all of their arrays' if whole >= table.rows else ''}. "
            "Check that it opens on your side, then send it again."
        )
