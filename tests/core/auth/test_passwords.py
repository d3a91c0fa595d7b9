"""Argon2 takes much time and memory on purpose; it does so only where passwords are checked."""

import subprocess
import sys

import pytest

from core.auth.passwords import Passwords

_COUNTING = """
from argon2 import PasswordHasher
from core.auth.passwords import Passwords

done = []
for name in ("hash", "verify"):
    def counted(*words, name=name, right=getattr(PasswordHasher, name)):
        done.append(name)
        return right(*words)
    setattr(PasswordHasher, name, counted)
passwords = Passwords()
assert done == []
stored = {stored}
done.clear()
for _ in range(2):
    assert not passwords.matches("wrong", stored)
print(*done)
print(stored or passwords.hash("other"))
"""


@pytest.mark.parametrize("stored", ["None", "passwords.hash('right')"])
def test_who_has_an_account_cannot_be_told_by_the_time_not_even_at_the_first_check(stored: str):
    command = [sys.executable, "-c", _COUNTING.format(stored=stored)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    *counted, made = done.stdout.split()
    assert counted == ["hash", "verify", "verify"]
    # At least what RFC 9106 recommends where memory is scarce; the tests' own process takes less (tests/conftest.py).
    memory, passes, _ = (int(each.partition("=")[2]) for each in made.split("$")[3].split(","))
    assert (memory >= 65536, passes >= 3) == (True, True), made


def test_a_right_password_matches_and_a_wrong_one_does_not():
    passwords = Passwords()
    stored = passwords.hash("right")
    assert [passwords.matches(said, stored) for said in ("right", "wrong", "right", "")] == [True, False, True, False]
    assert not passwords.matches("right", None)
    assert not passwords.matches("right", "no hash")
