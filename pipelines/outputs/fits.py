"""FITS binary table writer (FITS 4.0 §7.3), with UCDs and descriptions in TUCDn and TCOMMn as in STILTS."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.columns import column_of_field
from core.fits_texts import LONGEST_VALUE, ascii_text, column_names
from pipelines.outputs.cells import array_of

__all__ = ["write_fits"]


def write_fits(table: pa.Table, path: Path) -> None:
    """Write a table as the first extension of a FITS file; texts in ASCII, other characters as escapes.

    Raises
    ------
    InvalidValueError
        When a column is of a type that FITS cannot hold.
    """
    from astropy.io import fits

    columns = []
    for name, field in zip(column_names(table.schema.names), table.schema, strict=True):
        cells = array_of(table, field.name, "ascii")
        unit = column_of_field(field).unit
        unit = unit if unit and len(ascii_text(unit)) <= LONGEST_VALUE else None
        values, dtype = cells.values, cells.values.dtype
        # Small signed integers do not exist in FITS; astropy scales unsigned ones itself.
        values = values.astype("i2") if dtype == "i1" else values
        columns.append(
            fits.Column(
                name=name, array=values, format=_form(values.dtype), unit=unit, null=cells.missing_value,
                **({"bzero": 2 ** (8 * dtype.itemsize - 1)} if dtype.kind == "u" and dtype.itemsize > 1 else {}),
            )
        )  # fmt: skip
    extension = fits.BinTableHDU.from_columns(columns, nrows=table.num_rows)
    for number, field in enumerate(table.schema, start=1):
        column = column_of_field(field)
        for keyword, text in (("TUCD", column.ucd), ("TCOMM", column.description), ("TUTYP", column.utype)):
            if text:
                extension.header[f"{keyword}{number}"] = ascii_text(text)
    fits.HDUList([fits.PrimaryHDU(), extension]).writeto(path, overwrite=True)


def _form(dtype: np.dtype[Any]) -> str:  # of the type of the column
    if dtype.kind == "S":
        return f"{max(1, dtype.itemsize)}A"  # astropy reads bytes of the next column for a width of 0
    return {"b1": "L", "u1": "B", "i2": "I", "i4": "J", "i8": "K", "u2": "I", "u4": "J", "u8": "K", "f4": "E"}.get(
        dtype.str[1:], "D"
    )
