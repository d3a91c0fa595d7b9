"""Reader of HDF5 files, slice by slice with h5py alone; nothing is unpickled."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa

from core.errors import InvalidValueError
from products.readers.base import EnsembleTables, FileReader, ReadLimits, TableChoice, chosen_tables
from products.readers.column_checks import described_field
from products.readers.errors import ColumnTypeError, NotATableError, damage_reported, listed
from products.readers.formats import HDF5
from products.readers.hdf5.columns import Hdf5Column, Hdf5Table, read_slice, storage_problem
from products.readers.hdf5.layouts import found_tables
from products.readers.hdf5.pandas_layouts import PICKLED
from products.readers.unpacking import checked_expansion

__all__ = ["Hdf5Reader"]

_LIBRARY_ERRORS = (OSError, ValueError, KeyError, TypeError, RuntimeError, IndexError, AttributeError, OverflowError,
                   pa.ArrowException)  # fmt: skip
#: Values of an array that all densities of an ensemble share.
_MOST_SHARED = 1_000_000


class Hdf5Reader(FileReader):
    """Reader of an HDF5 file with a table in one of the known layouts.

    Parameters
    ----------
    table
        Path of the group or dataset of the table; that with most rows by default.
    """

    format = HDF5.name

    def __init__(self, path: Path, name: str, limits: ReadLimits, table: str | None = None) -> None:
        with damage_reported(name, "HDF5", *_LIBRARY_ERRORS):
            self._file = h5py.File(path, "r", locking=False)
        try:
            with damage_reported(name, "HDF5", *_LIBRARY_ERRORS):
                tables, notes = found_tables(self._file, name)
            chosen = _chosen(tables, name, table)
            choices = tuple(
                TableChoice(each.path, each.rows, len(each.columns) + len(each.refused), is_read=each is chosen)
                for each in tables
            )
            others = [f"{each.path} ({each.rows} rows)" for each in tables if each is not chosen]
            if others:
                which = "largest table" if table is None else "table"
                notes.append(f"The {which}, {chosen.path}, was read; there are others: {listed(others)}.")
            _check_refused(chosen, name)
            self._columns = {column.name: column for column in chosen.columns}
            schema = pa.schema([
                described_field(column.name, column.arrow_type, **column.meanings) for column in chosen.columns
            ])  # fmt: skip
            checked_expansion(name, _unpacked(self._file, chosen), path.stat().st_size, limits)
            super().__init__(
                name, schema, limits=limits, rows=chosen.rows, notes=[*chosen.notes, *notes], tables=choices,
                left_out=chosen.refused, details={"layout": chosen.layout, "group": chosen.path},
            )  # fmt: skip
            if chosen.meta is not None:
                with damage_reported(name, "HDF5", *_LIBRARY_ERRORS):
                    meta = _small_arrays(self._file[chosen.meta])
                self.ensemble = EnsembleTables(meta, chosen.parameters, chosen.refused)
        except BaseException:
            self._file.close()
            raise
        self.when_closed(self._file.close)

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        columns = [self._columns[name] for name in schema.names]
        members: dict[str, list[str]] = {}
        for column in columns:
            wanted = members.setdefault(column.dataset, [])
            wanted += [key for key in (column.member, column.mask) if key is not None and key not in wanted]
        rows = self.rows or 0
        for first in range(0, rows, size):
            last = min(rows, first + size)
            with damage_reported(self.name, "HDF5", *_LIBRARY_ERRORS):
                values = {path: read_slice(self._file[path], keys, first, last) for path, keys in members.items()}
                arrays = [_array(column, values[column.dataset]) for column in columns]
                batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
            yield batch


def _array(column: Hdf5Column, values: Mapping[str | None, np.ndarray]) -> pa.Array:
    mask = None if column.mask is None else values[column.mask].astype(bool)
    return column.array(values[column.member], mask)


def _chosen(tables: list[Hdf5Table], name: str, wanted: str | None) -> Hdf5Table:
    if not tables:
        raise NotATableError(
            f"{name} holds no table. Put the columns as arrays of equal length into one group, or save the table with "
            'astropy, or with pandas (to_hdf with format="table").'
        )
    if wanted is None:
        return max(tables, key=lambda table: (bool(table.columns), table.rows))
    choices = [TableChoice(table.path, table.rows, len(table.columns)) for table in tables]
    numbers = chosen_tables(name, choices, wanted)
    if len(numbers) > 1:
        raise InvalidValueError(f"Only one table of {name} can be read at a time.", field="table")
    return tables[numbers[0]]


def _check_refused(table: Hdf5Table, name: str) -> None:
    if not table.columns and PICKLED in table.refused.values():
        raise ColumnTypeError(
            f"Columns of {name} hold {PICKLED} ({listed(list(table.refused))}); these are never opened, since they can "
            'run code. Save the table with to_hdf(…, format="table") or to_parquet(…), and send that.'
        )


def _small_arrays(group: h5py.Group) -> dict[str, np.ndarray]:
    """Return the arrays of a group that describes a table; larger ones describe no table."""
    arrays = {
        key: group[key]
        for key in group
        if isinstance(group.get(key, getlink=True), h5py.HardLink) and isinstance(group[key], h5py.Dataset)
    }
    return {
        key: np.asarray(array[()])
        for key, array in arrays.items()
        if array.size is not None and array.size <= _MOST_SHARED and storage_problem(array) is None
    }


def _unpacked(file: h5py.File, table: Hdf5Table) -> int:
    datasets = [file[path] for path in {column.dataset for column in table.columns}]
    return sum(int(dataset.size or 0) * int(dataset.id.get_type().get_size()) for dataset in datasets)
