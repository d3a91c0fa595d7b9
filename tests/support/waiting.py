"""Waiting until something is as it should be, however busy the machine is."""

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable

__all__ = ["SECONDS", "is_answered", "is_listening", "wait_for"]

#: How long things may take: far longer than they do on a machine that is not overloaded.
SECONDS = 180.0


def wait_for(ready: Callable[[], object], what: str = "it did not come about", seconds: float = SECONDS) -> None:
    """Look again and again until something is so; fail with a sentence when it is not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)  # between two looks


def is_answered(url: str, *, seconds: float = 5.0) -> bool:
    """Tell whether an address is answered by 200 within so many seconds."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as e:
        e.close()
        return False
    except OSError:
        return False


def is_listening(port: int) -> bool:
    """Tell whether a port of this machine accepts connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
