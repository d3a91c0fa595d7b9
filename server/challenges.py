"""The challenges of the VO services: how their clients can sign in, and who they are (SSO 2.0, AuthVO)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ChallengeMiddleware"]

_METHOD = "ivo://ivoa.net/sso#tls-with-password"
_BASIC = (b"www-authenticate", b'Basic realm="photoz", charset="UTF-8"')
_UNAUTHORIZED = 401


class ChallengeMiddleware:
    """Tell VO clients how to sign in, and who they are once they have.

    Their clients look for challenges where they are refused (401), and in the answer of ``capabilities``, which
    everybody may read: there they say that signing in is possible (AuthVO: optional authentication). An answer to
    somebody who signed in names the account in ``X-VO-Authenticated``.

    Parameters
    ----------
    prefixes
        How the paths of VO services begin.
    sign_in_url
        Address of the sign-in for programs.
    """

    def __init__(self, app: ASGIApp, prefixes: tuple[str, ...], sign_in_url: str) -> None:
        self._app = app
        self._prefixes = prefixes
        self._ivoa = [
            (b"www-authenticate", f'{scheme} standard_id="{_METHOD}", access_url="{sign_in_url}/{name}"'.encode())
            for scheme, name in (("ivoa_cookie", "cookie"), ("ivoa_bearer", "token"))
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_challenged(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._said(scope, message, state)]}
            await send(message)

        await self._app(scope, receive, send_challenged)

    def _said(self, scope: Scope, message: Message, state: dict[str, object]) -> list[tuple[bytes, bytes]]:
        name = getattr(state.get("identity"), "name", None)
        if message["status"] == _UNAUTHORIZED:
            return self._ivoa
        if isinstance(name, str):
            return [(b"x-vo-authenticated", name.encode("latin-1", "replace"))]
        return [_BASIC, *self._ivoa] if scope["path"].endswith("/capabilities") else []
