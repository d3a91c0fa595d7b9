"""Sign-in with an OpenID Connect provider: redirect and callback."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from core.auth.oidc import OidcAttempt, OidcSignIn
from core.auth.signing import LinkSigner, secret_key
from core.errors import ConflictError, PermissionDeniedError, ServiceBusyError
from webui.addresses import safe_next
from webui.pages.account.sign_in import login_page
from webui.pages.forms import FormState, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_COOKIE, _PATH = "photoz_sign_in", "/login/oidc"
_SECONDS = 600


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the redirect and the callback, when the settings name a provider."""
    oidc = services.accounts.oidc
    if oidc is None:
        return
    settings = services.settings
    signer = LinkSigner(secret_key(settings), "sign-in", seconds=_SECONDS)

    @router.get(_PATH)
    def begin(request: Request) -> Response:
        target = safe_next(request.query_params.get("next"))
        try:
            address, attempt = oidc.begin(target)
        except ServiceBusyError as e:
            return login_page(services, renderer, FormState.refused({}, e), target)
        answer = see_other(address)
        answer.set_cookie(
            _COOKIE,
            signer.sign(asdict(attempt)),
            max_age=_SECONDS,
            path=_PATH,
            secure=settings.cookies_are_secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    @router.get(f"{_PATH}/callback")
    def finish(request: Request) -> Response:
        target = safe_next(None)
        try:
            attempt = _attempt(signer, request)
            target = safe_next(attempt.target)
            answer: Response = see_other(target)
            _sign_in(services, oidc, request, answer, attempt)
        except (PermissionDeniedError, ConflictError, ServiceBusyError) as e:
            answer = login_page(services, renderer, FormState.refused({}, e), target)
        # The callback of an attempt is accepted once.
        answer.delete_cookie(_COOKIE, path=_PATH, secure=settings.cookies_are_secure, httponly=True, samesite="lax")
        return answer


def _sign_in(services: WebServices, oidc: OidcSignIn, request: Request, answer: Response, attempt: OidcAttempt) -> None:
    user = oidc.finish(attempt, dict(request.query_params))
    services.sessions.begin(request, answer, services.accounts.external.sign_in(user))


def _attempt(signer: LinkSigner, request: Request) -> OidcAttempt:
    try:
        values = signer.read(request.cookies.get(_COOKIE, ""))
    except PermissionDeniedError as e:
        message = "This sign-in took too long, or was started in another browser. Sign in again."
        raise PermissionDeniedError(message) from e
    return OidcAttempt(**{key: str(value) for key, value in values.items()})
