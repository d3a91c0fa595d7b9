"""A private Redis on a port of its own, which keeps nothing."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.ports import free_port
from tests.support.processes import command_as, private_folder, start, stop, unprivileged_user, wait_until

__all__ = ["running_redis"]

_START_SECONDS = 20.0


@contextmanager
def running_redis(binary: str) -> Iterator[str]:
    """Start a Redis server, give its address, and stop it at the end; it dies with the process that started it."""
    user = unprivileged_user("redis", "nobody")
    with private_folder("redis", user) as folder:
        port, log = free_port(), folder / "log"
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no"]
        process = start(command_as(user, [binary, *options]), log=log)
        try:
            wait_until(lambda: _answers(port), process, log, _START_SECONDS)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop(process)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
