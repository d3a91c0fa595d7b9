"""HDF5 writer: a dataset per column at the root, with unit, UCD and description as attributes."""

from pathlib import Path

import pyarrow as pa

from core.columns import column_of_field
from core.errors import InvalidValueError
from pipelines.outputs.cells import array_of

__all__ = ["write_hdf5"]


def write_hdf5(table: pa.Table, path: Path) -> None:
    """Write a table as HDF5; texts in UTF-8.

    Raises
    ------
    InvalidValueError
        When a column is of a type that HDF5 cannot hold, or a slash stands in its name.
    """
    import h5py

    with h5py.File(path, "w") as file:
        for field in table.schema:
            if "/" in field.name or field.name in {"", "."}:
                raise InvalidValueError(f"HDF5 cannot hold a column named '{field.name}': a slash separates groups.")
            cells = array_of(table, field.name, "utf-8")
            dtype = cells.values.dtype
            kind = h5py.string_dtype("utf-8", dtype.itemsize) if dtype.kind == "S" else dtype
            dataset = file.create_dataset(field.name, data=cells.values.astype(kind))
            column = column_of_field(field)
            for key in ("unit", "ucd", "utype", "description"):
                if text := getattr(column, key):
                    dataset.attrs[key] = text
            if cells.missing_value is not None:
                dataset.attrs["missing_value"] = cells.missing_value
