"""Texts in XML documents."""

from core.votable.texts import UNSPEAKABLE

__all__ = ["legal", "token"]


def legal(text: str) -> str:
    """Return a text whose characters XML can represent."""
    return text if text.isprintable() else UNSPEAKABLE.sub("\ufffd", text)


def token(text: str) -> str:
    """Return a text in one line, as ``xs:token`` has it."""
    return " ".join(legal(text).split())
