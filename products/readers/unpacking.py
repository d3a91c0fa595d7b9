"""Limits on the size of decompressed data."""

from core.errors import TooLargeError
from products.readers.limits import ReadLimits

__all__ = ["checked_expansion", "checked_repetition"]


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


def checked_repetition(name: str, decoded: int, stored: int | None, limits: ReadLimits) -> None:
    """Raise TooLargeError when a file repeats its values more often than any table of measurements does.

    Parameters
    ----------
    decoded
        Bytes of the values in memory.
    stored
        Bytes of the file; None when they are not known.
    """
    if stored is not None and decoded > max(limits.max_unpacked_bytes, stored * limits.max_ratio):
        raise TooLargeError(
            f"The values of {name} repeat so often that its {_megabytes(stored)} become more than "
            f"{_megabytes(max(limits.max_unpacked_bytes, stored * limits.max_ratio))} when they are read. "
            "Leave out the columns that hold one long value in all rows, and send the file again."
        )


def _megabytes(number: int) -> str:
    return (f"{number / 1e6:,.1f} MB" if number >= 100_000 else f"{number / 1e3:,.1f} kB").replace(",", " ")
