"""Checks of a file by its first and last bytes, before all of it has arrived: its format, and whether it is complete.

They find a wrong or a truncated file early; the inspection decides whether a table can be read.
"""

from collections.abc import Callable, Mapping

from products.readers.errors import DamagedFileError
from products.readers.formats import FITS, HDF5, PARQUET, VOTABLE
from products.readers.recognition import HEAD_BYTES, checked_kind

__all__ = ["HEAD_BYTES", "check_content"]

_BLOCK = 2880
_CARD = 80
_ZIP_END = b"PK\x05\x06"
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: Place of the address of the end of the file in a superblock (HDF5 File Format Specification 3.0, II.A), by version.
_HDF5_END: Mapping[int, int] = {0: 40, 1: 44, 2: 28, 3: 28}


def check_content(name: str, size: int, first: bytes, last: bytes) -> None:
    """Raise when a file cannot be the table that its name says, or when its end is missing.

    Parameters
    ----------
    size
        Bytes of the whole file.
    first, last
        Its first and last bytes, ``HEAD_BYTES`` of each, or all; ``last`` is empty when it is not known.

    Raises
    ------
    UnreadableFileError
        It is another format, or truncated.
    """
    kind = checked_kind(name, first[:HEAD_BYTES])
    is_complete = _CHECKS.get(kind)
    if is_complete is not None and not is_complete(size, first, last):
        raise DamagedFileError(f"{name} is truncated: the end of the {kind} file is missing. Send the complete file.")


def _parquet_is_complete(_size: int, _first: bytes, last: bytes) -> bool:
    return not last or last.endswith((b"PAR1", b"PARE"))


def _zip_is_complete(_size: int, _first: bytes, last: bytes) -> bool:
    return not last or _ZIP_END in last


def _xz_is_complete(_size: int, _first: bytes, last: bytes) -> bool:
    return not last or last.rstrip(b"\0").endswith(b"YZ")


def _votable_is_complete(_size: int, _first: bytes, last: bytes) -> bool:
    return not last or b"votable>" in last.lower()


def _hdf5_is_complete(size: int, first: bytes, _last: bytes) -> bool:
    """Return whether a file is as long as its superblock says; True where that has an unusual form."""
    start = first.find(_HDF5_SIGNATURE)
    version = first[start + 8] if 0 <= start < len(first) - 9 else -1
    place = _HDF5_END.get(version)
    if place is None or len(first) < start + place + 8:
        return True
    if first[start + (13 if version < 2 else 9)] != 8:  # addresses of another size
        return True
    end = int.from_bytes(first[start + place : start + place + 8], "little")
    return end == 2**64 - 1 or size >= end


def _fits_is_complete(size: int, first: bytes, _last: bytes) -> bool:
    """Return whether the data of each header in the first bytes fit into a file."""
    start = 0
    while start < min(len(first), size):
        header = _fits_header(first, start)
        if header is None:
            return size >= start + _BLOCK
        cards, end = header
        axes = [cards.get(f"NAXIS{number}", 0) for number in range(1, cards.get("NAXIS", 0) + 1)]
        product = 1
        for length in axes:
            product *= length
        items = cards.get("GCOUNT", 1) * (cards.get("PCOUNT", 0) + product) if axes else 0
        data = abs(cards.get("BITPIX", 8)) // 8 * items
        if end + data > size:
            return False
        start = end + -(-data // _BLOCK) * _BLOCK
    return True


def _fits_header(first: bytes, start: int) -> tuple[dict[str, int], int] | None:
    """Return the whole numbers of a header and where it ends; None when its end is not in these bytes."""
    cards: dict[str, int] = {}
    for place in range(start, len(first) - _CARD + 1, _CARD):
        keyword, _, value = first[place : place + _CARD].decode("latin-1").partition("=")
        if keyword.strip() == "END":
            return cards, start + -(-(place + _CARD - start) // _BLOCK) * _BLOCK
        number = value.partition("/")[0].strip()
        if number.lstrip("+-").isdecimal():
            cards.setdefault(keyword.strip(), int(number))
    return None


_CHECKS: Mapping[str, Callable[[int, bytes, bytes], bool]] = {
    PARQUET.name: _parquet_is_complete,
    HDF5.name: _hdf5_is_complete,
    FITS.name: _fits_is_complete,
    VOTABLE.name: _votable_is_complete,
    "zip": _zip_is_complete,
    "xz": _xz_is_complete,
}
