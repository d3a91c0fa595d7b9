"""Secret key of this server, and the links signed with it."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from core.errors import PermissionDeniedError
from core.settings import Settings

__all__ = ["LinkSigner", "secret_key"]

_KEY_NAME = "secret-key"


def secret_key(settings: Settings) -> str:
    """Return the key that signs cookies and links: from the settings, or created once in the data folder.

    Servers behind one address need the same key, so it must be set when they share no data folder.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.data / _KEY_NAME
    with suppress(FileNotFoundError):
        return path.read_text(encoding="ascii")
    _make_key(path)
    return path.read_text(encoding="ascii")


class LinkSigner:
    """Signer of the content of links, which expire.

    Parameters
    ----------
    purpose
        Purpose of the links; those of another purpose are not valid.
    seconds
        Lifetime of a link.
    """

    def __init__(self, key: str, purpose: str, *, seconds: int) -> None:
        self._purpose = purpose
        self._serializer = URLSafeTimedSerializer(key, salt=f"photoz.{purpose}")
        self.seconds = seconds

    def sign(self, content: Mapping[str, str | int]) -> str:
        """Return a URL-safe token with signed content."""
        return str(self._serializer.dumps(dict(content)))

    def read(self, token: str) -> Mapping[str, str | int]:
        """Return the content of a token.

        Raises
        ------
        PermissionDeniedError
            The token is missing, not valid or expired.
        """
        if not token:
            message = f"Missing {self._purpose} token."
            raise PermissionDeniedError(message, field="token")
        try:
            content: dict[str, str | int] = self._serializer.loads(token, max_age=self.seconds)
        except SignatureExpired as e:
            message = f"{self._purpose.capitalize()} token has expired."
            raise PermissionDeniedError(message, field="token") from e
        except BadSignature as e:
            message = f"Invalid {self._purpose} token."
            raise PermissionDeniedError(message, field="token") from e
        return content


def _make_key(path: Path) -> None:
    """Write a new key; when two processes do so at once, the first key is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        with suppress(FileExistsError):
            os.link(staged, path)  # unlike a rename this never replaces a key, and never shows half of one
    finally:
        staged.unlink()
