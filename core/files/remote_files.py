"""Files fetched from addresses that users name, without lending them this server's place in its network.

Whoever may name an address could reach what this machine reaches: services on the loopback interface, machines behind
the firewall, the metadata service of a cloud. So the name is resolved here, each address that it stands for must be
public, and the connection goes to the very address that was looked at (a name may mean another one a moment later).
Redirects are followed by the same rule.
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

#: IPv6 addresses in which gateways find an IPv4 address (RFC 6052); the others have attributes of their own.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RemoteFileError(InvalidValueError):
    """An address that a user named cannot be fetched."""

    code = "RemoteFile"


class RemoteFiles:
    """Fetch files by http and https from public addresses.

    Parameters
    ----------
    seconds
        Time in which a file must have arrived, redirects included.
    networks
        Networks that are not public and may be reached all the same.
    resolve
        Gives the addresses that a name stands for.
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
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def fetch(self, url: str, staging: Staging) -> None:
        """Write the bytes at an address into a staging, which holds them to its limit.

        Raises
        ------
        RemoteFileError
            The address cannot be used or may not be reached, or what answers there does not give a file.
        ServiceBusyError
            As many files are being fetched as this server fetches at once.
        """
        deadline = time.monotonic() + self._seconds
        if not self._places.acquire(timeout=self._seconds):
            raise ServiceBusyError("Other files are being fetched at the moment. Try again in a minute.")
        try:
            self._follow(url, staging, deadline)
        except (OSError, http.client.HTTPException, ValueError) as e:
            if isinstance(e, TimeoutError) or time.monotonic() >= deadline:
                raise RemoteFileError(f"{_told(url)} did not send the file within {self._seconds:g} s.") from e
            raise RemoteFileError(f"{_told(url)} could not be fetched: no proper answer came from there.") from e
        finally:
            self._places.release()

    def _follow(self, url: str, staging: Staging, deadline: float) -> None:
        for _ in range(_MOST_REDIRECTS + 1):
            parts = _checked(url)
            with closing(self._connection(parts, deadline)) as connection, _Watch(connection, deadline):
                connection.request("GET", _target(parts), headers=_headers(parts))
                with connection.getresponse() as response:
                    if response.status not in _REDIRECTS:
                        _receive(response, staging, url, deadline)
                        return
                    url = urljoin(url, response.getheader("Location") or "")
        raise RemoteFileError(
            f"{_told(url)} is reached by more than {_MOST_REDIRECTS} redirects; name its last address."
        )

    def _connection(self, parts: SplitResult, deadline: float) -> http.client.HTTPConnection:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        addresses = self._resolve(host, port)
        if not addresses or not all(self._allowed(ipaddress.ip_address(address)) for address in addresses):
            raise RemoteFileError(
                f"{_told(parts.geturl())} cannot be fetched: '{host}' is not a public address. Send the table inline, "
                "or put it where everybody can reach it."
            )
        return _Pinned(parts.scheme, host, port, addresses[0], min(_CONNECT_SECONDS, _left(deadline)))

    def _allowed(self, address: _Address) -> bool:
        return is_public(address) or any(address in network for network in self._networks)


def is_public(address: _Address) -> bool:
    """Return whether an address belongs to the whole internet, and so does every address that is written inside it."""
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
    """A connection to an address that was looked at, in the name that the user gave."""

    def __init__(self, scheme: str, host: str, port: int, address: str, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address
        self._tls = ssl.create_default_context() if scheme == "https" else None

    def connect(self) -> None:
        """Connect to the address, and prove by TLS that it bears the name."""
        sock = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = sock if self._tls is None else self._tls.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise


class _Watch:
    """Closes a connection at a deadline, so that nobody holds it by sending one byte now and then."""

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
        raise RemoteFileError(f"{_told(url)} could not be fetched: it answers with status {response.status}.")
    if (response.getheader("Content-Encoding") or "identity").lower() != "identity":
        raise RemoteFileError(f"{_told(url)} comes compressed, which was not asked for; name the plain file.")
    empty = True
    while chunk := response.read1(_CHUNK):
        staging.write(chunk)
        empty = False
        _left(deadline)
    if response.length:  # what was announced and did not come
        raise RemoteFileError(f"{_told(url)} broke off before the end of the file. Try again.")
    if time.monotonic() > deadline:
        raise TimeoutError
    if empty:  # an answer that broke off in its head looks like one without headers
        raise RemoteFileError(f"{_told(url)} sent no bytes; there is no file, or the answer broke off.")


def _checked(url: str) -> SplitResult:
    if len(url) > _LONGEST_URL or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise RemoteFileError(f"{_told(url)} is no address: it has characters that do not belong there, or too many.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as e:
        raise RemoteFileError(f"{_told(url)} is no address that can be fetched.") from e
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise RemoteFileError(f"{_told(url)} cannot be fetched: only http:// and https:// addresses can.")
    if "@" in parts.netloc:
        raise RemoteFileError("An address with a name or password in it is not fetched; leave them out.")
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


def _told(url: str) -> str:
    return f"'{url[:200]}'"
