"""A limit on the memory of a job."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["limited_address_space", "resident_bytes"]


@contextmanager
def limited_address_space(more_bytes: int | None) -> Iterator[None]:
    """Let this process take so much more address space than it has now; beyond that, allocations fail.

    Only Linux keeps to such a limit; elsewhere nothing is limited.
    """
    if more_bytes is None or sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _statm(0) + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def resident_bytes() -> int:
    """Return the memory that this process holds; zero where that cannot be known cheaply."""
    return _statm(1) if sys.platform == "linux" else 0


def _statm(field: int) -> int:
    import resource

    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[field]) * resource.getpagesize()
