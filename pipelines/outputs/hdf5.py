"""HDF5 writer: a dataset per column at the root, with unit, UCD and description as attributes."""

from pathlib import Path

from core.columns import column_of_field
from core.errors import InvalidValueError
from pipelines.outputs.cells import cell_encodings
from pipelines.outputs.stored_tables import ResultTable

__all__ = ["write_hdf5"]


def write_hdf5(table: ResultTable, path: Path) -> None:
    """Write a table as HDF5, batch by batch; texts in UTF-8.

    Raises
    ------
    InvalidValueError
        When a column is of a type that HDF5 cannot hold, or a slash stands in its name.
    """
    import h5py

    for name in table.schema.names:
        if "/" in name or name in {"", "."}:
            raise InvalidValueError(f"HDF5 cannot hold a column named '{name}': a slash separates groups.")
    encodings = cell_encodings(table, "utf-8")
    with h5py.File(path, "w") as file:
        for encoding, field in zip(encodings, table.schema, strict=True):
            dtype = encoding.dtype
            kind = h5py.string_dtype("utf-8", dtype.itemsize) if dtype.kind == "S" else dtype
            dataset = file.create_dataset(encoding.name, shape=(table.num_rows,), dtype=kind)
            column = column_of_field(field)
            for key in ("unit", "ucd", "utype", "description"):
                if text := getattr(column, key):
                    dataset.attrs[key] = text
            if encoding.missing_value is not None:
                dataset.attrs["missing_value"] = encoding.missing_value
        start = 0
        for batch in table.to_batches(max_chunksize=65_536):
            for encoding, array in zip(encodings, batch.columns, strict=True):
                dataset = file[encoding.name]
                dataset[start : start + len(array)] = encoding.values(array).astype(dataset.dtype)
            start += batch.num_rows
