"""A program that forwards TCP connections to a port of this machine; killed, it cuts what comes after it off.

It stands in front of what cannot be killed itself, such as a server that keeps everything in memory.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import command_as, start, stop, wait_until
from tests.support.waiting import is_listening

__all__ = ["Forwarder", "running_forwarder"]

_START_SECONDS = 60.0
_ROOT = Path(__file__).resolve().parents[2]
_PIECE = 1 << 16


class Forwarder:
    """A forwarder that keeps its port through restarts.

    Parameters
    ----------
    target
        Port to which it forwards.
    log
        File for what it prints.
    delay
        Seconds by which it delays what a client sends, as a network does.
    """

    def __init__(self, target: int, log: Path, delay: float = 0.0) -> None:
        self.port = free_port()
        words = [sys.executable, "-m", "tests.support.forwarder", str(self.port), str(target), str(delay)]
        self._command = command_as(None, words)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        self._process = start(self._command, log=self._log, env=os.environ | {"PYTHONPATH": str(_ROOT)})
        wait_until(lambda: is_listening(self.port), self._process, self._log, _START_SECONDS)

    def kill(self) -> None:
        """Cut all connections at once, and refuse new ones."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(_START_SECONDS)

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            stop(self._process)


@contextmanager
def running_forwarder(target: int, log: Path, delay: float = 0.0) -> Iterator[Forwarder]:
    """Start a forwarder, and stop it at the end."""
    forwarder = Forwarder(target, log, delay)
    try:
        forwarder.start()
        yield forwarder
    finally:
        forwarder.stop()


async def _serve(port: int, target: int, delay: float) -> None:
    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                await asyncio.sleep(seconds)
                writer.write(piece)
                await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            theirs = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, theirs[1], delay), pump(theirs[0], writer, 0))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
