"""REST resources of accounts and tokens."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.callers import address_of
from core.auth.models import Identity, Scope, SignIn, Token, User
from core.errors import AuthenticationError, InvalidValueError, NotFoundError, TooManyAttemptsError
from webui.api.bodies import read_fields
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.representations.products import Json, sign_in_json, token_json, user_json
from webui.services import WebServices

__all__ = ["routes"]

_MAX_DIGITS = 9


def routes(services: WebServices) -> APIRouter:
    """Return the routes of accounts and tokens."""
    router = api_router("accounts")
    _add_accounts(router, services)
    _add_tokens(router, services)
    return router


def _add_accounts(router: APIRouter, services: WebServices) -> None:
    authenticate = services.authenticate
    listing = Listing[User](
        services.settings,
        {"id": lambda user: user.id, "username": lambda user: user.name},
        lambda user: (user.name, user.first_name, user.last_name, user.display_name),
    )

    @router.get(
        "/users",
        summary="Accounts that share products or groups with the caller",
        openapi_extra=listing.parameters,
    )
    def users(request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        identity.require(Scope.READ)
        return listing.response(request, services.products.service.visible_accounts(identity), user_json)

    @router.get("/users/{user_id}", summary="One account")
    def one_user(user_id: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        for user in services.products.service.visible_accounts(identity):
            if user.id == user_id:
                return user_json(user)
        message = f"There is no user number {user_id}."
        raise NotFoundError(message)

    @router.post("/logged_user", summary="The caller's account")
    def logged_user(identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return {"username": identity.name, "is_admin": identity.is_admin, "scope": identity.scope}

    @router.get("/logout", summary="Sign the browser out")
    def logout(request: Request, response: Response) -> None:
        if request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}:
            services.sessions.end(request, response)


def _add_tokens(router: APIRouter, services: WebServices) -> None:
    accounts, authenticate = services.accounts.service, services.authenticate

    listing = Listing[Token](
        services.settings,
        {"id": lambda token: token.id, "name": lambda token: token.name, "created_at": lambda token: token.created_at},
        lambda token: (token.name, token.scope),
    )
    signed_in = Listing[SignIn](
        services.settings,
        {"id": lambda sign_in: sign_in.id, "created_at": lambda sign_in: sign_in.created_at},
        lambda sign_in: (sign_in.scope,),
    )

    @router.get("/tokens", summary="The caller's tokens, without their secrets", openapi_extra=listing.parameters)
    def tokens(request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        return listing.response(request, accounts.tokens(identity), token_json)

    @router.post("/tokens", status_code=201, summary="Create a token; its secret is returned only once")
    async def make_token(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        fields = await read_fields(request)
        scope, days = fields.get("scope", Scope.WRITE), fields.get("days")
        if not isinstance(scope, str) or scope not in set(Scope):
            message = f"'{scope}' is not a scope; the scopes are {', '.join(Scope)}."
            raise InvalidValueError(message, field="scope")
        issued = accounts.issue_token(
            identity,
            str(fields.get("name", "")),
            Scope(scope),
            days=None if days is None or days == "" else _days(days),
        )
        return {**token_json(issued.token), "token": issued.secret}

    @router.delete("/tokens/{token_id}", status_code=204, summary="Revoke a token, and what was made with it")
    def revoke(token_id: int, identity: Identity = Depends(authenticate)) -> None:
        accounts.revoke_token(identity, token_id)

    @router.get(
        "/sign-ins",
        summary="The caller's sign-ins by cookie that have not ended",
        openapi_extra=signed_in.parameters,
    )
    def sign_ins(request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        return signed_in.response(request, accounts.sign_ins(identity), sign_in_json)

    @router.delete("/sign-ins/{session_id}", status_code=204, summary="End a sign-in, and what was made with it")
    def end_sign_in(session_id: int, identity: Identity = Depends(authenticate)) -> None:
        accounts.end_sign_in(identity, session_id)

    @router.post("/get_token", summary="Create a token named 'API' with the scope 'write'")
    def get_token(identity: Identity = Depends(authenticate)) -> Json:
        return {"token": accounts.issue_token(identity, "API", Scope.WRITE).secret}

    @router.post("/obtain_token", summary="Create a token from name and password")
    async def obtain_token(request: Request) -> JSONResponse:
        fields = await read_fields(request)
        name, password = str(fields.get("username", "")), str(fields.get("password", ""))
        try:
            identity = await run_in_threadpool(accounts.identity_of_password, name, password, address_of(request))
        except TooManyAttemptsError:
            raise
        except AuthenticationError as e:
            # Clients of this address expect this status, and no challenge.
            return JSONResponse({"non_field_errors": [e.message], "detail": e.message, "code": e.code}, 400)
        return JSONResponse({"token": accounts.issue_token(identity, "API", Scope.WRITE).secret})


def _days(value: object) -> int:
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_DIGITS):
        return int(value)
    message = f"'{value!s:.40}' is not a number of days."
    raise InvalidValueError(message, field="days")
