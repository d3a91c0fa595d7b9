"""Requests of each caller in a minute: a token bucket, and the ``RateLimit`` headers that show it.

The headers are those of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers).
"""

import math
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from threading import Lock
from time import monotonic
from typing import Any

from core.errors import TooManyRequestsError

__all__ = ["RequestShares"]

_WINDOW_SECONDS = 60
_MOST_CALLERS = 100_000


class RequestShares:
    """Token buckets of callers, in this process; a full one allows the requests of a minute at once.

    Parameters
    ----------
    per_minute
        Requests of one caller in a minute; zero for no limit.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._size = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, caller: str, scope: MutableMapping[str, Any]) -> None:
        """Count a request, and store the headers of its response in the state of its ASGI scope.

        Raises
        ------
        TooManyRequestsError
            The share of the caller is used up.
        """
        if not self._size:
            return
        speed, now = self._size / _WINDOW_SECONDS, self._clock()
        with self._lock:
            left, at = self._buckets.pop(caller, (float(self._size), now))
            left = min(self._size, left + (now - at) * speed)
            allowed = left >= 1
            left -= allowed
            self._buckets[caller] = (left, now)
            while len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
        seconds = math.ceil((1 - left) / speed) if left < 1 else 0
        scope.setdefault("state", {})["headers"] = [
            (b"ratelimit-policy", f'"requests";q={self._size};w={_WINDOW_SECONDS}'.encode()),
            (b"ratelimit", f'"requests";r={int(left)};t={seconds}'.encode()),
        ]
        if not allowed:
            message = f"More than {self._size} of these requests came from you in a minute. Go on in {seconds} seconds."
            error = TooManyRequestsError(message)
            error.retry_after = seconds
            raise error
