"""Readers of product files as astropy tables."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from astropy.table import Table
from astropy.units import Unit

from pzserver.tables.parquet import read_parquet
from pzserver.tables.texts import read_text

__all__ = ["TABLE_ENDINGS", "UnknownFormatError", "read_table", "with_descriptions"]

_Reader = Callable[[Path, Mapping[str, Any]], Table]


class UnknownFormatError(ValueError):
    """The format of a file is not supported by this library."""


def read_table(path: Path, main_file: Mapping[str, Any]) -> Table:
    """Read a file as a table.

    Parameters
    ----------
    main_file
        Properties found by the server: for texts ``delimiter``, ``has_header``, ``columns``, and a ``layout`` where a
        text is more than rows below one line of names.

    Raises
    ------
    UnknownFormatError
        The format is not supported by this library.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        message = f"{path.name} is not a table that this library reads; download_product gives you its bytes."
        raise UnknownFormatError(message)
    return read(path, main_file)


def with_descriptions(table: Table, columns: Iterable[Mapping[str, Any]]) -> Table:
    """Return the table with the server's units, descriptions and UCDs, where the file has none."""
    for known in columns:
        name = known["column_name"]
        if name not in table.colnames:
            continue
        column = table[name]
        if known["unit"] and column.unit is None and column.dtype.kind in "iuf":
            column.unit = Unit(known["unit"], parse_strict="silent")
        column.description = column.description or known["description"]
        if known["ucd"]:
            column.meta["ucd"] = known["ucd"]
    return table


def _text(delimiter: str | None) -> _Reader:
    def read(path: Path, main_file: Mapping[str, Any]) -> Table:
        if layout := main_file.get("layout"):
            message = f"{path.name} is not read by this library ({layout}); get_rows reads it through the server."
            raise UnknownFormatError(message)
        return read_text(path, main_file, delimiter)

    return read


def _astropy(format_name: str) -> _Reader:
    def read(path: Path, _: Mapping[str, Any]) -> Table:
        with warnings.catch_warnings():
            # With several tables, a wrong one is noticed when its columns are compared with the server's.
            warnings.filterwarnings("ignore", "hdu= was not specified")
            return Table.read(path, format=format_name)

    return read


def _read_parquet(path: Path, _: Mapping[str, Any]) -> Table:
    return read_parquet(path)


def _read_hdf5(path: Path, _: Mapping[str, Any]) -> Table:
    """Read a structured data set, or a group of arrays of one length."""
    with h5py.File(path, "r") as file:
        found = _first_table(file)
        if isinstance(found, h5py.Dataset):
            return Table(found[()])
        if found is not None:
            return Table({name: _values(item) for name, item in found.items()})
    message = f"{path.name} holds no table in a layout that this library reads; get_rows reads it through the server."
    raise UnknownFormatError(message)


def _first_table(group: h5py.Group) -> h5py.Group | h5py.Dataset | None:
    items = [group[name] for name in group]
    structured = [item for item in items if isinstance(item, h5py.Dataset) and item.dtype.names]
    # pandas and PyTables store blocks of values beside their index, which only the server can read.
    if structured and not any(name.startswith("values_block") for name in structured[0].dtype.names):
        return structured[0]
    arrays = [item for item in items if isinstance(item, h5py.Dataset) and item.ndim >= 1]
    plain = arrays and len(arrays) == len(items) and len({len(item) for item in arrays}) == 1
    if plain and not any(name.startswith(("axis", "block")) for name in group):
        return group
    for item in items:
        if isinstance(item, h5py.Group) and (found := _first_table(item)) is not None:
            return found
    return None


def _values(item: h5py.Dataset) -> np.ndarray[Any, np.dtype[Any]]:
    return np.asarray(item.asstr()[()]) if item.dtype.kind == "O" else np.asarray(item[()])


#: Formats by file extension; the server supports the same ones (`products/readers/formats.py`).
_FORMATS: tuple[tuple[tuple[str, ...], _Reader], ...] = (
    ((".csv",), _text(",")),
    ((".tsv", ".tab"), _text("\t")),
    ((".txt", ".dat", ".asc", ".ascii", ".tbl", ".cat", ".mrt"), _text(None)),
    ((".fits", ".fit", ".fts"), _astropy("fits")),
    ((".vot", ".votable", ".xml", ".vo"), _astropy("votable")),
    ((".ecsv",), _astropy("ascii.ecsv")),
    ((".parquet", ".pq", ".parq"), _read_parquet),
    ((".hdf5", ".h5", ".hdf", ".he5", ".hf5"), _read_hdf5),
)
_READERS = {ending: read for endings, read in _FORMATS for ending in endings}

#: File extensions that `read_table` supports.
TABLE_ENDINGS = frozenset(_READERS)
