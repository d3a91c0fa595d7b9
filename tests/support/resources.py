"""What this process has open: descriptors, threads and children."""

import gc
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from tests.support.processes import is_gone

__all__ = ["Resources"]


@dataclass(frozen=True, slots=True)
class Resources:
    """What is open at one moment.

    Parameters
    ----------
    descriptors
        Numbers with what they stand for.
    """

    descriptors: frozenset[tuple[str, str]] = frozenset()
    threads: frozenset[threading.Thread] = frozenset()
    children: frozenset[psutil.Process] = frozenset()

    @classmethod
    def now(cls) -> Self:
        """Look, after the garbage collector has closed what was left to it."""
        gc.collect()
        descriptors = set()
        for path in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # the one that lists the others
                descriptors.add((path.name, str(path.readlink())))
        children = [child for child in psutil.Process().children() if not is_gone(child)]
        return cls(frozenset(descriptors), frozenset(threading.enumerate()), frozenset(children))

    def beyond(self, earlier: Self) -> Self:
        """Give what was not there before; what others closed meanwhile does not matter."""
        return type(self)(
            self.descriptors - earlier.descriptors, self.threads - earlier.threads, self.children - earlier.children
        )
