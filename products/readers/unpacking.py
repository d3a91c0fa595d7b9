"""Limits on the size of decompressed data."""

from core.errors import TooLargeError
from products.readers.base import ReadLimits

__all__ = ["checked_expansion"]


def checked_expansion(name: str, unpacked: int, stored: int, limits: ReadLimits) -> None:
    """Raise TooLargeError when the table of a file is larger than allowed once unpacked.

    Parameters
    ----------
    unpacked, stored
        Bytes of the table in memory, and of the file. A table that is not larger than its file is always accepted.
    """
    if unpacked > limits.max_unpacked_bytes and unpacked > stored:
        raise TooLargeError(
            f"{name} would grow from {_megabytes(stored)} to {_megabytes(unpacked)} when unpacked; at most "
            f"{_megabytes(limits.max_unpacked_bytes)} are allowed. Send it in several parts."
        )


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB".replace(",", " ")
