"""Headers of a FITS file with one binary table (FITS 4.0 §7.3.1), written by astropy.

In addition to the keywords of the standard, TUCDn, TUTYPn, TXTYPn and TCOMMn have the UCD, utype, xtype and description
of columns, as in TOPCAT and STILTS.
"""

from typing import TYPE_CHECKING

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
    header["EXTNAME"] = _ascii(description.name or "RESULT")
    header["QSTATUS"] = (ending.value if ending else "OK", "OVERFLOW: rows were cut")
    for number, column in enumerate(columns, start=1):
        _describe(header, number, column)
    for info in description.infos:
        header.add_history(_ascii(f"{info.name}: {info.value}"))
    return _bytes(header)


def _describe(header: "fits.Header", number: int, stored: FitsColumn) -> None:
    column = stored.column
    header[f"TTYPE{number}"] = _ascii(column.name)
    header[f"TFORM{number}"] = stored.format
    if stored.missing is not None:
        header[f"TNULL{number}"] = stored.missing
    if stored.dimensions:
        header[f"TDIM{number}"] = stored.dimensions
    keywords = {
        "TUNIT": column.unit,
        "TUCD": column.ucd,
        "TUTYP": column.utype,
        "TXTYP": column.xtype,
        "TCOMM": column.description,
    }
    for keyword, value in keywords.items():
        if value:
            header[f"{keyword}{number}"] = _ascii(value)


def _ascii(text: str) -> str:
    """Return text as printable ASCII (FITS 4.0 §4.2.1); other characters are escaped."""
    one_line = " ".join(text.split())
    ascii_text = one_line.encode("ascii", "backslashreplace").decode()
    return "".join(character if " " <= character <= "~" else "?" for character in ascii_text)


def _bytes(header: "fits.Header") -> bytes:
    cards: str = header.tostring()
    return cards.encode("ascii")
