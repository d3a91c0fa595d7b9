"""Files that runs read by their ``vos:`` address, and what finds them: the VOSpace, which stands beside pipelines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.auth.models import Identity

__all__ = ["InputFile", "InputNode", "InputNodes"]


@dataclass(frozen=True, slots=True)
class InputFile:
    """The bytes at an address.

    Parameters
    ----------
    address
        Of the file itself, once links are followed.
    stored_id
        Where the bytes are stored; none when there are none, or they are made while they are read.
    is_open
        Whether every registered user may read it.
    read
        Streams the bytes from a start up to, not including, an end.
    """

    address: str
    name: str
    size: int
    sha256: str
    modified: datetime
    stored_id: str | None
    is_open: bool
    read: Callable[[int, int], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class InputNode:
    """Where an address leads: to a product as a whole, to a file of a product, or to a file of somebody's own.

    Parameters
    ----------
    product
        Internal name of the product; none of a file of somebody's own.
    file
        None of a product as a whole.
    """

    product: str | None
    file: InputFile | None


class InputNodes(Protocol):
    """Finds what addresses lead to, in the name of who asks."""

    def find(self, identity: Identity, address: str) -> InputNode:
        """Follow an address and the links on its way.

        Raises
        ------
        InvalidValueError
            It is not an address of this server, or leads to a folder or to another place.
        NotFoundError
            There is nothing, or nothing that the identity may read; the words are the same.
        """
