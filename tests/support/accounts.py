"""Accounts on the database of a server that runs, made in this process, which is quicker than by the command."""

from core.auth.models import Scope
from core.auth.service import AccountService
from core.database import Database
from tests.support.server import RunningServer

__all__ = ["new_account"]


def new_account(
    server: RunningServer, name: str, password: str | None = None, *, scope: Scope = Scope.WRITE, url: str | None = None
) -> str:
    """Make an account, and give a token of it; the database is that of the data folder, or at an address.

    With the scope ``admin`` it is the account of an administrator.
    """
    database = Database(url or f"sqlite:///{server.data / 'photoz.sqlite'}")
    try:
        accounts = AccountService(database)
        accounts.add_user(name, password, is_admin=scope is Scope.ADMIN)
        return accounts.issue_token(accounts.identity_of_user(name), "tests", scope).secret
    finally:
        database.close()
