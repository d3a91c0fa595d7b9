"""New passwords that everybody would guess are refused, others are not."""

import pytest

from core.auth.password_rules import check_new_password
from core.errors import InvalidValueError

#: From lists of passwords that were found most often (SecLists, rockyou), and of their kind.
GUESSED = (
    *("password1234", "passwordpassword", "Passw0rd2024", "123456789012", "qwertyuiop12", "qwertyuiop[]"),
    *(
        "1q2w3e4r5t6y",
        "abcdefghijkl",
        "aaaaaaaaaaaa",
        "letmeinletmein",
        "iloveyou1234",
        "1qaz2wsx3edc",
        "adminadmin123",
    ),
    *("abcabcabcabc", "zxcvbnm12345", "changeme1234", "welcome12345", "alice.smith1", "smithalice12", "photoz-server"),
)
GOOD = (
    "correct horse",
    "a long password",
    "xkT7-kPz2-mQ9w",
    "Wachtelei am Montag",
    "ü☃ four strange words",
    "v8Hk!2mLq#9z",
)


@pytest.mark.parametrize("password", GUESSED)
def test_what_is_guessed_first_is_refused(password: str):
    with pytest.raises(InvalidValueError, match="too easy to guess"):
        check_new_password(password, "alice.smith")


@pytest.mark.parametrize("password", ["", "short", "12345678901", "x" * 1001])
def test_length_is_limited(password: str):
    with pytest.raises(InvalidValueError, match="at least 12 characters"):
        check_new_password(password)


@pytest.mark.parametrize("password", GOOD)
def test_what_is_hard_to_guess_is_taken(password: str):
    check_new_password(password, "alice.smith")
