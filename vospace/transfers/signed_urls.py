"""Signed addresses of bytes, which transfers give: for one node, one direction, one person, and minutes."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.signing import LinkSigner
from core.errors import NotFoundError, PermissionDeniedError
from vospace.models import Path, written
from vospace.uris import http_path, node_path

__all__ = ["Direction", "SignedTransfer", "SignedUrls"]


class Direction(StrEnum):
    """What a signed address is for."""

    GET = "get"
    PUT = "put"
    ZIP = "zip"
    TAR = "tar"


@dataclass(frozen=True, slots=True)
class SignedTransfer:
    """What a signed address lets its bearer do; whether the person still may is asked when it is used."""

    identity: Identity
    way: Direction
    paths: tuple[Path, ...]


class SignedUrls:
    """Make signed addresses, and read them.

    Parameters
    ----------
    identity_of
        Gives the identity of an account with a scope; NotFoundError when it is not active any more.
    """

    def __init__(self, signer: LinkSigner, base_url: str, identity_of: Callable[[str, Scope], Identity]) -> None:
        self._signer = signer
        self._base_url = base_url
        self._identity_of = identity_of

    def address(self, identity: Identity, way: Direction, paths: tuple[Path, ...]) -> str:
        """Return the address of nodes for one person."""
        content = {
            "paths": "\n".join(written(path) for path in paths),
            "way": str(way),
            "user": identity.name or "",
            "scope": str(identity.scope),
        }
        name = http_path(paths[0][-1:]) or "vospace"
        suffix = f".{way}" if way in {Direction.ZIP, Direction.TAR} else ""
        return f"{self._base_url}/data/{self._signer.sign(content)}/{name}{suffix}"

    def read(self, token: str, ways: Collection[Direction]) -> SignedTransfer:
        """Return what an address lets its bearer do.

        Raises
        ------
        PermissionDeniedError
            It was not made here, its time is over, it is for the other direction, or the account was closed.
        """
        content = self._signer.read(token)
        way = Direction(str(content["way"]))
        if way not in ways:
            message = f"This address is for '{way}' alone."
            raise PermissionDeniedError(message)
        name = str(content["user"])
        try:
            identity = self._identity_of(name, Scope(str(content["scope"]))) if name else ANONYMOUS
        except NotFoundError as e:
            message = f"The account '{name}' is not active any more."
            raise PermissionDeniedError(message) from e
        return SignedTransfer(identity, way, tuple(node_path(line) for line in str(content["paths"]).split("\n")))
