"""Sign-in by name and password, and its end."""

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import ANONYMOUS, Identity
from core.errors import AuthenticationError, PermissionDeniedError, TooManyAttemptsError
from webui.addresses import safe_next
from webui.pages.forms import FormState, form_fields
from webui.pages.rendering.templates import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the pages of sign-in and sign-out."""
    accounts, sessions, elsewhere = services.accounts.service, services.sessions, services.settings.oidc_label

    @router.get("/login")
    def login_form(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        target = safe_next(request.query_params.get("next"))
        if not identity.is_anonymous:
            return see_other(target)
        return renderer.page("account/login.html", identity, form=FormState(), target=target, elsewhere=elsewhere)

    @router.post("/login")
    def login(request: Request, fields: dict[str, str] = Depends(form_fields)) -> Response:
        if services.authenticate.is_of_other_site(request):
            # It would sign a visitor in as somebody else.
            message = "This sign-in was sent by a page of another site. Open the sign-in page here and try again."
            raise PermissionDeniedError(message)
        target, name = safe_next(fields.get("next")), fields.get("name", "").strip()
        try:
            identity = accounts.identity_of_password(name, fields.get("password", ""))
        except AuthenticationError as e:
            # Not 401: a browser would ask for name and password once more, in a window of its own.
            form = FormState.refused({"name": name}, e)
            status = e.status if isinstance(e, TooManyAttemptsError) else 403
            return renderer.page(
                "account/login.html", ANONYMOUS, status=status, form=form, target=target, elsewhere=elsewhere
            )
        answer = see_other(target)
        sessions.begin(request, answer, identity)
        return answer

    @router.post("/logout")
    def logout(request: Request, _identity: Identity = Depends(services.authenticate)) -> Response:
        answer = see_other("/")
        sessions.end(request, answer)
        return answer
