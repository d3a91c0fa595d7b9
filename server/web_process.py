"""Web processes: the application on a listening socket, and further processes that share the socket."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from core.settings import Settings
from core.telemetry.allocation import limit_arenas
from core.telemetry.metrics import Metrics
from server.app import create_app
from server.connections import MAX_HEAD_BYTES, ConnectionBounds, Connections, bounded_protocol, raise_file_limit
from server.operations.logs import log_and_trace
from server.services import Services

__all__ = ["WebProcesses", "main", "run_application", "shared_settings"]

#: Time in which a process ends after its last request: its jobs and queries are stopped.
_END_SECONDS = 20.0
_PAUSE_SECONDS = 1.0
#: Time after which an idle connection is closed: longer than clients keep theirs, so that none sends on a closed one.
_KEEP_ALIVE_SECONDS = 30

_log = logging.getLogger(__name__)


def run_application(
    app: FastAPI, services: Services, listener: socket.socket, on_stop: Callable[[], None] = lambda: None
) -> None:
    """Serve an application until Ctrl-C or SIGTERM.

    Then the socket is closed, idle connections end, requests that run have ``stop_seconds`` to end, and no job is
    started. A second Ctrl-C ends at once.

    Parameters
    ----------
    on_stop
        Called in a thread of its own when the signal arrives.
    """
    config = uvicorn.Config(
        app,
        http=bounded_protocol(Connections(_bounds(services.settings))),  # type: ignore[arg-type]  # called like a class
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=services.settings.stop_seconds,
    )

    def stop() -> None:
        app.state.health.drain()
        services.drain()
        on_stop()

    server = _Server(config, stop)
    # Uvicorn raises the signal again when it has shut down, which must not end this process before the other ones.
    signal.signal(signal.SIGTERM, server.handle_exit)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def shared_settings(settings: Settings) -> Settings:
    """Return the settings of each of the web processes, which share what runs at once."""
    count = settings.web_processes
    if count == 1:
        return settings
    shares = ("job_workers", "query_workers", "query_waiting", "query_answers", "connections")
    return settings.model_copy(update={name: max(1, getattr(settings, name) // count) for name in shares})


class WebProcesses:
    """Further web processes; one that ends is started again.

    Parameters
    ----------
    settings
        Settings of each process.
    listener
        The socket on which all of them accept connections.
    count
        Number of further processes.
    """

    def __init__(self, settings: Settings, listener: socket.socket, count: int) -> None:
        self._settings = settings
        self._listener = listener
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._threads = [
            threading.Thread(target=self._keep, name=f"web-process-{number}", daemon=True) for number in range(count)
        ]

    def start(self) -> None:
        """Start the processes."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Have the processes stop, and start no others."""
        with self._lock:
            self._closed.set()
            processes = list(self._processes)
        for process in processes:
            process.terminate()

    def close(self) -> None:
        """Stop the processes, and wait until they have ended."""
        self.stop()
        with self._lock:
            processes = list(self._processes)
        for process in processes:
            try:
                process.wait(self._settings.stop_seconds + _END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        for thread in self._threads:
            thread.join()

    def _keep(self) -> None:
        """Start a process, and another one whenever it ends."""
        while (process := self._started()) is not None:
            status = process.wait()
            with self._lock:
                self._processes.discard(process)
            Metrics.forget_process(process.pid)
            if process.stdin is not None:
                process.stdin.close()
            if not self._closed.is_set():
                _log.warning("a web process ended with status %s and is started again", status)
            self._closed.wait(_PAUSE_SECONDS)

    def _started(self) -> "subprocess.Popen[bytes] | None":
        with self._lock:
            if self._closed.is_set():
                return None
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "server.web_process", str(self._listener.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=(self._listener.fileno(),),
            )
            self._processes.add(process)
        if process.stdin is not None:
            with suppress(OSError):  # it has ended; its status says so
                process.stdin.write(_dumped(self._settings) + b"\n")
                process.stdin.flush()
        return process


class _Server(uvicorn.Server):
    """Uvicorn server that tells others when it begins to stop."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # In a thread, because the signal may interrupt code that holds the same lock.
        threading.Thread(target=self._on_stop, name="stop", daemon=True).start()
        super().handle_exit(sig, frame)


def _bounds(settings: Settings) -> ConnectionBounds:
    return ConnectionBounds(
        total=max(1, min(settings.connections, raise_file_limit())),
        per_address=settings.connections_address,
        proxies=settings.proxy_networks,
        head_seconds=settings.head_seconds,
        body_rate=settings.body_rate,
    )


def _dumped(settings: Settings) -> bytes:
    """Return settings as JSON, secrets included: it goes through a pipe that nobody else reads."""
    values: dict[str, Any] = settings.model_dump(mode="json")
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            values[name] = value.get_secret_value()
    return json.dumps(values).encode()


def _end_with_parent() -> None:
    """Stop this process when the pipe of its parent ends, however the parent ended."""
    while sys.stdin.buffer.read(4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(descriptor: int) -> None:
    """Run a further web process on an inherited socket; its settings come by standard input."""
    limit_arenas()
    settings = Settings(**json.loads(sys.stdin.buffer.readline()))
    log_and_trace(settings)
    services = Services(settings)
    app = create_app(services)
    services.queue.start()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    run_application(app, services, socket.socket(fileno=descriptor))


if __name__ == "__main__":
    main(int(sys.argv[1]))
