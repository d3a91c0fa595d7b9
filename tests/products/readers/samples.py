"""Small tables, written in each format by astropy, pandas or pyarrow, to be read by the readers."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from core.errors import PhotozError
from products.readers import ReadLimits, open_table

FORMATS = ("CSV", "FITS", "HDF5", "Parquet", "VOTable", "ECSV")
SUFFIX = {"CSV": "csv", "FITS": "fits", "HDF5": "hdf5", "Parquet": "parquet", "VOTable": "vot", "ECSV": "ecsv"}


def astropy_sample(rows: int = 5) -> Table:
    """A table with a unit, a description, a masked column, text and truths."""
    numbers = np.arange(rows)
    table = Table({
        "id": numbers + 10**12,
        "ra": 150 + numbers / 7,
        "z": np.ma.MaskedArray((numbers / 3).astype("f4"), mask=numbers == 1),
        "count": np.ma.MaskedArray(numbers.astype("i4"), mask=numbers == 2),
        "survey": [f"survey-{number % 3}" for number in numbers],
        "is_star": numbers % 2 == 0,
    })  # fmt: skip
    table["ra"].unit = "deg"
    table["ra"].description = "Right ascension"
    return table


def write(table: Table, kind: str, folder: Path, name: str = "cat") -> Path:
    """Write a table as astropy writes it in one of the formats."""
    path = folder / f"{name}.{SUFFIX[kind]}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match kind:
            case "CSV":
                table.write(path, format="ascii.csv", overwrite=True)
            case "HDF5":
                table.write(path, path="data", serialize_meta=True, overwrite=True)
            case "VOTable":
                table.write(path, format="votable", tabledata_format="binary2", overwrite=True)
            case "Parquet":
                table.write(path, format="parquet", overwrite=True)
            case _:
                table.write(path, overwrite=True)
    return path


def read(path: Path, name: str | None = None, *, size: int = 65536, **limits: int) -> pa.Table:
    """Read a whole file, checking that every batch has the schema and the size that were promised."""
    with open_table(path, name or path.name, limits=ReadLimits(**limits)) as reader:
        batches = list(reader.batches(size=size))
        assert all(batch.schema.equals(reader.schema, check_metadata=True) for batch in batches)
        assert all(batch.num_rows <= size for batch in batches)
        table = pa.Table.from_batches(batches, reader.schema)
        assert reader.rows in {None, table.num_rows}
        table.validate(full=True)
        return table


def refusal(path: Path, name: str | None = None, **limits: int) -> str:
    """Read a file that must be refused, and give the sentence; its status must be one of a refusal."""
    with pytest.raises(PhotozError) as caught:
        read(path, name, **limits)
    assert caught.value.status in {413, 422}
    return caught.value.message


def parquet(folder: Path, name: str = "cat.parquet", **columns: object) -> Path:
    """Write columns as pyarrow writes them."""
    path = folder / name
    pq.write_table(pa.table(columns), path)
    return path
