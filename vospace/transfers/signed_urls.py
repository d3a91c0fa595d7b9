"""Signed URLs of the bytes of nodes: endpoints of transfers, for one direction, one user and some minutes."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.signing import LinkSigner
from core.errors import NotFoundError, PermissionDeniedError
from core.telemetry.logs import add_log_field
from vospace.models import Path, written
from vospace.uris import http_path, node_path

__all__ = ["Direction", "SignedTransfer", "SignedUrls"]


class Direction(StrEnum):
    """What a signed URL allows: a download, an upload, or an archive."""

    GET = "get"
    PUT = "put"
    ZIP = "zip"
    TAR = "tar"


@dataclass(frozen=True, slots=True)
class SignedTransfer:
    """Content of a signed URL; permissions of the user are checked when the URL is used.

    Parameters
    ----------
    job
        Id of the job that the use of the URL ends; empty for a synchronous transfer.
    """

    identity: Identity
    direction: Direction
    paths: tuple[Path, ...]
    job: str = ""


class SignedUrls:
    """Create and read signed URLs.

    Parameters
    ----------
    identity_of
        Returns the identity of an account with a scope; raises NotFoundError when the account is not active.
    is_valid
        Returns whether the credential of a key is still valid.
    """

    def __init__(
        self,
        signer: LinkSigner,
        base_url: str,
        identity_of: Callable[[str, Scope], Identity],
        is_valid: Callable[[str], bool],
    ) -> None:
        self._is_valid = is_valid
        self._signer = signer
        self._base_url = base_url
        self._identity_of = identity_of

    def address(self, identity: Identity, direction: Direction, paths: tuple[Path, ...], job: str = "") -> str:
        """Return the signed URL of nodes for one user, and for one job if there is one."""
        content = {
            "paths": "\n".join(written(path) for path in paths),
            "way": str(direction),
            "user": identity.name or "",
            "scope": str(identity.scope),
            "made_by": identity.credential.key,
            "job": job,
        }
        name = http_path(paths[0][-1:]) or "vospace"
        suffix = f".{direction}" if direction in {Direction.ZIP, Direction.TAR} else ""
        return f"{self._base_url}/data/{self._signer.sign(content)}/{name}{suffix}"

    def read(self, token: str, directions: Collection[Direction]) -> SignedTransfer:
        """Return the content of a signed URL; the log of the request gets its user, its node and its job.

        Raises
        ------
        PermissionDeniedError
            The signature is wrong, it or the credential that made it has ended, it is for another direction, or the
            account was closed.
        """
        content = self._signer.read(token)
        direction = Direction(str(content["way"]))
        if direction not in directions:
            message = f"This URL is valid for '{direction}' only."
            raise PermissionDeniedError(message)
        if not self._is_valid(str(content["made_by"])):
            message = "The token or the sign-in that made this URL has ended. Request a new one."
            raise PermissionDeniedError(message)
        name = str(content["user"])
        try:
            identity = self._identity_of(name, Scope(str(content["scope"]))) if name else ANONYMOUS
        except NotFoundError as e:
            message = f"The account '{name}' is no longer active."
            raise PermissionDeniedError(message) from e
        paths = tuple(node_path(line) for line in str(content["paths"]).split("\n"))
        job = str(content.get("job") or "")
        for field, value in (("user", identity.name), ("node", written(paths[0])), ("job_id", job)):
            if value:
                add_log_field(field, value)
        return SignedTransfer(identity, direction, paths, job)
