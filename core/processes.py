"""Identity of a process (host, pid, start time), and whether that process is alive."""

import hashlib
import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import psutil

__all__ = ["ProcessIdentity"]


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Identity of a process, unique across time, machines and containers."""

    host: str
    pid: int
    start: int

    @classmethod
    def current(cls) -> Self:
        """Return the identity of this process."""
        return cls(_this_host(), os.getpid(), _start_of(os.getpid()) or 0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of an identity, or raise ValueError."""
        host, pid, start = text.rsplit(":", 2)
        return cls(host, int(pid), int(start))

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.start}"

    @property
    def alive(self) -> bool | None:
        """Whether the process is alive; None when it belongs to another machine."""
        return _start_of(self.pid) == self.start if self.host == _this_host() else None


@cache
def _this_host() -> str:
    """Return a name of the machine, its boot and the container, in which process ids are unique."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        marks = f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux: the host name alone
        marks = ""
    digest = hashlib.sha256(marks.encode()).hexdigest()[:12]
    return f"{socket.gethostname()[:80].replace(':', '_')}.{digest}"


def _start_of(pid: int) -> int | None:
    """Return the start time of a live process in a unit of the system; None for a dead one."""
    try:
        # Fields after the name in parentheses: state is the third of all, starttime the 22nd (proc(5)).
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else int(fields[19])
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time())
    except psutil.Error:
        return None
