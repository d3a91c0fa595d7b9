"""Reader of coverage maps in ASCII (MOC 2.0 §4.3.2), which needs no import of mocpy.

To import mocpy takes a query process longer than to compare the maps of ten thousand catalogues. Texts that are not
plain, wrong ones among them, are left to mocpy.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.sky.healpix import FINEST_ORDER

__all__ = ["plain_ranges"]

#: Characters above which mocpy is faster, its import included.
_LONG = 500_000


def plain_ranges(text: str) -> NDArray[np.int64] | None:
    """Return the first and last cells at order 29 of a map, shape (n, 2), in order; no two ranges touch.

    None stands for a text that is not plain: one with other characters than digits, ``/``, ``-`` and white space, with
    cells that an order does not have or that overlap, or of more than half a million characters.
    """
    if len(text) > _LONG or not text.isascii():
        return None
    try:
        found = sorted(_ranges(text.split()))
    except ValueError:
        return None
    joined: list[tuple[int, int]] = []
    for first, last in found:
        if joined and first <= joined[-1][1]:
            return None
        if joined and first == joined[-1][1] + 1:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return np.array(joined, np.int64).reshape(-1, 2)


def _ranges(words: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a map as they stand there.

    Raises
    ------
    ValueError
        The words are no plain map.
    """
    cells = shift = 0
    for word in words:
        order, slash, span = word.rpartition("/")
        if slash:
            shift = 2 * (FINEST_ORDER - _number(order, FINEST_ORDER))
            cells = 12 << 2 * FINEST_ORDER - shift
        if span or not slash:
            first, dash, last = span.partition("-")
            low = _number(first, cells - 1)
            high = _number(last, cells - 1) if dash else low
            if high < low:
                raise ValueError(word)
            yield low << shift, (high + 1 << shift) - 1
    if not cells:
        message = "it has no order"
        raise ValueError(message)


def _number(digits: str, most: int) -> int:
    number = int(digits) if digits.isdigit() else -1
    if not 0 <= number <= most:
        raise ValueError(digits)
    return number
