"""A private Redis on a port of its own, which keeps nothing, and can be killed and started again."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import command_as, private_folder, start, stop, unprivileged_user, wait_until

__all__ = ["RedisServer", "redis_server", "running_redis"]

_START_SECONDS = 60.0


class RedisServer:
    """A Redis server that keeps its address through restarts, and forgets everything by them."""

    def __init__(self, binary: str, folder: Path, user: str | None) -> None:
        self._port, self._log = free_port(), folder / "log"
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self._command = command_as(user, [binary, *options, "--save", "", "--appendonly", "no"])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = start(self._command, log=self._log)
        wait_until(lambda: _answers(self._port), self._process, self._log, _START_SECONDS)

    def kill(self) -> None:
        """Kill it as a crash does."""
        self._send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(_START_SECONDS)

    def restart(self) -> None:
        """Kill it if it runs, and start it again."""
        if self._process is not None:
            self.kill()
        self.start()

    def freeze(self) -> None:
        """Let it hold its connections, and answer nothing."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self.thaw()
            stop(self._process)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


@contextmanager
def redis_server(binary: str) -> Iterator[RedisServer]:
    """Start a Redis server of one's own and stop it at the end; it dies with the process that started it."""
    user = unprivileged_user("redis", "nobody")
    with private_folder("redis", user) as folder:
        server = RedisServer(binary, folder, user)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def running_redis(binary: str) -> Iterator[str]:
    """Start a Redis server, give its address, and stop it at the end."""
    with redis_server(binary) as server:
        yield server.url


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
