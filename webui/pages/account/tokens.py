"""A user's tokens: listed, made, revoked."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity, IssuedToken, Scope
from core.errors import InvalidValueError, PermissionDeniedError
from webui.pages.forms import FormState, form_fields
from webui.pages.rendering.templates import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = ("name", "scope", "days")
_LONGEST_NUMBER = 6


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the pages of tokens."""
    accounts, authenticate = services.accounts.service, services.authenticate

    @router.get("/tokens")
    def tokens(identity: Identity = Depends(authenticate)) -> Response:
        return _page(services, renderer, identity, FormState())

    @router.post("/tokens")
    def make(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        identity.require(Scope.WRITE)
        try:
            issued = accounts.issue_token(
                identity, fields.get("name", ""), _scope(fields.get("scope", "")), days=_days(fields.get("days", ""))
            )
        except (InvalidValueError, PermissionDeniedError) as e:
            form = FormState.refused(fields, e, *_FIELDS)
            return _page(services, renderer, identity, form, status=e.status)
        return _page(services, renderer, identity, FormState(), issued=issued)

    @router.post("/tokens/{token_id}/revoke")
    def revoke(token_id: int, identity: Identity = Depends(authenticate)) -> Response:
        accounts.revoke_token(identity, token_id)
        return see_other("/tokens")


def _page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    form: FormState,
    *,
    status: int = 200,
    issued: IssuedToken | None = None,
) -> Response:
    return renderer.page(
        "account/tokens.html",
        identity,
        status=status,
        headers={"Cache-Control": "no-store"},
        form=form,
        issued=issued,
        tokens=services.accounts.service.tokens(identity),
        scopes=[scope for scope in Scope if scope is not Scope.ADMIN or identity.is_admin],
    )


def _scope(text: str) -> Scope:
    if text not in set(Scope):
        message = f"'{text}' is not a scope; choose one of {', '.join(Scope)}."
        raise InvalidValueError(message, field="scope")
    return Scope(text)


def _days(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        message = f"'{text}' is not a number of days; leave it empty for a token without an end."
        raise InvalidValueError(message, field="days")
    return int(text)
