"""Passwords: argon2id hashes, and checks of constant duration.

One argon2 hash needs 64 MiB, so only a few passwords are checked at once.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from functools import cache
from threading import BoundedSemaphore, Lock
from time import monotonic

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import ServiceBusyError

__all__ = ["Passwords"]

_CACHED = 256
_CACHE_SECONDS = 300
_AT_ONCE = 4
_LONGEST_WAIT = 5.0


class Passwords:
    """Hashing and checking of passwords.

    A correct password is cached for a few minutes as a keyed digest, because VO clients send it with every
    request and argon2 is slow on purpose.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._key = secrets.token_bytes(32)
        self._cache: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()
        self._slots = BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """Return the argon2id hash to store."""
        return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Return whether a password matches a stored hash; without a hash, return false after the same time.

        Raises
        ------
        ServiceBusyError
            Too many checks are waiting.
        """
        digest = hmac.new(self._key, f"{stored}\0{password}".encode(), hashlib.sha256).digest()
        if stored is not None and self._is_cached(digest):
            return True
        if not self._slots.acquire(timeout=_LONGEST_WAIT):
            message = "Too many users are signing in at the moment; try again in a few seconds."
            raise ServiceBusyError(message)
        try:
            dummy = _dummy_hash()  # computed at the first check of any account, so that its time reveals nothing
            self._hasher.verify(stored or dummy, password)
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._slots.release()
        if stored is None:
            return False
        with self._lock:
            self._cache[digest] = monotonic()
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return True

    def _is_cached(self, digest: bytes) -> bool:
        with self._lock:
            return monotonic() - self._cache.get(digest, -_CACHE_SECONDS) < _CACHE_SECONDS


@cache
def _dummy_hash() -> str:
    """Return the hash of a random password, computed once, and only in processes that check passwords."""
    return PasswordHasher().hash(secrets.token_urlsafe(16))
