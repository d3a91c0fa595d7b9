"""Address-space limit of a job, and resident memory of this process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["limited_address_space", "resident_bytes"]


@contextmanager
def limited_address_space(more_bytes: int | None) -> Iterator[None]:
    """Limit the address space of this process to its present size and this many bytes; beyond, allocations fail.

    Only Linux enforces such a limit; elsewhere nothing is limited.
    """
    if more_bytes is None or sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _statm(0) + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def resident_bytes() -> int:
    """Return the resident memory of this process; zero where it is not cheap to find out."""
    return _statm(1) if sys.platform == "linux" else 0


def _statm(field: int) -> int:
    import resource

    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[field]) * resource.getpagesize()
