"""Headers of a FITS file with one binary table (FITS 4.0 §7.3.1), written by astropy.

In addition to the keywords of the standard, TUCDn, TUTYPn, TXTYPn and TCOMMn have the UCD, utype, xtype and description
of columns, as in TOPCAT and STILTS. TDENSn has the form and the grid of a column of probability densities, as JSON.
"""

from typing import TYPE_CHECKING

from core.fits_texts import LONGEST_VALUE, ascii_text, column_names
from core.votable import Info, TableDescription
from tap.results.fits_columns import FitsColumn

if TYPE_CHECKING:
    from astropy.io import fits

__all__ = ["primary_header", "table_header"]


def primary_header() -> bytes:
    """Return the header of an empty primary HDU."""
    from astropy.io import fits

    return _bytes(fits.PrimaryHDU().header)


def table_header(
    description: TableDescription, columns: tuple[FitsColumn, ...], *, rows: int, heap: int, ending: Info | None
) -> bytes:
    """Return the header of the table.

    Parameters
    ----------
    rows, heap
        Number of rows, and size of the heap in bytes.
    ending
        Status of a truncated result.
    """
    from astropy.io import fits

    header = fits.Header()
    header["XTENSION"] = ("BINTABLE", "binary table extension")
    header["BITPIX"] = 8
    header["NAXIS"] = 2
    header["NAXIS1"] = (sum(column.width for column in columns), "bytes in a row")
    header["NAXIS2"] = (rows, "rows")
    header["PCOUNT"] = (heap, "bytes in the heap")
    header["GCOUNT"] = 1
    header["TFIELDS"] = (len(columns), "columns")
    header["EXTNAME"] = ascii_text(description.name or "RESULT")
    header["QSTATUS"] = (ending.value if ending else "OK", "OVERFLOW: rows were cut")
    names = column_names(stored.column.name for stored in columns)
    for number, (name, column) in enumerate(zip(names, columns, strict=True), start=1):
        _describe(header, number, name, column)
    for info in description.infos:
        header.add_history(ascii_text(f"{info.name}: {info.value}"))
    return _bytes(header)


def _describe(header: "fits.Header", number: int, name: str, stored: FitsColumn) -> None:
    column = stored.column
    header[f"TTYPE{number}"] = name
    if name != (full := ascii_text(column.name)):
        header.add_history(f"TTYPE{number} stands for {full}")
    header[f"TFORM{number}"] = stored.format
    if stored.missing is not None:
        header[f"TNULL{number}"] = stored.missing
    if stored.dimensions:
        header[f"TDIM{number}"] = stored.dimensions
    keywords = {
        "TUNIT": column.unit if column.unit and len(ascii_text(column.unit)) <= LONGEST_VALUE else None,
        "TUCD": column.ucd,
        "TUTYP": column.utype,
        "TXTYP": column.xtype,
        "TCOMM": column.description,
        "TDENS": column.density,
    }
    for keyword, value in keywords.items():
        if value:
            header[f"{keyword}{number}"] = ascii_text(value)


def _bytes(header: "fits.Header") -> bytes:
    cards: str = header.tostring()
    return cards.encode("ascii")
