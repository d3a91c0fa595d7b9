"""Protocol for the look-up of input files in the VOSpace by their ``vos:`` URI."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.auth.models import Identity

__all__ = ["InputFile", "InputNode", "InputNodes"]


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input file in the VOSpace, or a folder as a zip of its files.

    Parameters
    ----------
    address
        URI of the file, after links.
    stored_id
        Id in the file store; None when there are no bytes, or they are generated on reading.
    is_folder
        Whether it is a folder; its checksum is of the names and checksums of its files.
    is_open
        Whether all registered users can read it.
    read
        Yields the bytes from a start to an end (exclusive).
    """

    address: str
    name: str
    size: int
    sha256: str
    modified: datetime
    stored_id: str | None
    is_open: bool
    read: Callable[[int, int], Iterator[bytes]]
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class InputNode:
    """Target of a URI: a product, a file of a product, or a file or folder below ``/home``.

    Parameters
    ----------
    product
        Internal name of the product; None for a file below ``/home``.
    file
        None for a product as a whole.
    """

    product: str | None
    file: InputFile | None


class InputNodes(Protocol):
    """Protocol of the look-up of ``vos:`` URIs."""

    def check(self, address: str) -> None:
        """Raise InvalidValueError when a URI does not belong to this server; nothing is looked up."""

    def find(self, identity: Identity, address: str) -> InputNode:
        """Return the target of a URI, after links.

        Raises
        ------
        InvalidValueError
            The URI does not belong to this server, or leads to an empty folder, a home or another service.
        NotFoundError
            The target does not exist, or the identity cannot read it.
        """
