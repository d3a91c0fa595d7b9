"""Places in names at which a line may break: after separators, and inside very long words only."""

import re

from markupsafe import Markup, escape

__all__ = ["breakable_text"]

#: A word up to its next separator, or its first 30 characters.
_PIECE = re.compile(r"\s+|[^\s_\-./:,;+]{1,30}[_\-./:,;+]*|[_\-./:,;+]{1,30}")
_BREAK = Markup("<wbr>")
_SHORT = 12


def breakable_text(text: str) -> Markup:
    """Return a text as HTML that may break after separators in words of more than 12 characters, else after 30."""
    return Markup("").join(_breakable(word) for word in re.split(r"(\s+)", text))


def _breakable(word: str) -> Markup:
    return escape(word) if len(word) <= _SHORT else _BREAK.join(escape(piece) for piece in _PIECE.findall(word))
