"""Negotiation of transfers by the client: check the request and return the endpoints (VOSpace 2.1 §3.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.auth.models import Identity
from core.errors import NotFoundError
from vospace.documents.capabilities import SECURITY_METHODS
from vospace.documents.transfers import PULL_FROM, PUSH_TO, ProtocolRequest, Transfer
from vospace.faults import (
    InvalidArgumentError,
    InvalidURIError,
    NodeBusyError,
    OperationNotSupportedError,
    ProtocolNotSupportedError,
    ViewNotSupportedError,
)
from vospace.models import CORE, Listing, NodeKind, Path
from vospace.service import NodeService
from vospace.transfers.signed_urls import Direction, SignedUrls
from vospace.uris import AUTO, chosen_name

__all__ = ["PACKAGE", "Negotiated", "Negotiator"]

#: View of CADC that packs several nodes into one file.
PACKAGE = "vos://cadc.nrc.ca~vospace/CADC/std/Pkg-1.0"

#: Protocol for URLs that can be shared (VOSpace 2.1 §3.5.4).
_SHARE = "http://wiki.ivoa.net/twiki/bin/view/IVOA/VOSpacePublicShare"

_PLAIN_VIEWS = frozenset({f"{CORE}anyview", f"{CORE}defaultview", f"{CORE}binaryview"})
_FORMATS = {"application/zip": Direction.ZIP, "application/x-tar": Direction.TAR, "application/tar": Direction.TAR}


@dataclass(frozen=True, slots=True)
class Negotiated:
    """An accepted transfer: its nodes and direction, or the URL of another service."""

    transfer: Transfer
    paths: tuple[Path, ...]
    direction: Direction
    outside: str | None = None


class Negotiator:
    """Service that negotiates ``pushToVoSpace`` and ``pullFromVoSpace``.

    Parameters
    ----------
    secure
        Whether this service has an https URL. If not, the https protocols get http endpoints as well, because some
        clients request only those.
    """

    def __init__(self, nodes: NodeService, signed_urls: SignedUrls, *, secure: bool) -> None:
        self._nodes = nodes
        self._signed_urls = signed_urls
        self._secure = secure

    def check(self, identity: Identity, transfer: Transfer) -> Negotiated:
        """Check that a transfer is possible.

        Raises
        ------
        PhotozError
            It is not possible; the class is that of the fault.
        """
        if transfer.direction == PUSH_TO:
            return self._check_push(identity, transfer)
        if transfer.direction == PULL_FROM:
            return self._check_pull(identity, transfer)
        message = f"The direction '{transfer.direction[:200]}' is not negotiated synchronously; use /transfers."
        raise OperationNotSupportedError(message)

    def answer(self, identity: Identity, negotiated: Negotiated, job: str = "") -> Transfer:
        """Return the transfer with an endpoint for each protocol, which belongs to a job if one is given."""
        supported = self._supported(negotiated.transfer, negotiated.direction)
        if negotiated.outside is not None:
            return negotiated.transfer.with_protocols(
                ProtocolRequest(each.uri, negotiated.outside, each.security) for each in supported
            )
        address = self._signed_urls.address(identity, negotiated.direction, negotiated.paths, job)
        return negotiated.transfer.with_protocols(
            ProtocolRequest(each.uri, address, each.security) for each in supported
        )

    def _check_push(self, identity: Identity, transfer: Transfer) -> Negotiated:
        if transfer.view is not None and transfer.view not in _PLAIN_VIEWS:
            message = f"'{transfer.view[:200]}' is not a view for uploads."
            raise ViewNotSupportedError(message)
        found = self._nodes.resolve(identity, self._target(transfer), last=True)
        if found.outside is not None:
            message = f"'{transfer.targets[0][:200]}' is a link to another service; it cannot be written here."
            raise InvalidURIError(message)
        self._supported(transfer, Direction.PUT)
        path = chosen_name(self._place(identity, found.path))
        self._nodes.check_write(identity, path, transfer.size)
        chosen = Transfer(
            (self._nodes.uris.of(path),), transfer.direction, transfer.view, transfer.protocols, size=transfer.size
        )
        return Negotiated(transfer if path == found.path else chosen, (path,), Direction.PUT)

    def _place(self, identity: Identity, path: Path) -> Path:
        """Return the path to which bytes are written: in a container, the service chooses their name."""
        try:
            node = self._nodes.node(identity, path, Listing(limit=0))
        except NotFoundError:
            return path
        return (*path, AUTO) if node.kind is NodeKind.CONTAINER else path

    def _check_pull(self, identity: Identity, transfer: Transfer) -> Negotiated:
        if transfer.view == PACKAGE or transfer.view in self._nodes.uris.archive_views:
            return self._check_package(identity, transfer)
        if transfer.view is not None and transfer.view not in _PLAIN_VIEWS - {f"{CORE}anyview"}:
            message = f"'{transfer.view[:200]}' is not a view of this service."
            raise ViewNotSupportedError(message)
        found = self._nodes.resolve(identity, self._target(transfer), last=True)
        if found.outside is None:
            node = self._nodes.node(identity, found.path, Listing(limit=0))
            if node.kind is NodeKind.CONTAINER:
                message = f"'{transfer.targets[0][:200]}' is a container; its views are zip and tar."
                raise ViewNotSupportedError(message)
            if node.busy:
                raise NodeBusyError(found.path)
        self._supported(transfer, Direction.GET)
        return Negotiated(transfer, (found.path,), Direction.GET, found.outside)

    def _check_package(self, identity: Identity, transfer: Transfer) -> Negotiated:
        zip_view, _ = self._nodes.uris.archive_views
        if transfer.view == PACKAGE:
            direction = _FORMATS.get(transfer.format or "application/x-tar")
        else:
            direction = Direction.ZIP if transfer.view == zip_view else Direction.TAR
        if direction is None:
            message = f"'{(transfer.format or '')[:100]}' is not a package format; formats are {', '.join(_FORMATS)}."
            raise InvalidArgumentError(message)
        paths = tuple(self._nodes.uris.path_of(target) for target in transfer.targets)
        self._nodes.archive(identity, paths)
        self._supported(transfer, direction)
        return Negotiated(transfer, paths, direction)

    def _target(self, transfer: Transfer) -> Path:
        if len(transfer.targets) > 1:
            message = "Several targets are possible only in a package."
            raise InvalidArgumentError(message)
        return self._nodes.uris.path_of(transfer.targets[0])

    def _supported(self, transfer: Transfer, direction: Direction) -> tuple[ProtocolRequest, ...]:
        """Return the protocols of a transfer that this service supports; without any requested, the default one."""
        offered = tuple(self._offered(direction))
        if not transfer.protocols:
            return (ProtocolRequest(offered[0]),)
        supported = tuple(
            replace(each, security=tuple(method for method in each.security if method in SECURITY_METHODS))
            for each in transfer.protocols
            if each.uri in offered
        )
        if not supported:
            message = f"None of the protocols is supported; supported are {', '.join(offered)}."
            raise ProtocolNotSupportedError(message)
        return supported

    def _offered(self, direction: Direction) -> Iterator[str]:
        verb = "put" if direction is Direction.PUT else "get"
        yield f"{CORE}https{verb}"
        if not self._secure:
            yield f"{CORE}http{verb}"
        if direction is Direction.GET:
            yield _SHARE
