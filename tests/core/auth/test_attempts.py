"""Failed sign-ins are counted by account and by address, in every process alike, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.auth.attempts import SignInAttempts
from core.auth.schema import SignInAttemptRow
from core.database import Database, utc_now
from core.errors import TooManyAttemptsError

OWNER, THIEF = "address 192.0.2.1", "address 198.51.100.7"


@pytest.fixture
def attempts(database: Database) -> SignInAttempts:
    return SignInAttempts(database, per_account=3, per_address=6)


def fail(attempts: SignInAttempts, address: str, times: int = 3, account: str = "alice") -> None:
    for _ in range(times):
        attempts.check(account, address)
        attempts.add_failure(account, address)


def test_a_stranger_locks_himself_out_and_nobody_else(attempts: SignInAttempts):
    fail(attempts, THIEF)
    with pytest.raises(TooManyAttemptsError, match="failed sign-ins for 'alice'"):
        attempts.check("alice", THIEF)
    attempts.check("alice", OWNER)
    attempts.check("bob", THIEF)


def test_another_process_counts_the_same_failures(attempts: SignInAttempts, database: Database):
    fail(attempts, THIEF)
    with pytest.raises(TooManyAttemptsError):
        SignInAttempts(database, per_account=3, per_address=6).check("alice", THIEF)


def test_one_password_for_many_accounts_is_limited_by_address(attempts: SignInAttempts):
    for number in range(6):
        fail(attempts, THIEF, 1, f"user{number}")
    with pytest.raises(TooManyAttemptsError, match="from your address"):
        attempts.check("alice", THIEF)
    attempts.check("alice", OWNER)


def test_names_that_no_account_can_have_count_for_the_address_alone(attempts: SignInAttempts):
    fail(attempts, THIEF, 6, "")
    attempts.check("", OWNER)
    with pytest.raises(TooManyAttemptsError, match="from your address"):
        attempts.check("", THIEF)


def test_guesses_from_many_addresses_leave_the_owner_in(attempts: SignInAttempts):
    attempts.add_success("alice", OWNER)
    for number in range(15):
        fail(attempts, f"address 203.0.113.{number}", 1)
    attempts.check("alice", OWNER)
    with pytest.raises(TooManyAttemptsError):
        attempts.check("alice", THIEF)
    attempts.check("bob", THIEF)


def test_failures_are_forgotten_after_a_success_and_after_a_quarter_of_an_hour(
    attempts: SignInAttempts, database: Database
):
    fail(attempts, OWNER, 2)
    attempts.add_success("alice", OWNER)
    fail(attempts, OWNER)
    with database.write() as session:
        session.execute(update(SignInAttemptRow).values(at=utc_now() - timedelta(minutes=15)))
    attempts.check("alice", OWNER)
    fail(attempts, OWNER, 1)
    with database.read() as session:
        assert session.query(SignInAttemptRow).filter_by(succeeded=False).count() == 1
