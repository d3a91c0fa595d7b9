"""What a client asks to transfer is checked, and given addresses from which and to which the bytes go."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.auth.models import Identity
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
from vospace.uris import chosen_name

__all__ = ["PACKAGE", "Negotiated", "Negotiator"]

#: View of CADC that packs several nodes into one file.
PACKAGE = "vos://cadc.nrc.ca~vospace/CADC/std/Pkg-1.0"

#: Protocol for addresses that one may pass on (VOSpace 2.1 §3.5.4).
_SHARE = "http://wiki.ivoa.net/twiki/bin/view/IVOA/VOSpacePublicShare"

_PLAIN_VIEWS = frozenset({f"{CORE}anyview", f"{CORE}defaultview", f"{CORE}binaryview"})
_FORMATS = {"application/zip": Direction.ZIP, "application/x-tar": Direction.TAR, "application/tar": Direction.TAR}


@dataclass(frozen=True, slots=True)
class Negotiated:
    """A transfer that can take place: of which nodes, in which direction, or from which address elsewhere."""

    transfer: Transfer
    paths: tuple[Path, ...]
    way: Direction
    outside: str | None = None


class Negotiator:
    """Answer ``pushToVoSpace`` and ``pullFromVoSpace``.

    Parameters
    ----------
    secure
        Whether this service is reached by https. Over plain http the names of both protocols get http addresses,
        because some clients know the secure ones alone.
    """

    def __init__(self, nodes: NodeService, signed_urls: SignedUrls, *, secure: bool) -> None:
        self._nodes = nodes
        self._endpoints = signed_urls
        self._secure = secure

    def check(self, identity: Identity, transfer: Transfer) -> Negotiated:
        """See whether a transfer can take place.

        Raises
        ------
        PhotozError
            It cannot; the class says which fault it is.
        """
        if transfer.direction == PUSH_TO:
            return self._check_push(identity, transfer)
        if transfer.direction == PULL_FROM:
            return self._check_pull(identity, transfer)
        message = f"'{transfer.direction[:200]}' is not a direction that is negotiated; use /transfers for it."
        raise OperationNotSupportedError(message)

    def answer(self, identity: Identity, negotiated: Negotiated) -> Transfer:
        """Return the transfer with an address for each protocol."""
        kept = self._kept(negotiated.transfer, negotiated.way)
        if negotiated.outside is not None:
            return negotiated.transfer.with_protocols(
                ProtocolRequest(each.uri, negotiated.outside, each.security) for each in kept
            )
        address = self._endpoints.address(identity, negotiated.way, negotiated.paths)
        return negotiated.transfer.with_protocols(ProtocolRequest(each.uri, address, each.security) for each in kept)

    def _check_push(self, identity: Identity, transfer: Transfer) -> Negotiated:
        if transfer.view is not None and transfer.view not in _PLAIN_VIEWS:
            message = f"'{transfer.view[:200]}' is not a view in which bytes are taken in."
            raise ViewNotSupportedError(message)
        found = self._nodes.resolve(identity, self._target(transfer), last=True)
        if found.outside is not None:
            message = f"'{transfer.targets[0][:200]}' links to another place; nothing can be written there."
            raise InvalidURIError(message)
        self._kept(transfer, Direction.PUT)
        path = chosen_name(found.path)
        self._nodes.check_write(identity, path, transfer.size)
        chosen = Transfer(
            (self._nodes.uris.of(path),), transfer.direction, transfer.view, transfer.protocols, size=transfer.size
        )
        return Negotiated(transfer if path == found.path else chosen, (path,), Direction.PUT)

    def _check_pull(self, identity: Identity, transfer: Transfer) -> Negotiated:
        if transfer.view == PACKAGE or transfer.view in self._nodes.uris.archive_views:
            return self._check_package(identity, transfer)
        if transfer.view is not None and transfer.view not in _PLAIN_VIEWS - {f"{CORE}anyview"}:
            message = f"'{transfer.view[:200]}' is not a view that this service gives."
            raise ViewNotSupportedError(message)
        found = self._nodes.resolve(identity, self._target(transfer), last=True)
        if found.outside is None:
            node = self._nodes.node(identity, found.path, Listing(limit=0))
            if node.kind is NodeKind.CONTAINER:
                message = f"'{transfer.targets[0][:200]}' is a container; it is given in the views zip and tar."
                raise ViewNotSupportedError(message)
            if node.busy:
                raise NodeBusyError(found.path)
        self._kept(transfer, Direction.GET)
        return Negotiated(transfer, (found.path,), Direction.GET, found.outside)

    def _check_package(self, identity: Identity, transfer: Transfer) -> Negotiated:
        zip_view, _ = self._nodes.uris.archive_views
        if transfer.view == PACKAGE:
            way = _FORMATS.get(transfer.format or "application/x-tar")
        else:
            way = Direction.ZIP if transfer.view == zip_view else Direction.TAR
        if way is None:
            message = f"'{(transfer.format or '')[:100]}' is not a format of packages; there are {', '.join(_FORMATS)}."
            raise InvalidArgumentError(message)
        paths = tuple(self._nodes.uris.path_of(target) for target in transfer.targets)
        self._nodes.archive(identity, paths)
        self._kept(transfer, way)
        return Negotiated(transfer, paths, way)

    def _target(self, transfer: Transfer) -> Path:
        if len(transfer.targets) > 1:
            message = "Several targets go into a package alone."
            raise InvalidArgumentError(message)
        return self._nodes.uris.path_of(transfer.targets[0])

    def _kept(self, transfer: Transfer, way: Direction) -> tuple[ProtocolRequest, ...]:
        """Return the protocols of a transfer that this service speaks; when a client names none, its own."""
        offered = tuple(self._offered(way))
        if not transfer.protocols:
            return (ProtocolRequest(offered[0]),)
        kept = tuple(each for each in transfer.protocols if each.uri in offered)
        if not kept:
            message = f"None of the protocols is one of this service; it has {', '.join(offered)}."
            raise ProtocolNotSupportedError(message)
        return kept

    def _offered(self, way: Direction) -> Iterator[str]:
        verb = "put" if way is Direction.PUT else "get"
        yield f"{CORE}https{verb}"
        if not self._secure:
            yield f"{CORE}http{verb}"
        if way is Direction.GET:
            yield _SHARE
