"""Passwords: argon2id hashes, a check that takes as long for unknown accounts, and a pause after many failures.

One argon2 takes 64 MiB, so that only a few passwords are checked at once, whatever the number of sign-ins.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from functools import cache
from threading import BoundedSemaphore, Lock
from time import monotonic

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import ServiceBusyError, TooManyAttemptsError

__all__ = ["FailureCounter", "Passwords"]

_REMEMBERED = 256
_REMEMBERED_SECONDS = 300
_WINDOW_SECONDS = 900
_COUNTED_ACCOUNTS = 10_000
_AT_ONCE = 4
_LONGEST_WAIT = 5.0


class Passwords:
    """Hash and check passwords.

    A right password is remembered for a few minutes under a keyed digest, because VO clients send it with every
    request and argon2 is slow on purpose.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()
        self._places = BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """Return the argon2id hash to store."""
        return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Return whether the password belongs to the stored hash; without one, take as long and say no.

        Raises
        ------
        ServiceBusyError
            Too many passwords wait to be checked.
        """
        digest = hmac.new(self._key, f"{stored}\0{password}".encode(), hashlib.sha256).digest()
        if stored is not None and self._is_remembered(digest):
            return True
        if not self._places.acquire(timeout=_LONGEST_WAIT):
            message = "Too many people are signing in at the moment; try again in a few seconds."
            raise ServiceBusyError(message)
        try:
            nobodys = _hash_of_nobody()  # made at the first check whosever it is, so that its time tells nothing
            self._hasher.verify(stored or nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._places.release()
        if stored is None:
            return False
        with self._lock:
            self._right[digest] = monotonic()
            while len(self._right) > _REMEMBERED:
                self._right.popitem(last=False)
        return True

    def _is_remembered(self, digest: bytes) -> bool:
        with self._lock:
            return monotonic() - self._right.get(digest, -_REMEMBERED_SECONDS) < _REMEMBERED_SECONDS


class FailureCounter:
    """Failed sign-ins of each account in the last quarter of an hour, counted by this process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def check(self, name: str) -> None:
        """Raise TooManyAttemptsError when the account failed too often of late."""
        with self._lock:
            failures = self._failures.get(name, deque())
            while failures and monotonic() - failures[0] > _WINDOW_SECONDS:
                failures.popleft()
            if len(failures) >= self._limit:
                minutes = _WINDOW_SECONDS // 60
                message = f"Too many failed sign-ins for '{name}'. Wait {minutes} minutes and try again."
                raise TooManyAttemptsError(message)

    def add(self, name: str) -> None:
        """Count one failure."""
        with self._lock:
            self._failures.setdefault(name, deque(maxlen=self._limit)).append(monotonic())
            self._failures.move_to_end(name)
            while len(self._failures) > _COUNTED_ACCOUNTS:
                self._failures.popitem(last=False)

    def clear(self, name: str) -> None:
        """Forget the failures of an account that signed in."""
        with self._lock:
            self._failures.pop(name, None)


@cache
def _hash_of_nobody() -> str:
    """Return the hash of a password that nobody knows, made once in a process: most processes check no password."""
    return PasswordHasher().hash(secrets.token_urlsafe(16))
