"""Rules of new passwords (NIST SP 800-63B §3.1.1.2: length, and no values that are commonly used or expected)."""

import re

from core.errors import InvalidValueError

__all__ = ["SHORTEST_PASSWORD", "check_new_password"]

#: Characters that a new password has at least.
SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 1000
_FEWEST_CHARACTERS = 5
_FEWEST_LEFT = 6
_ROWS = (
    *("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("1qaz2wsx3edc4rfv5tgb6yhn", "1q2w3e4r5t6y7u8i9o0p"),
)
#: Parts of passwords that programs for guessing try first; they do not count towards the length.
_COMMON = (
    *("password", "passwort", "passw0rd", "p@ssword", "letmein", "welcome", "iloveyou", "admin", "administrator"),
    *("changeme", "secret", "master", "login", "user", "dragon", "monkey", "sunshine", "princess", "football"),
    *("photoz", "photo-z", "server", "default", "test", "guest", "root", "trustno1", "astronomy", "starwars"),
)
_SHORTEST_RUN = 4


def check_new_password(password: str, name: str = "") -> None:
    """Check a new password of an account.

    Raises
    ------
    InvalidValueError
        It is too short or too long, has too few different characters, or little beyond common words, the name of the
        account, and keys that lie side by side.
    """
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        message = f"A password needs at least {SHORTEST_PASSWORD} characters (at most {_LONGEST_PASSWORD})."
        raise InvalidValueError(message, field="password")
    if len(set(password.lower())) < _FEWEST_CHARACTERS or len(_without_expected(password, name)) < _FEWEST_LEFT:
        message = (
            "This password is too easy to guess: it is made of common words, the name of the account, repetitions or "
            "keys side by side. Use several words that do not belong together."
        )
        raise InvalidValueError(message, field="password")


def _without_expected(password: str, name: str) -> str:
    """Return what is left of a password without the parts that one would try first."""
    left = password.lower()
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if len(word) > 2]
    for word in sorted((*_COMMON, *words), key=len, reverse=True):
        left = left.replace(word, "")
    left = _without_runs(left)
    repeated = re.fullmatch(r"(.+?)\1+", left)
    return repeated[1] if repeated else left


def _without_runs(text: str) -> str:
    for row in _ROWS:
        for line in (row, row[::-1]):
            for length in range(len(line), _SHORTEST_RUN - 1, -1):
                for start in range(len(line) - length + 1):
                    text = text.replace(line[start : start + length], "")
    return text
