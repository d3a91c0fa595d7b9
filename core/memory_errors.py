"""Recognition of errors that mean that memory ran out, in whichever form a library reports it."""

import errno
from collections.abc import Iterator

__all__ = ["is_out_of_memory"]

#: Parts of messages of errors that have no class of their own: threads of Python, C++ libraries such as DuckDB.
_WORDS = ("can't start new thread", "bad_alloc", "cannot allocate memory", "out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, or the one that caused it, means that memory ran out.

    Arrow's and numpy's errors are MemoryErrors; a memory map fails with ENOMEM, a new thread with a RuntimeError.
    """
    return any(_means_memory(each) for each in _chain(error))


def _means_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    # Texts of other errors may quote what a user wrote.
    return isinstance(error, RuntimeError | OSError) and any(word in str(error).lower() for word in _WORDS)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
