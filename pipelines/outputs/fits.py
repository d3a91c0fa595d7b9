"""FITS binary table writer (FITS 4.0 §7.3), with UCDs and descriptions in TUCDn and TCOMMn as in STILTS."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import column_of_field
from core.fits_texts import LONGEST_VALUE, ascii_text, column_names
from pipelines.outputs.cells import CellEncoding, cell_encodings
from pipelines.outputs.stored_tables import ResultTable

__all__ = ["write_fits"]

_BLOCK = 2880
#: TFORM of the types of columns. Small signed integers do not exist in FITS, and unsigned ones are shifted (§5.2.5).
_FORMS = {
    "b1": "L", "u1": "B", "i1": "I", "i2": "I", "i4": "J", "i8": "K", "u2": "I", "u4": "J", "u8": "K", "f4": "E",
    "f8": "D",
}  # fmt: skip
_TYPES = {"L": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


def write_fits(table: ResultTable, path: Path) -> None:
    """Write a table as the first extension of a FITS file, batch by batch; texts in ASCII, others as escapes.

    Raises
    ------
    InvalidValueError
        When a column is of a type that FITS cannot hold.
    """
    encodings = cell_encodings(table, "ascii")
    record = np.dtype([(f"c{number}", _stored_type(each.dtype)) for number, each in enumerate(encodings)])
    with path.open("wb") as file:
        file.write(_headers(table.schema, encodings, table.num_rows))
        for batch in table.to_batches(max_chunksize=65_536):
            records = np.empty(batch.num_rows, record)
            for name, encoding, array in zip(record.names or (), encodings, batch.columns, strict=True):
                records[name] = _stored(encoding.values(array))
            file.write(records.tobytes())
        file.write(bytes(-(table.num_rows * record.itemsize) % _BLOCK))


def _headers(schema: pa.Schema, encodings: list[CellEncoding], rows: int) -> bytes:
    """Return the primary header, and that of a table of so many rows."""
    from astropy.io import fits

    columns = []
    for name, field, encoding in zip(column_names(schema.names), schema, encodings, strict=True):
        unit = column_of_field(field).unit
        unit = unit if unit and len(ascii_text(unit)) <= LONGEST_VALUE else None
        shift, missing = _shift(encoding.dtype), encoding.missing_value
        columns.append(
            fits.Column(
                name=name, format=_form(encoding.dtype), unit=unit, bzero=shift or None,
                null=None if missing is None else missing - shift,
            )
        )  # fmt: skip
    header = fits.BinTableHDU.from_columns(columns, nrows=0).header
    header["NAXIS2"] = rows
    for number, field in enumerate(schema, start=1):
        column = column_of_field(field)
        for keyword, text in (("TUCD", column.ucd), ("TCOMM", column.description), ("TUTYP", column.utype)):
            if text:
                header[f"{keyword}{number}"] = ascii_text(text)
    primary = fits.PrimaryHDU().header
    primary["EXTEND"] = True
    return bytes((primary.tostring() + header.tostring()).encode("ascii"))


def _form(dtype: np.dtype[Any]) -> str:  # of the type of the column
    return f"{dtype.itemsize}A" if dtype.kind == "S" else _FORMS[dtype.str[1:]]


def _stored_type(dtype: np.dtype[Any]) -> str:
    return dtype.str if dtype.kind == "S" else _TYPES[_form(dtype)]


def _shift(dtype: np.dtype[Any]) -> int:
    """Return TZERO: what unsigned integers are shifted by."""
    return 1 << (8 * dtype.itemsize - 1) if dtype.kind == "u" and dtype.itemsize > 1 else 0


def _stored(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return values as FITS stores them, but for the order of their bytes."""
    if values.dtype.kind == "b":
        return np.where(values, ord("T"), ord("F"))
    if shift := _shift(values.dtype):
        # Without the highest bit, an unsigned integer is what it is above the shift, in two's complement.
        signed: npt.NDArray[Any] = (values ^ values.dtype.type(shift)).view(f"i{values.dtype.itemsize}")
        return signed
    return values
