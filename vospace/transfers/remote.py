"""Transfers by the service itself: ``pullToVoSpace`` and ``pushFromVoSpace`` (VOSpace 2.1 §6.3).

To prevent requests to internal hosts (SSRF), only hosts in the setting are contacted and redirects are not followed;
with an empty setting these transfers are not supported.
"""

import http.client
import ssl
from collections.abc import Callable, Collection
from contextlib import closing
from urllib.parse import SplitResult, unquote, urlsplit

from core.auth.models import Identity
from core.errors import NotFoundError
from vospace.documents.transfers import PULL_TO, ProtocolRequest, Transfer
from vospace.faults import (
    InvalidURIError,
    OperationNotSupportedError,
    ProtocolNotSupportedError,
    QuotaExceededError,
    TransferFailedError,
)
from vospace.models import CORE, Listing, NodeKind, Path
from vospace.service import NodeService, NodeWrite
from vospace.transfers.digests import digest_header
from vospace.uris import AUTO, chosen_name, node_path

__all__ = ["RemoteTransfers"]

_CHUNK = 1 << 20
_RENEWED = 16 * _CHUNK
_SECONDS = 60.0
_FETCHING = frozenset({f"{CORE}httpget", f"{CORE}httpsget"})
_SENDING = frozenset({f"{CORE}httpput", f"{CORE}httpsput"})


class RemoteTransfers:
    """HTTP client that fetches bytes into nodes, and sends bytes of nodes.

    Parameters
    ----------
    hosts
        Allowed hosts, with their ports where these are not the default ones.
    """

    def __init__(self, nodes: NodeService, hosts: Collection[str]) -> None:
        self._nodes = nodes
        self._hosts = frozenset(host.lower() for host in hosts)

    @property
    def protocols(self) -> tuple[str, ...]:
        """Identifiers of the protocols that this client supports."""
        return tuple(sorted(_FETCHING | _SENDING)) if self._hosts else ()

    def run(self, identity: Identity, transfer: Transfer, progress: Callable[[float, str], None]) -> str:
        """Try the protocols of a transfer in order, each once, until one succeeds; return the URI of the node.

        Raises
        ------
        OperationNotSupportedError
            No host is allowed.
        ProtocolNotSupportedError
            No protocol has an endpoint on an allowed host.
        TransferFailedError
            All protocols failed.
        """
        if not self._hosts:
            message = (
                f"'{transfer.direction}' is not supported: this service is not configured to contact other servers."
            )
            raise OperationNotSupportedError(message)
        wanted = _FETCHING if transfer.direction == PULL_TO else _SENDING
        usable = [each for each in transfer.protocols if each.uri in wanted and self._allowed(each)]
        if not usable:
            message = "No protocol has an HTTP endpoint on a host that this service is allowed to contact."
            raise ProtocolNotSupportedError(message)
        failures = []
        for each in usable:
            try:
                path = self._try(identity, transfer, urlsplit(each.endpoint or ""), progress)
            except (OSError, http.client.HTTPException, TransferFailedError) as e:
                failures.append(f"{each.uri.removeprefix(CORE)}: {type(e).__name__}")
            else:
                return self._nodes.uris.of(path)
        message = f"The bytes could not be transferred ({'; '.join(failures)})."
        raise TransferFailedError(message)

    def _allowed(self, protocol: ProtocolRequest) -> bool:
        try:
            parts = urlsplit(protocol.endpoint or "")
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and parts.netloc.lower() in self._hosts

    def _try(
        self, identity: Identity, transfer: Transfer, parts: SplitResult, progress: Callable[[float, str], None]
    ) -> Path:
        path = self._nodes.uris.path_of(transfer.targets[0])
        with closing(_connection(parts)) as connection:
            if transfer.direction != PULL_TO:
                file = self._nodes.file(identity, self._nodes.resolve(identity, path, last=True).path)
                headers = {"Content-Length": str(file.size), "Digest": digest_header(file.md5)}
                connection.request("PUT", _target(parts), file.read(0, file.size), headers)
                _check(connection.getresponse())
                return path
            # Permission is checked, and the node claimed, before any request is sent.
            path = self._place(identity, path, parts)
            write = self._nodes.begin_write(identity, path, None)
            try:
                connection.request("GET", _target(parts), headers={"Accept-Encoding": "identity"})
                answer = connection.getresponse()
                _check(answer)
                _check_length(write, answer.length)
                self._store(write, answer, progress)
            except BaseException:
                self._nodes.cancel(write)
                raise
            return path

    def _place(self, identity: Identity, path: Path, parts: SplitResult) -> Path:
        """Return the path to which bytes are written: in a container, they get the last name of their URL."""
        try:
            node = self._nodes.node(identity, path, Listing(limit=0))
        except NotFoundError:
            return chosen_name(path)
        if node.kind is not NodeKind.CONTAINER:
            return path
        try:
            name = node_path(unquote(parts.path.rpartition("/")[2]))
        except InvalidURIError:
            name = ()
        return (*path, *(name if len(name) == 1 else chosen_name((AUTO,))))

    def _store(
        self, write: NodeWrite, answer: http.client.HTTPResponse, progress: Callable[[float, str], None]
    ) -> None:
        received, total = 0, answer.length
        with self._nodes.stage(write) as staging:
            while chunk := answer.read1(_CHUNK):
                staging.write(chunk)
                received += len(chunk)
                progress(received / total if total else 0.0, f"{received} bytes")
                if received // _RENEWED != (received - len(chunk)) // _RENEWED:
                    self._nodes.renew(write)
            if answer.length:
                message = "The connection ended before all bytes had arrived."
                raise TransferFailedError(message)
            self._nodes.finish(write, staging.finish())


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=_SECONDS)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _check_length(write: NodeWrite, length: int | None) -> None:
    if length is not None and write.limit is not None and length > write.limit:
        message = f"The file has {length} bytes, and {write.limit} can be stored here; nothing was stored."
        raise QuotaExceededError(message)


def _check(answer: http.client.HTTPResponse) -> None:
    if not 200 <= answer.status < 300:
        message = f"The other server returned the status {answer.status}."
        raise TransferFailedError(message)
