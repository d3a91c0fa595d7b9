"""Memory of a long-running process: allocators that give back what they do not use.

By default glibc keeps arenas of memory for up to eight times as many threads as there are processors, and Arrow a pool
of its own. A web process whose hundred threads handle large buffers for a moment each would keep memory of all of them.
"""

import ctypes
import sys
from collections.abc import Callable

__all__ = ["limit_arenas", "release_memory"]

_M_ARENA_MAX = -8  # of malloc.h
_ARENAS = 2


def limit_arenas() -> None:
    """Let all threads share two arenas of glibc, which Arrow uses as well; call it before threads are started."""
    if (function := _glibc("mallopt")) is not None:
        function(_M_ARENA_MAX, _ARENAS)
        import pyarrow as pa  # a large import

        pa.set_memory_pool(pa.system_memory_pool())


def release_memory() -> None:
    """Return free memory of the allocator to the system."""
    if (function := _glibc("malloc_trim")) is not None:
        function(0)


def _glibc(name: str) -> Callable[..., int] | None:
    """Return a function of glibc; None on systems with another library."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
