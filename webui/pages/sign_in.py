"""Sign-in by name and password, and its end."""

from fastapi import APIRouter, Depends, Request, Response

from core.auth.dependencies import SESSION_COOKIE, Authenticator
from core.auth.models import ANONYMOUS, Identity
from core.errors import AuthenticationError, PermissionDeniedError, TooManyAttemptsError
from webui.pages.addresses import safe_next
from webui.pages.forms import FormState, form_fields
from webui.pages.rendering import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the pages of sign-in and sign-out."""
    accounts, settings = services.accounts, services.settings

    @router.get("/login")
    def login_form(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        target = safe_next(request.query_params.get("next"))
        if not identity.is_anonymous:
            return see_other(target)
        return renderer.page("login.html", identity, form=FormState(), target=target)

    @router.post("/login")
    def login(request: Request, fields: dict[str, str] = Depends(form_fields)) -> Response:
        _refuse_other_sites(request, services.authenticate)
        target, name = safe_next(fields.get("next")), fields.get("name", "").strip()
        try:
            identity = accounts.identity_of_password(name, fields.get("password", ""))
        except AuthenticationError as e:
            # Not 401: a browser would ask for name and password once more, in a window of its own.
            form = FormState.refused({"name": name}, e)
            status = e.status if isinstance(e, TooManyAttemptsError) else 403
            return renderer.page("login.html", ANONYMOUS, status=status, form=form, target=target)
        old = request.cookies.get(SESSION_COOKIE)
        if old:
            accounts.close_session(old)
        answer = see_other(target)
        answer.set_cookie(
            SESSION_COOKIE,
            accounts.open_session(identity),
            max_age=settings.session_hours * 3600,
            path="/",
            secure=settings.secure_cookies,
            httponly=True,
            samesite="lax",
        )
        return answer

    @router.post("/logout")
    def logout(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        cookie = request.cookies.get(SESSION_COOKIE)
        if cookie and not identity.is_anonymous:
            accounts.close_session(cookie)
        answer = see_other("/")
        answer.delete_cookie(SESSION_COOKIE, path="/", secure=settings.secure_cookies, httponly=True, samesite="lax")
        return answer


def _refuse_other_sites(request: Request, authenticate: Authenticator) -> None:
    """Refuse a sign-in that another site's page sends, which would sign a visitor in as somebody else."""
    says_where = {"sec-fetch-site", "origin"} & set(request.headers)
    if says_where and not authenticate.is_same_origin(request):
        message = "This sign-in was sent by a page of another site. Open the sign-in page here and try again."
        raise PermissionDeniedError(message)
