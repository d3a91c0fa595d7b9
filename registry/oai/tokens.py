"""Resumption tokens: signed, and without state on the server (OAI-PMH 2.0 §3.5)."""

from dataclasses import dataclass
from datetime import datetime

from core.auth.signing import LinkSigner
from core.errors import PermissionDeniedError
from registry.models import Window
from registry.oai.errors import BadResumptionTokenError

__all__ = ["TOKEN_SECONDS", "Position", "ResumptionTokens"]

#: Lifetime of a token.
TOKEN_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list continues.

    Parameters
    ----------
    verb, prefix
        The verb and the metadata format of the list.
    began_at
        When the first page was asked for.
    after
        Number of the last entry that was sent.
    sent
        Number of entries that were sent.
    """

    verb: str
    prefix: str
    window: Window
    began_at: datetime
    after: int = 0
    sent: int = 0


class ResumptionTokens:
    """Writer and reader of resumption tokens."""

    def __init__(self, key: str) -> None:
        self._signer = LinkSigner(key, "resumption", seconds=TOKEN_SECONDS)

    def write(self, position: Position) -> str:
        """Return the token of a position."""
        window = position.window
        content: dict[str, str | int] = {
            "verb": position.verb,
            "prefix": position.prefix,
            "from": "" if window.since is None else window.since.isoformat(),
            "until": "" if window.until is None else window.until.isoformat(),
            "began": position.began_at.isoformat(),
            "products": int(window.products_only),
            "after": position.after,
            "sent": position.sent,
        }
        return self._signer.sign(content)

    def read(self, token: str, verb: str) -> Position:
        """Return the position of a token, or raise BadResumptionTokenError."""
        try:
            content = self._signer.read(token)
        except PermissionDeniedError as e:
            message = "The resumption token is not valid, or has expired; begin the harvest again."
            raise BadResumptionTokenError(message) from e
        if content["verb"] != verb:
            message = f"The resumption token belongs to {content['verb']}, not to {verb}."
            raise BadResumptionTokenError(message)
        window = Window(_time(content["from"]), _time(content["until"]), products_only=bool(content["products"]))
        began = datetime.fromisoformat(str(content["began"]))
        return Position(verb, str(content["prefix"]), window, began, int(content["after"]), int(content["sent"]))


def _time(text: str | int) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
