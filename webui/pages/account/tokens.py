"""Page of the user's tokens: list, create, revoke."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity, IssuedToken, Scope, Token
from core.errors import InvalidValueError, PermissionDeniedError
from webui.pages.forms import FormState, form_fields, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes", "in_families"]

_FIELDS = ("name", "scope", "days")
_MAX_DIGITS = 6


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page of tokens."""
    accounts, authenticate = services.accounts.service, services.authenticate

    @router.get("/tokens")
    def tokens(identity: Identity = Depends(authenticate)) -> Response:
        return _page(services, renderer, identity, FormState())

    @router.post("/tokens")
    def create(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        identity.require(Scope.WRITE)
        try:
            issued = accounts.issue_token(
                identity, fields.get("name", ""), _scope(fields.get("scope", "")), days=_days(fields.get("days", ""))
            )
        except (InvalidValueError, PermissionDeniedError) as e:
            return _page(services, renderer, identity, FormState.refused(fields, e, *_FIELDS))
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
    issued: IssuedToken | None = None,
) -> Response:
    tokens = services.accounts.service.tokens(identity)
    return renderer.form(
        "account/tokens.html",
        identity,
        form,
        headers={"Cache-Control": "no-store"},
        issued=issued,
        tokens=in_families(tokens),
        by_id={token.id: token for token in tokens},
        scopes=[scope for scope in Scope if scope is not Scope.ADMIN or identity.is_admin],
    )


def in_families(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Return tokens in their order, each followed by those that were made with it."""
    made_with: dict[int | None, list[Token]] = {}
    known = {token.id for token in tokens}
    for token in tokens:
        made_with.setdefault(token.parent_id if token.parent_id in known else None, []).append(token)
    waiting = made_with.get(None, [])[::-1]
    found = []
    while waiting:
        found.append(waiting.pop())
        waiting += made_with.get(found[-1].id, [])[::-1]
    return tuple(found)


def _scope(text: str) -> Scope:
    if text not in set(Scope):
        message = f"'{text}' is not a scope; choose one of {', '.join(Scope)}."
        raise InvalidValueError(message, field="scope")
    return Scope(text)


def _days(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        message = f"'{text}' is not a number of days; leave it empty for a token that never expires."
        raise InvalidValueError(message, field="days")
    return int(text)
