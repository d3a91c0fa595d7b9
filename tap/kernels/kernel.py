"""Declaration of a kernel."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

__all__ = ["Kernel"]

_NAME = re.compile(r"[a-z]+_[a-z_]+")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function of Arrow arrays that query processes register in their engine.

    A missing or invalid value gives a missing result, never an error that would fail the whole query. Heavy libraries
    are imported inside the function, when the first query calls it.

    Parameters
    ----------
    name
        Its name in the engine's SQL: lower-case letters with at least one underscore (``sky_area``), which no keyword
        of SQL has.
    function
        Takes one array for each argument and returns an array of the same length.
    arguments, result
        Types in SQL: ``BIGINT``, ``BOOLEAN``, ``DOUBLE``, ``INTEGER``, ``VARCHAR``, lists like ``DOUBLE[]`` (an Arrow
        list), and, for results, lists of fixed length like ``DOUBLE[2]``.
    """

    name: str
    function: Callable[..., pa.Array]
    arguments: tuple[str, ...]
    result: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            message = f"{self.name!r} is not a name of a kernel; use lower-case letters and an underscore"
            raise ValueError(message)
