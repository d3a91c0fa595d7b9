"""Nodes that are read from the database in blocks, when somebody wants them."""

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from vospace.models import Node

__all__ = ["BLOCK", "LazyNodes"]

#: Nodes that are read at once.
BLOCK = 500


class LazyNodes(Sequence[Node]):
    """Nodes whose order is settled, and which are read when they are wanted, anew each time.

    However many they are, only a block of them is in memory, and no transaction stays open while somebody reads them
    slowly. What is deleted, moved away, or closed to the caller meanwhile is left out, though it was counted; nothing
    comes twice.

    Parameters
    ----------
    numbers
        Numbers of the rows, in order.
    read
        Gives the nodes of some rows, in their order, without those that are not there any more.
    """

    def __init__(self, numbers: Sequence[int], read: Callable[[Sequence[int]], Sequence[Node]]) -> None:
        self._numbers = numbers
        self._read = read

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Node: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Node]: ...
    def __getitem__(self, index: int | slice) -> Node | Sequence[Node]:
        if isinstance(index, slice):
            return LazyNodes(self._numbers[index], self._read)
        return self._read([self._numbers[index]])[0]

    def __iter__(self) -> Iterator[Node]:
        for first in range(0, len(self._numbers), BLOCK):
            yield from self._read(self._numbers[first : first + BLOCK])
