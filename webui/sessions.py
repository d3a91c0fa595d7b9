"""Sign-ins by browser: the cookie that begins one, and its end."""

from fastapi import Request, Response

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.auth.service import AccountService

__all__ = ["SessionCookies"]


class SessionCookies:
    """Gives browsers the cookie of a session, and takes it back.

    Parameters
    ----------
    secure
        Whether the cookie is sent over https only.
    """

    def __init__(self, accounts: AccountService, authenticate: Authenticator, *, secure: bool) -> None:
        self._accounts = accounts
        self._name = authenticate.session_cookie
        self._secure = secure

    def begin(self, request: Request, answer: Response, identity: Identity) -> None:
        """Begin a session, in place of the one that the browser has."""
        self.close(request)
        answer.set_cookie(
            self._name,
            self._accounts.open_session(identity),
            max_age=self._accounts.session_seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, request: Request, answer: Response) -> None:
        """End the browser's session, here and there."""
        self.close(request)
        answer.delete_cookie(self._name, path="/", secure=self._secure, httponly=True, samesite="lax")

    def close(self, request: Request) -> None:
        """End the session here."""
        cookie = request.cookies.get(self._name)
        if cookie:
            self._accounts.close_session(cookie)
