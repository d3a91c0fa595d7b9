"""Recognition of sexagesimal angles in text: ``10:00:28.6``, ``10 00 28.6``, ``10h00m28.6s``, ``+02d12m30s``."""

import re
from collections.abc import Iterable

__all__ = ["is_sexagesimal", "sexagesimal_unit"]

_FIRST = r"[+\-\u2212]?\d{1,3}"
_SIXTIETHS = r"[0-5]?\d(?:\.\d*)?"
_WHOLE_SIXTIETHS = r"(?:[0-5]?\d|60)"
_SECONDS = r"(?:[0-5]?\d|60)(?:\.\d*)?"
_ANGLE = re.compile(
    rf"{_FIRST}\s*:\s*{_WHOLE_SIXTIETHS}\s*:\s*{_SECONDS}"
    rf"|{_FIRST}\s+{_WHOLE_SIXTIETHS}\s+{_SECONDS}"
    rf"|{_FIRST}\s*:\s*{_SIXTIETHS}"
    rf"|{_FIRST}\s*[hd°]\s*{_WHOLE_SIXTIETHS}\s*[m'\u2032]\s*(?:{_SECONDS}\s*(?:s|\"|\u2033|'')?)?"
    rf"|{_FIRST}\s*[hd°]\s*{_SIXTIETHS}\s*[m'\u2032]",
    re.IGNORECASE,
)
_SHARE = 0.8
_HOURS = 24


def is_sexagesimal(text: str) -> bool:
    """Return whether a text is an angle or a time of two or three numbers to the base of 60."""
    return _ANGLE.fullmatch(text.strip()) is not None


def sexagesimal_unit(samples: Iterable[str], *, longitude: bool) -> str | None:
    """Return the unit of the first number of sexagesimal texts.

    Parameters
    ----------
    samples
        Some values of a column; a fifth of them may be anything else, such as words for missing values.
    longitude
        Whether the values are right ascensions, which are in hours unless the texts say degrees or exceed 24.

    Returns
    -------
    str or None
        ``hourangle`` or ``deg``; None when the texts are not sexagesimal.
    """
    texts = [text.strip().lower() for text in samples]
    angles = [text for text in texts if is_sexagesimal(text)]
    if not angles or len(angles) < _SHARE * len(texts):
        return None
    if any("h" in text for text in angles):
        return "hourangle"
    if not longitude or any("d" in text or "°" in text for text in angles):
        return "deg"
    largest = max(abs(int(match[0])) for text in angles if (match := re.search(r"\d+", text)))
    return "deg" if largest >= _HOURS else "hourangle"
