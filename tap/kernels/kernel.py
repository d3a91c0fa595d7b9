"""The declaration of a kernel."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

__all__ = ["Kernel"]

_NAME = re.compile(r"[a-z]+_[a-z_]+")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function that query processes have beyond the engine's own: Arrow arrays in, an Arrow array out.

    A value that is missing or makes no sense gives a missing result, never an error that would cost the whole query.
    Heavy libraries are imported inside the function, when the first query asks for it.

    Parameters
    ----------
    name
        Its name in the engine's SQL: lower-case letters with at least one underscore (``sky_area``), so that no word
        of a query is taken for it.
    function
        Takes one array for each argument, and gives an array of the same length.
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
            message = f"{self.name!r} is no name of a kernel; use lower-case letters and an underscore"
            raise ValueError(message)
