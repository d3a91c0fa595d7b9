"""Names of objects, whose positions a Sesame service knows (CDS: SIMBAD, NED and VizieR)."""

import re
import time
from collections import OrderedDict
from threading import BoundedSemaphore, Lock
from urllib.parse import quote

from core.errors import InvalidValueError

__all__ = ["ObjectNames"]

#: The line of an answer with the position: right ascension and declination of J2000 in degrees.
_POSITION = re.compile(r"^%J\s+(\d+(?:\.\d*)?)\s+([+-]?\d+(?:\.\d*)?)", re.MULTILINE)
_NAME = re.compile(r"(?=.*[^\W\d_])[\w+\-*\[\]().' ]{2,60}")
_SECONDS = 5.0
_MOST_BYTES = 100_000
_AT_ONCE = 4
_MOST_KEPT = 4096
_KEPT_SECONDS = 86_400.0

_Position = tuple[float, float]


class ObjectNames:
    """Client of a Sesame service; thread-safe. Answers are kept for a day.

    Parameters
    ----------
    url
        Its address, such as ``https://cds.unistra.fr/cgi-bin/nph-sesame``.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._places = BoundedSemaphore(_AT_ONCE)
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, _Position | None]] = OrderedDict()

    def position(self, name: str) -> _Position | None:
        """Return the right ascension and declination of an object (ICRS, degrees); None when nobody knows the name.

        Raises
        ------
        InvalidValueError
            The service does not answer, or too many names are looked up at this moment.
        """
        plain = " ".join(name.split())
        if _NAME.fullmatch(plain) is None:
            return None
        key = plain.casefold()
        with self._lock:
            at, found = self._kept.get(key, (0.0, None))
        if at and time.monotonic() - at < _KEPT_SECONDS:
            return found
        if not self._places.acquire(blocking=False):
            raise _failed(plain, "too many are looked up at this moment")
        try:
            found = self._ask(plain)
        finally:
            self._places.release()
        with self._lock:
            self._kept[key] = time.monotonic(), found
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _ask(self, name: str) -> _Position | None:
        import httpx2

        address, text = f"{self._url}/-oI/SNV?{quote(name)}", b""
        try:
            with httpx2.stream("GET", address, timeout=_SECONDS) as answer:
                if answer.status_code != httpx2.codes.OK:
                    raise _failed(name, f"{self._url} answers {answer.status_code}")
                for chunk in answer.iter_bytes():
                    text += chunk
                    if len(text) > _MOST_BYTES:
                        raise _failed(name, f"the answer of {self._url} is too long")
        except httpx2.HTTPError as e:
            raise _failed(name, f"{self._url} does not answer") from e
        match = _POSITION.search(text.decode("utf-8", "replace"))
        return None if match is None else (float(match[1]), float(match[2]))


def _failed(name: str, reason: str) -> InvalidValueError:
    message = f"The name '{name}' cannot be looked up: {reason}. Enter right ascension and declination."
    return InvalidValueError(message, field="position")
