"""Repetition of requests that a busy server refused, after the time that it states (RFC 9110 §10.2.3)."""

from urllib3 import BaseHTTPResponse
from urllib3.util.retry import Retry

__all__ = ["BusyRetry", "busy_retry"]

_BUSY = frozenset({429, 503})
_LONGEST_SECONDS = 60.0


class BusyRetry(Retry):
    """Retries of requests; those that change something are only repeated when the server has refused them.

    A response 429 or 503 with ``Retry-After`` means that nothing was done.
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Return whether a response is one to try again."""
        if status_code in _BUSY and has_retry_after and self.total:
            return True
        return super().is_retry(method, status_code, has_retry_after)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Return the seconds that the server asks to wait, at most a minute."""
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, _LONGEST_SECONDS)


def busy_retry(count: int) -> BusyRetry:
    """Return the rules for at most ``count`` repetitions."""
    return BusyRetry(
        total=count,
        connect=min(count, 1),
        read=min(count, 2),
        redirect=0,
        other=0,
        allowed_methods=frozenset({"GET", "HEAD", "OPTIONS"}),
        status_forcelist=_BUSY,
        backoff_factor=0.5,
        raise_on_status=False,
    )
