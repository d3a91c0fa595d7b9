"""Demo tables as files, in the formats that astronomers send, with units and meanings where a format can hold them."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from core.columns import Column, column_of_field
from core.photoz.forms import DensityForm

__all__ = ["write_table"]


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table in the format that the path's extension names: csv, fits, hdf5, parquet or vot."""
    _WRITERS[path.suffix](table, path)


def _write_csv(table: pa.Table, path: Path) -> None:
    options = pa_csv.WriteOptions(quoting_style="none")
    pa_csv.write_csv(table, path, options)


def _write_parquet(table: pa.Table, path: Path) -> None:
    pa_parquet.write_table(table, path, compression="zstd")


def _write_fits(table: pa.Table, path: Path) -> None:
    """Write a binary table; UCDs and descriptions go where STILTS writes them (TUCDn, TCOMMn)."""
    from astropy.io import fits

    columns = []
    for number, described in enumerate(_columns(table)):
        values = _filled(table.column(number))
        columns.append(fits.Column(described.name, _fits_format(values), unit=described.unit, array=values))
    hdu = fits.BinTableHDU.from_columns(columns, name="CATALOGUE")
    for number, described in enumerate(_columns(table), start=1):
        hdu.header[f"TUCD{number}"] = described.ucd
        hdu.header[f"TCOMM{number}"] = described.description
    hdu.writeto(path, overwrite=True)


def _write_hdf5(table: pa.Table, path: Path) -> None:
    """Write RAIL's layout: a group ``photometry`` with one array for each column; densities as an ensemble of qp."""
    if any(described.density for described in _columns(table)):
        _write_ensemble(table, path)
        return
    with h5py.File(path, "w") as file:
        group = file.create_group("photometry", track_order=True)  # columns stay in their order
        for number, described in enumerate(_columns(table)):
            values = _filled(table.column(number))
            dataset = group.create_dataset(
                described.name, data=values.astype("S") if values.dtype.kind == "U" else values
            )
            for key in ("unit", "ucd", "description"):
                if value := getattr(described, key):
                    dataset.attrs[key] = value


def _write_ensemble(table: pa.Table, path: Path) -> None:
    """Write the groups of qp: ``meta`` and ``data`` of the densities on a grid, ``ancil`` with the other columns."""
    with h5py.File(path, "w") as file:
        for described in _columns(table):
            if described.density is None:
                file[f"ancil/{described.name}"] = _filled(table.column(described.name))
                continue
            form = DensityForm.from_json(described.density)
            lists = table.column(described.name).combine_chunks()
            file["meta/pdf_name"] = np.array([form.name.encode()])
            file["meta/pdf_version"] = np.array([0])
            file["meta/xvals"] = np.array([form.grid])
            file["data/yvals"] = lists.flatten().to_numpy().reshape(-1, form.size)


def _write_votable(table: pa.Table, path: Path) -> None:
    from astropy.io.votable.tree import Field, Resource, TableElement, VOTableFile

    votable = VOTableFile(version="1.4")
    resource = Resource()
    votable.resources.append(resource)
    element = TableElement(votable)
    resource.tables.append(element)
    for described in _columns(table):
        field = Field(votable, name=described.name, datatype=described.datatype, arraysize=described.arraysize)
        field.unit, field.ucd, field.description = described.unit, described.ucd, described.description
        element.fields.append(field)
    element.create_arrays(table.num_rows)
    for number, name in enumerate(element.array.dtype.names):
        element.array[name] = _filled(table.column(number))
    buffer = io.BytesIO()
    votable.to_xml(buffer)
    path.write_bytes(buffer.getvalue())


_WRITERS: Mapping[str, Callable[[pa.Table, Path], None]] = {
    ".csv": _write_csv,
    ".fits": _write_fits,
    ".hdf5": _write_hdf5,
    ".parquet": _write_parquet,
    ".vot": _write_votable,
}


def _columns(table: pa.Table) -> list[Column]:
    return [column_of_field(field) for field in table.schema]


def _filled(column: pa.ChunkedArray) -> np.ndarray:
    """Return the values of a column: texts as fixed-width strings, missing numbers as NaN."""
    values: np.ndarray = column.to_numpy()
    return values.astype("U") if values.dtype == object else values


def _fits_format(values: np.ndarray) -> str:
    from astropy.io import fits

    kind = values.dtype
    if kind.kind == "U":
        return f"{kind.itemsize // 4}A"
    found: str = fits.column.NUMPY2FITS[kind.str[1:]]
    return found
