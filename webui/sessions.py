"""Session cookies of browsers."""

from fastapi import Request, Response

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.auth.service import AccountService

__all__ = ["SessionCookies"]


class SessionCookies:
    """Create and end sessions of browsers, with their cookies.

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
        """Begin a session, which replaces that of the browser, and set its cookie."""
        self.close(request)
        opened = self._accounts.open_session(identity)
        answer.set_cookie(
            self._name,
            opened.secret,
            max_age=opened.seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, request: Request, answer: Response) -> None:
        """End the browser's session and delete its cookie."""
        self.close(request)
        answer.delete_cookie(self._name, path="/", secure=self._secure, httponly=True, samesite="lax")

    def close(self, request: Request) -> None:
        """End the browser's session on the server only."""
        cookie = request.cookies.get(self._name)
        if cookie:
            self._accounts.close_session(cookie)
