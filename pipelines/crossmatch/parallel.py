"""Runner of a function over arguments, several at a time: by threads of this process, or by workers elsewhere."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

__all__ = ["Runner", "ThreadRunner", "in_turn"]

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")
_Future = TypeVar("_Future")

#: Each has the rows of a partition in memory.
_MOST_THREADS = 4


class Runner(Protocol):
    """Protocol of what runs a function over arguments."""

    def each(
        self, function: Callable[[_Argument], _Result], arguments: Iterable[_Argument], folder: Path
    ) -> Iterator[_Result]:
        """Yield the results in the order of the arguments.

        Parameters
        ----------
        function
            A function of a module; it and its arguments may be sent to another process.
        folder
            Folder with what the function reads.
        """


class ThreadRunner:
    """Runner in threads of this process."""

    def each(
        self,
        function: Callable[[_Argument], _Result],
        arguments: Iterable[_Argument],
        folder: Path,  # noqa: ARG002 - threads see every folder
    ) -> Iterator[_Result]:
        """Yield the results in the order of the arguments."""
        number = min(os.cpu_count() or 1, _MOST_THREADS)
        with ThreadPoolExecutor(number) as threads:
            yield from in_turn(lambda one: threads.submit(function, one), lambda one: one.result(), arguments, number)


def in_turn(
    submit: Callable[[_Argument], _Future],
    result: Callable[[_Future], _Result],
    arguments: Iterable[_Argument],
    most: int,
) -> Iterator[_Result]:
    """Yield results in the order of the arguments, of which at most so many are under way or waiting."""
    waiting: deque[_Future] = deque()
    for each in arguments:
        waiting.append(submit(each))
        if len(waiting) >= most:
            yield result(waiting.popleft())
    while waiting:
        yield result(waiting.popleft())
