"""HTTP/1.1 protocol with deadlines for slow clients and bounds on connections (RFC 9112).

h11 bounds the head of a request and refuses malformed ones. What uvicorn leaves open is added here: a deadline for the
head, a minimum speed of bodies, an end for responses that nobody reads, and bounds of connections, in all and from one
address. A request with a body that the application does not read at the moment is never blamed on its client.
"""

import asyncio
import resource
import select
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from time import monotonic
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

from core.auth.callers import address_key

__all__ = [
    "MAX_HEAD_BYTES",
    "BoundedProtocol",
    "ConnectionBounds",
    "Connections",
    "bounded_protocol",
    "raise_file_limit",
]

#: Bytes of the head of a request, and of each line between the chunks of its body.
MAX_HEAD_BYTES = 65_536
#: A process that comes so much later to what is due was busy with something else.
_LATE_SECONDS = 0.2
_MOST_FILES = 65_536
#: Files that the server needs beside its connections.
_OTHER_FILES = 64


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """Deadlines in seconds, and numbers of connections.

    Parameters
    ----------
    total, per_address
        Connections that are open at once, in all and from one address (IPv6: one /64).
    proxies
        Networks of proxies, whose connections belong to many clients.
    head_seconds
        Time in which the head of a request must arrive, from its first byte.
    silent_seconds
        Time in which the first byte of a new connection must arrive.
    body_seconds, body_rate
        A body must arrive at this rate, in bytes per second, on average over this time.
    stalled_seconds
        Time after which a response is ended of which the client takes nothing.
    """

    total: int = 1000
    per_address: int = 200
    proxies: Sequence[str] = ()
    head_seconds: float = 10.0
    silent_seconds: float = 30.0
    body_seconds: float = 20.0
    body_rate: int = 1000
    stalled_seconds: float = 300.0


class Connections:
    """The open connections of a server, and the timer that ends those of slow clients."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        self.bounds = bounds
        self._proxies = tuple(ip_network(network, strict=False) for network in bounds.proxies)
        self._addresses: Counter[str] = Counter()
        self._open: dict[BoundedProtocol, str] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._was_late = False
        self._pause = min(
            1.0, bounds.head_seconds / 4, bounds.silent_seconds / 4, bounds.body_seconds / 4, bounds.stalled_seconds / 4
        )

    def admit(self, connection: "BoundedProtocol", host: str) -> bool:
        """Add a connection; return false when there are too many that are in use, in all or from its address.

        The one that has waited longest for a request gives way, of the same address when this has too many.
        """
        key = "" if self._is_proxy(host) else address_key(host)
        if key and self._addresses[key] >= self.bounds.per_address:
            if not self._drop_idle(key):
                return False
        elif len(self._open) >= self.bounds.total and not self._drop_idle():
            return False
        self._open[connection] = key
        self._addresses[key] += 1
        if self._timer is None:
            self._due = monotonic() + self._pause
            self._timer = connection.loop.call_later(self._pause, self._sweep, connection.loop)
        return True

    def _drop_idle(self, key: str | None = None) -> bool:
        """Close the connection that has waited longest for a request; return whether there was one."""
        waiting = [each for each, of in self._open.items() if each.is_idle and key in {None, of}]
        waiting.sort(key=lambda each: each.began)
        idle = next((each for each in waiting if not each.has_unread_bytes), None)
        if idle is not None:
            idle.drop()
        return idle is not None

    def remove(self, connection: "BoundedProtocol") -> None:
        """Remove a connection that has ended; one that was not admitted is ignored."""
        key = self._open.pop(connection, None)
        if key is None:
            return
        self._addresses[key] -= 1
        if not self._addresses[key]:
            del self._addresses[key]

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = monotonic()
        # After a time in which the process was busy with something else, what has arrived meanwhile is read first.
        is_late, self._due = now > self._due + _LATE_SECONDS and not self._was_late, now + self._pause
        self._was_late = is_late
        for connection in () if is_late else list(self._open):
            connection.check(now)
        self._timer = loop.call_later(self._pause, self._sweep, loop) if self._open else None

    def _is_proxy(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return True  # a Unix socket, behind which a proxy stands
        return any(address in network for network in self._proxies)


@dataclass(slots=True)
class _Progress:
    """Bytes that have arrived since a time."""

    since: float = field(default_factory=monotonic)
    size: int = 0


class BoundedProtocol(H11Protocol):
    """Protocol of one connection, which ends when its client is too slow."""

    def __init__(self, connections: Connections, *args: Any, **kwargs: Any) -> None:  # those of uvicorn
        super().__init__(*args, **kwargs)
        self._connections = connections
        self._bounds = connections.bounds
        self._refused = False
        self._is_silent = True  # no byte has arrived
        self._body = _Progress()
        self._unsent = (0, 0.0)
        self.began = monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being received completely or answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def has_unread_bytes(self) -> bool:
        """Whether bytes have arrived, of a request perhaps, that the process had no time to read."""
        opened = self.transport.get_extra_info("socket")
        if opened is None or opened.fileno() < 0:
            return False
        waiting = select.poll()
        waiting.register(opened.fileno(), select.POLLIN)
        return bool(waiting.poll(0))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Admit the connection, or refuse it."""
        super().connection_made(transport)
        if not self._connections.admit(self, self.client[0] if self.client else ""):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections; close some, or try again later.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place of the connection free."""
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Receive bytes, unless the connection was refused."""
        if self._refused:
            return
        if self._is_silent or self.timeout_keep_alive_task is not None:
            self.began, self._is_silent = monotonic(), False  # the first byte of a request
        self._body.size += len(data)
        super().data_received(data)

    def handle_events(self) -> None:
        """Process what has arrived, and restart the clock with each request."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self.began, self._body = monotonic(), _Progress()

    def on_response_complete(self) -> None:
        """Restart the clock for the next request, of which bytes may have arrived."""
        self.began = monotonic()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that h11 cannot read, with its status: 400, 431 or 501."""
        error = sys.exc_info()[1]
        status = HTTPStatus(error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400)
        if status is HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            msg = f"The head of a request may have {MAX_HEAD_BYTES} bytes."
        self._refuse(status, msg)

    def check(self, now: float) -> None:
        """End the connection when its client is too slow."""
        if self._refused or self.transport is None or self.transport.is_closing():
            return
        if self.has_unread_bytes and not self.flow.read_paused:
            return  # they are read next
        if self.cycle is not None and self.conn.their_state is h11.SEND_BODY and not self._is_waiting_for_application():
            self._check_body(now)
        elif self.is_idle:
            # Between two requests the shorter limit of uvicorn counts until the first byte arrives.
            limit = self._bounds.silent_seconds if self._is_silent else self._bounds.head_seconds
            if self.timeout_keep_alive_task is None and now - self.began > limit:
                self.drop()  # without a response, which a client might take for that to its next request
        else:
            self._body = _Progress(now)
            self._check_response(now)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that waits too long for a request, unless one has arrived that was not read yet."""
        # uvloop runs what is due before it reads: a busy process would close connections on which requests wait.
        if not self.transport.is_closing() and self.has_unread_bytes:
            self.timeout_keep_alive_task = self.loop.call_later(_LATE_SECONDS, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def drop(self) -> None:
        """Close a connection that waits for a request."""
        self._connections.remove(self)
        self._refused = True
        self.transport.close()

    def _is_waiting_for_application(self) -> bool:
        """Return whether bytes of the body wait to be read, or the client waits for ``100 Continue``."""
        flow: FlowControl = self.flow
        if self.is_idle:  # the rest of a body that the application did not want
            return False
        return flow.read_paused or bool(self.cycle.body) or self.cycle.waiting_for_100_continue

    def _check_body(self, now: float) -> None:
        seconds = now - self._body.since
        if seconds < self._bounds.body_seconds:
            return
        if self._body.size < seconds * self._bounds.body_rate:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The body of the request arrived too slowly.")
        self._body = _Progress(now)

    def _check_response(self, now: float) -> None:
        unsent = self.transport.get_write_buffer_size() if self.flow.write_paused else 0
        if not unsent or unsent != self._unsent[0]:
            self._unsent = (unsent, now)
        elif now - self._unsent[1] > self._bounds.stalled_seconds:
            self._refused = True
            self.transport.abort()

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Send an error, unless a response has begun, and close the connection."""
        self._refused = True
        answers = self.conn.our_state is h11.IDLE if self.is_idle else not self.cycle.response_started
        if answers or self.conn.their_state is h11.ERROR:
            body = f"{message}\n".encode()
            retry = "Retry-After: 5\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\n{retry}Connection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        if not self.is_idle:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _should_upgrade(self) -> bool:
        """Return false: an upgrade is ignored, as RFC 9110 §7.8 allows; `server.middleware` refuses WebSocket."""
        return False


def bounded_protocol(connections: Connections) -> Callable[..., BoundedProtocol]:
    """Return what uvicorn calls to make the protocol of a connection."""

    def protocol(*args: Any, **kwargs: Any) -> BoundedProtocol:  # those of uvicorn
        return BoundedProtocol(connections, *args, **kwargs)

    return protocol


def raise_file_limit() -> int:
    """Raise the number of files that this process may open; return how many connections may take of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return (_MOST_FILES if soft == resource.RLIM_INFINITY else soft) - _OTHER_FILES
