"""Sign-in by name and password, and sign-out."""

from dataclasses import replace

from fastapi import APIRouter, Depends, Request, Response

from core.auth.callers import address_of
from core.auth.models import ANONYMOUS, Identity
from core.errors import AuthenticationError, PermissionDeniedError, TooManyAttemptsError
from webui.addresses import page_before, safe_next
from webui.pages.forms import FormState, form_fields, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes", "login_page"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the sign-in page, and sign-out."""
    accounts, sessions = services.accounts.service, services.sessions

    @router.get("/login")
    def login_form(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        asked = request.query_params.get("next")
        target = page_before(request) if asked is None else safe_next(asked)
        if not identity.is_anonymous:
            return see_other(target)
        return login_page(services, renderer, FormState(), target)

    @router.post("/login")
    def login(request: Request, fields: dict[str, str] = Depends(form_fields)) -> Response:
        if services.authenticate.is_of_other_site(request):
            # It would sign the visitor in as another user.
            message = "This sign-in was sent by a page of another site. Open the sign-in page here and try again."
            raise PermissionDeniedError(message)
        target, name = safe_next(fields.get("next")), fields.get("name", "").strip()
        try:
            identity = accounts.identity_of_password(name, fields.get("password", ""), address_of(request))
        except AuthenticationError as e:
            # Not 401: a browser would ask for name and password again, in a dialog of its own.
            status = e.status if isinstance(e, TooManyAttemptsError) else PermissionDeniedError.status
            return login_page(services, renderer, replace(FormState.refused({"name": name}, e), status=status), target)
        answer = see_other(target)
        sessions.begin(request, answer, identity)
        return answer

    @router.post("/logout")
    def logout(request: Request, _identity: Identity = Depends(services.authenticate)) -> Response:
        answer = see_other("/")
        sessions.end(request, answer)
        return answer


def login_page(services: WebServices, renderer: PageRenderer, form: FormState, target: str) -> Response:
    """Render the sign-in page; after the sign-in it redirects to the target."""
    return renderer.form(
        "account/login.html",
        ANONYMOUS,
        form,
        target=target,
        leads_back=target != "/",
        oidc_label=services.settings.oidc_label,
    )
