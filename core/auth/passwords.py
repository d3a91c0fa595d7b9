"""Passwords: argon2id hashes, a check that takes as long for unknown accounts, and a pause after many failures."""

import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from threading import Lock
from time import monotonic

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import AuthenticationError

__all__ = ["FailureCounter", "Passwords"]

_REMEMBERED = 256
_REMEMBERED_SECONDS = 300
_WINDOW_SECONDS = 900
_COUNTED_ACCOUNTS = 10_000


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
        self._dummy = self._hasher.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        """Give the argon2id hash to store."""
        return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Say whether the password belongs to the stored hash; without one, take as long and say no."""
        digest = hmac.new(self._key, f"{stored}\0{password}".encode(), hashlib.sha256).digest()
        if stored is not None and self._is_remembered(digest):
            return True
        try:
            self._hasher.verify(stored or self._dummy, password)
        except (VerificationError, InvalidHashError):
            return False
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
        """Raise AuthenticationError when the account failed too often of late."""
        with self._lock:
            failures = self._failures.get(name, deque())
            while failures and monotonic() - failures[0] > _WINDOW_SECONDS:
                failures.popleft()
            if len(failures) >= self._limit:
                minutes = _WINDOW_SECONDS // 60
                message = f"Too many failed sign-ins for '{name}'. Wait {minutes} minutes and try again."
                raise AuthenticationError(message)

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
