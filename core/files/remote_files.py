"""Download of URLs given by users, from public addresses only (protection against server-side request forgery).

A URL could name what only this machine reaches: services on the loopback interface, machines behind the firewall, the
metadata service of a cloud. The host name is therefore resolved here, all its addresses must be public, and the
connection goes to a checked address (the name may resolve to another one a moment later). The same rule holds for
redirects.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from urllib.parse import SplitResult, urljoin, urlsplit

from core.errors import InvalidValueError, ServiceBusyError
from core.files import Staging

__all__ = ["RemoteFileError", "RemoteFiles", "is_public"]

_CHUNK = 1 << 18
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT_SECONDS = 10.0
_AT_ONCE = 4
_LONGEST_URL = 2000
_PORTS = {"http": 80, "https": 443}

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: IPv6 addresses that contain an IPv4 address for gateways (RFC 6052); the other kinds are attributes of addresses.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RemoteFileError(InvalidValueError):
    """A URL given by a user cannot be fetched."""

    code = "RemoteFile"


class RemoteFiles:
    """Downloader of http and https URLs of public addresses.

    Parameters
    ----------
    seconds
        Time limit of a download, redirects included.
    networks
        Networks that are not public, but allowed.
    resolve
        Resolves a host name and a port to addresses.
    """

    def __init__(
        self,
        *,
        seconds: float,
        networks: Sequence[str] = (),
        resolve: Callable[[str, int], list[str]] | None = None,
    ) -> None:
        self._seconds = seconds
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)
        self._resolve = resolve or _resolved
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def fetch(self, url: str, staging: Staging) -> None:
        """Write the bytes at a URL into a staged file, which limits their size.

        Raises
        ------
        RemoteFileError
            The URL cannot be used or is not allowed, or no file was received.
        ServiceBusyError
            The limit of concurrent downloads is reached.
        """
        deadline = time.monotonic() + self._seconds
        if not self._slots.acquire(timeout=self._seconds):
            raise ServiceBusyError("Other files are being fetched at the moment. Try again in a minute.")
        try:
            self._follow(url, staging, deadline)
        except (OSError, http.client.HTTPException, ValueError) as e:
            if isinstance(e, TimeoutError) or time.monotonic() >= deadline:
                raise RemoteFileError(f"{_quoted(url)} did not send the file within {self._seconds:g} s.") from e
            raise RemoteFileError(f"{_quoted(url)} could not be fetched: no valid response was received.") from e
        finally:
            self._slots.release()

    def _follow(self, url: str, staging: Staging, deadline: float) -> None:
        for _ in range(_MOST_REDIRECTS + 1):
            parts = _checked(url)
            with closing(self._connection(parts, deadline)) as connection, _DeadlineTimer(connection, deadline):
                connection.request("GET", _target(parts), headers=_headers(parts))
                with connection.getresponse() as response:
                    if response.status not in _REDIRECTS:
                        _receive(response, staging, url, deadline)
                        return
                    url = urljoin(url, response.getheader("Location") or "")
        raise RemoteFileError(f"{_quoted(url)} needs more than {_MOST_REDIRECTS} redirects; use its final address.")

    def _connection(self, parts: SplitResult, deadline: float) -> http.client.HTTPConnection:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        addresses = self._resolve(host, port)
        if not addresses or not all(self._allowed(ipaddress.ip_address(address)) for address in addresses):
            raise RemoteFileError(
                f"{_quoted(parts.geturl())} cannot be fetched: '{host}' is not a public address. "
                "Send the table inline, or put it at a public address."
            )
        return _Pinned(parts.scheme, host, port, addresses[0], min(_CONNECT_SECONDS, _left(deadline)))

    def _allowed(self, address: _Address) -> bool:
        return is_public(address) or any(address in network for network in self._networks)


def is_public(address: _Address) -> bool:
    """Return whether an address, and each IPv4 address embedded in it, is public."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(part is not None and not is_public(part) for part in inner):
            return False
        if address.ipv4_mapped is not None:
            return True
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class _Pinned(http.client.HTTPConnection):
    """Connection to a checked address, with the host name of the URL."""

    def __init__(self, scheme: str, host: str, port: int, address: str, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address
        self._tls = ssl.create_default_context() if scheme == "https" else None

    def connect(self) -> None:
        """Connect to the address, and verify the host name by TLS."""
        sock = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = sock if self._tls is None else self._tls.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise


class _DeadlineTimer:
    """Timer that closes a connection at a deadline, also when the server keeps sending single bytes."""

    def __init__(self, connection: http.client.HTTPConnection, deadline: float) -> None:
        self._connection = connection
        self._timer = threading.Timer(_left(deadline), self._end)
        self._timer.daemon = True

    def _end(self) -> None:
        sock = self._connection.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                return

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _receive(response: http.client.HTTPResponse, staging: Staging, url: str, deadline: float) -> None:
    if response.status != http.HTTPStatus.OK:
        raise RemoteFileError(f"{_quoted(url)} could not be fetched: it answers with status {response.status}.")
    if (response.getheader("Content-Encoding") or "identity").lower() != "identity":
        raise RemoteFileError(f"{_quoted(url)} was sent compressed, which was not requested; use the plain file.")
    empty = True
    while chunk := response.read1(_CHUNK):
        staging.write(chunk)
        empty = False
        _left(deadline)
    if response.length:  # bytes that were announced are missing
        raise RemoteFileError(f"{_quoted(url)} broke off before the end of the file. Try again.")
    if time.monotonic() > deadline:
        raise TimeoutError
    if empty:  # a response that broke off in its headers looks like one without headers
        raise RemoteFileError(f"{_quoted(url)} sent no bytes; there is no file, or the response broke off.")


def _checked(url: str) -> SplitResult:
    if len(url) > _LONGEST_URL or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise RemoteFileError(
            f"{_quoted(url)} is not a valid address: too long, or with characters that are not allowed."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as e:
        raise RemoteFileError(f"{_quoted(url)} is not a valid address.") from e
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise RemoteFileError(f"{_quoted(url)} cannot be fetched: only http:// and https:// addresses can.")
    if "@" in parts.netloc:
        raise RemoteFileError("Addresses with a user name or password are not fetched; remove these.")
    return parts


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _headers(parts: SplitResult) -> dict[str, str]:
    return {
        "Host": parts.netloc,
        "Accept": "application/x-votable+xml, */*;q=0.5",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "photoz-server",
    }


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _quoted(url: str) -> str:
    return f"'{url[:200]}'"
