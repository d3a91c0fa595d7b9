"""Limits of failed sign-ins, by account and by address, in the database that all processes share.

A stranger who guesses does not lock the owner out: failures count for the pair of an account and an address, and for an
address over all accounts. Guesses from many addresses at one account make only those addresses wait from which nobody
signed in to it before.
"""

from collections import deque
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import DBAPIError

from core.auth.schema import SignInAttemptRow
from core.database import Database, ignoring_storage_errors, storage_error, utc_now
from core.errors import TooManyAttemptsError

__all__ = ["SignInAttempts"]

_WINDOW = timedelta(minutes=15)
_KNOWN_FOR = timedelta(days=90)
_KNOWN_STEP = timedelta(days=1)
#: Failures of an account from all addresses, as a multiple of those from one address.
_ALL_ADDRESSES = 5
#: Failures that a process remembers while they cannot be stored.
_MOST_UNSTORED = 10_000


class SignInAttempts:
    """Counters of failed sign-ins in the last 15 minutes.

    While the disk is full or read-only each process counts the failures that it sees itself.

    Parameters
    ----------
    per_account
        Failures of one account from one address after which that address waits.
    per_address
        Failures from one address, for all accounts together, after which it waits.
    """

    def __init__(self, database: Database, *, per_account: int, per_address: int) -> None:
        self._database = database
        self._per_account = per_account
        self._per_address = per_address
        self._unstored: deque[tuple[str, str, datetime]] = deque(maxlen=_MOST_UNSTORED)
        self._lock = Lock()

    def check(self, account: str, address: str) -> None:
        """Raise TooManyAttemptsError when the account or the address has too many recent failures.

        Parameters
        ----------
        account
            Name of the account; empty for a name that no account can have, which counts for the address alone.
        """
        failed = SignInAttemptRow.succeeded.is_(False)
        recent = SignInAttemptRow.at > utc_now() - _WINDOW
        ours, here = SignInAttemptRow.account == account, SignInAttemptRow.address == address
        with self._database.read() as session:
            pair, all_here, everywhere = session.execute(
                select(
                    func.count().filter(ours, here),
                    func.count().filter(here),
                    func.count().filter(ours),
                ).where(failed, recent, or_(ours, here))
            ).one()
            known = everywhere >= self._per_account * _ALL_ADDRESSES and session.scalar(
                select(SignInAttemptRow.id).where(SignInAttemptRow.succeeded.is_(True), ours, here).limit(1)
            )
        for failed_account, failed_address in self._recent_unstored():
            pair += (failed_account, failed_address) == (account, address)
            all_here += failed_address == address
            everywhere += failed_account == account
        minutes = int(_WINDOW.total_seconds()) // 60
        if account and (pair >= self._per_account or (everywhere >= self._per_account * _ALL_ADDRESSES and not known)):
            message = f"Too many failed sign-ins for '{account}'. Wait {minutes} minutes and try again."
            raise TooManyAttemptsError(message)
        if all_here >= self._per_address:
            message = f"Too many failed sign-ins from your address. Wait {minutes} minutes and try again."
            raise TooManyAttemptsError(message)

    def add_failure(self, account: str, address: str) -> None:
        """Count a failure, and delete what no longer counts."""
        now = utc_now()
        try:
            with self._database.write() as session:
                old = SignInAttemptRow.succeeded.is_(False) & (SignInAttemptRow.at <= now - _WINDOW)
                unknown = SignInAttemptRow.succeeded.is_(True) & (SignInAttemptRow.at <= now - _KNOWN_FOR)
                session.execute(delete(SignInAttemptRow).where(or_(old, unknown)))
                session.add(SignInAttemptRow(account=account, address=address, at=now, succeeded=False))
        except (DBAPIError, OSError) as e:
            if storage_error(e) is None:
                raise
            with self._lock:
                self._unstored.append((account, address, now))

    def add_success(self, account: str, address: str) -> None:
        """Clear the failures of the account from this address, and remember the address for the account."""
        now = utc_now()
        pair = (SignInAttemptRow.account == account, SignInAttemptRow.address == address)
        with self._database.read() as session:
            rows = session.execute(select(SignInAttemptRow.succeeded, SignInAttemptRow.at).where(*pair)).all()
        known = [at for succeeded, at in rows if succeeded]
        if len(known) == len(rows) and known and now - max(known) < _KNOWN_STEP:
            return
        # Who signs in can read, also while nothing can be stored.
        with ignoring_storage_errors(), self._database.write() as session:
            session.execute(delete(SignInAttemptRow).where(*pair, SignInAttemptRow.succeeded.is_(False)))
            if known:
                session.execute(update(SignInAttemptRow).where(*pair).values(at=now))
            else:
                session.add(SignInAttemptRow(account=account, address=address, at=now, succeeded=True))

    def _recent_unstored(self) -> list[tuple[str, str]]:
        """Return account and address of the recent failures that could not be stored."""
        oldest = utc_now() - _WINDOW
        with self._lock:
            while self._unstored and self._unstored[0][2] <= oldest:
                self._unstored.popleft()
            return [(account, address) for account, address, _ in self._unstored]
