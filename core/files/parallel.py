"""Work on several items at once in threads, in order and few ahead, for what waits for disks and networks."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_threads"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int, name: str) -> Iterator[_Result]:
    """Yield the result of each item in the order of the items.

    Items are taken as results are, so that neither all of them nor all results are in memory.

    Parameters
    ----------
    work
        Called in a thread; what it raises is raised here, and nothing more is begun.
    threads
        Number of items that are worked on at once.
    name
        Beginning of the names of the threads.
    """
    pending = deque[Future[_Result]]()
    with ThreadPoolExecutor(threads, name) as pool:
        try:
            for item in items:
                pending.append(pool.submit(work, item))
                if len(pending) >= threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for each in pending:
                each.cancel()
