"""Page of the user's account: password, and sign-ins that have not ended."""

from fastapi import APIRouter, Depends, Request, Response

from core.auth.callers import address_of
from core.auth.models import Identity, Scope
from core.errors import InvalidValueError
from webui.pages.forms import FormState, form_fields, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = ("old", "password")


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of the account."""
    accounts, authenticate = services.accounts.service, services.authenticate

    @router.get("/account")
    def account(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        changed = request.query_params.get("changed") == "1"
        return _page(services, renderer, identity, FormState(), is_changed=changed)

    @router.post("/account/password")
    def change_password(
        request: Request, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        try:
            signed_in = accounts.change_password(
                identity,
                fields.get("old", ""),
                fields.get("password", ""),
                address=address_of(request),
                with_tokens=fields.get("tokens") == "1",
            )
        except InvalidValueError as e:
            return _page(services, renderer, identity, FormState.refused({}, e, *_FIELDS))
        answer = see_other("/account?changed=1")
        services.sessions.begin(request, answer, signed_in)
        return answer

    @router.post("/account/sign-ins/{session_id}/end")
    def end(session_id: int, identity: Identity = Depends(authenticate)) -> Response:
        accounts.end_sign_in(identity, session_id)
        return see_other("/account")


def _page(
    services: WebServices, renderer: PageRenderer, identity: Identity, form: FormState, *, is_changed: bool = False
) -> Response:
    identity.require(Scope.READ)
    accounts = services.accounts.service
    return renderer.form(
        "account/account.html",
        identity,
        form,
        headers={"Cache-Control": "no-store"},
        has_password=accounts.has_password(identity),
        sign_ins=accounts.sign_ins(identity),
        tokens={token.id: token for token in accounts.tokens(identity)},
        is_changed=is_changed,
        current=identity.credential.key,
    )
