"""Files of products read as astropy tables."""

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from astropy.table import Table
from astropy.units import Unit

from pzserver.parquet import read_parquet
from pzserver.texts import read_text

__all__ = ["UnknownFormatError", "read_table", "with_descriptions"]

_TEXT = {".csv": ",", ".tsv": "\t", ".txt": None, ".dat": None}
_ASTROPY = {
    ".fits": "fits",
    ".fit": "fits",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
    ".ecsv": "ascii.ecsv",
}
_PARQUET = {".parquet", ".pq", ".parq"}
_HDF5 = {".hdf5", ".h5", ".hdf"}


class UnknownFormatError(ValueError):
    """A file that this library does not read as a table."""


def read_table(path: Path, main_file: Mapping[str, Any]) -> Table:
    """Read a file as a table.

    Parameters
    ----------
    main_file
        What the server found out about it: for texts ``delimiter``, ``has_header`` and ``columns``.

    Raises
    ------
    UnknownFormatError
        Its format is not one that this library reads.
    """
    extension = path.suffix.lower()
    if extension in _TEXT:
        return read_text(path, main_file, _TEXT[extension])
    if extension in _PARQUET:
        return read_parquet(path)
    if extension in _HDF5:
        return _read_hdf5(path)
    if extension in _ASTROPY:
        with warnings.catch_warnings():
            # Which of several tables is meant shows when its columns are compared with those that the server found.
            warnings.filterwarnings("ignore", "hdu= was not specified")
            return Table.read(path, format=_ASTROPY[extension])
    message = f"{path.name} is not a table that this library reads; download_product gives you its bytes."
    raise UnknownFormatError(message)


def with_descriptions(table: Table, columns: Iterable[Mapping[str, Any]]) -> Table:
    """Give columns the units, descriptions and UCDs that the server knows, where the file said none."""
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


def _read_hdf5(path: Path) -> Table:
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
    # pandas and PyTables keep blocks of values beside their index; only the server takes those apart.
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
