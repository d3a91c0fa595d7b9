"""The formats in which pipelines write tables, and the names by which users call them."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from core.errors import InvalidValueError
from pipelines.outputs.delimited import write_csv
from pipelines.outputs.fits import write_fits
from pipelines.outputs.hdf5 import write_hdf5
from pipelines.outputs.parquet import write_parquet
from pipelines.outputs.votable import write_votable

__all__ = ["OutputFormat", "output_format_of", "write_table"]


class OutputFormat(StrEnum):
    """A file format; the value is the ending of its files."""

    CSV = "csv"
    PARQUET = "parquet"
    FITS = "fits"
    HDF5 = "hdf5"
    VOTABLE = "vot"


_NAMES: Mapping[str, OutputFormat] = {
    "csv": OutputFormat.CSV,
    "parquet": OutputFormat.PARQUET,
    "pq": OutputFormat.PARQUET,
    "fits": OutputFormat.FITS,
    "fit": OutputFormat.FITS,
    "hdf5": OutputFormat.HDF5,
    "h5": OutputFormat.HDF5,
    "hf5": OutputFormat.HDF5,
    "votable": OutputFormat.VOTABLE,
    "vot": OutputFormat.VOTABLE,
    "xml": OutputFormat.VOTABLE,
}

_WRITERS: Mapping[OutputFormat, Callable[[pa.Table, Path], None]] = {
    OutputFormat.CSV: write_csv,
    OutputFormat.PARQUET: write_parquet,
    OutputFormat.FITS: write_fits,
    OutputFormat.HDF5: write_hdf5,
    OutputFormat.VOTABLE: write_votable,
}


def output_format_of(name: str) -> OutputFormat:
    """Find the format that a user's word means.

    Raises
    ------
    InvalidValueError
        When no format has that name.
    """
    try:
        return _NAMES[name.strip().lower().lstrip(".")]
    except KeyError:
        raise InvalidValueError(
            f"There is no output format '{name}'; choose one of {', '.join(_NAMES)}.", field="output_format"
        ) from None


def write_table(table: pa.Table, path: Path, output_format: OutputFormat) -> None:
    """Write a table; units, UCDs and descriptions on its fields are kept in every format but CSV, which has no place.

    Missing values are empty in CSV, null in Parquet and VOTable, and in FITS and HDF5 what `outputs.cells` says. The
    file appears under its name when it is complete.

    Raises
    ------
    InvalidValueError
        When a column is of a type that the format cannot hold.
    """
    staged = path.with_name(f".{path.name}.part")
    try:
        _WRITERS[output_format](table, staged)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
