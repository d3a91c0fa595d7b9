"""REST resources of sign-in for VO clients, as the challenges of the VO services declare it.

Both accept ``username`` and ``password`` as a form over an encrypted connection (SSO 2.0 ``tls-with-password``);
``ivoa_cookie`` returns a cookie, ``ivoa_bearer`` a token in ``X-VO-Bearer``. The password may be a token of
the account.
"""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.callers import address_of
from core.auth.models import Identity, Scope
from core.errors import PermissionDeniedError
from webui.api.bodies import read_fields
from webui.api.errors import api_router
from webui.services import WebServices

__all__ = ["routes"]

_TOKEN_DAYS = 7


def routes(services: WebServices) -> APIRouter:
    """Return the routes of VO sign-in."""
    router = api_router("sign-in")
    accounts = services.accounts.service

    async def identity_of(request: Request) -> Identity:
        if services.authenticate.is_of_other_site(request):
            message = "Pages of other sites cannot sign users in."
            raise PermissionDeniedError(message)
        fields = await read_fields(request)
        name, password = str(fields.get("username", "")), str(fields.get("password", ""))
        return await run_in_threadpool(accounts.identity_of_basic, name, password, address_of(request))

    @router.post("/sign-in/cookie", summary="Sign in with name and password: cookie (ivoa_cookie)")
    async def cookie(request: Request) -> Response:
        identity = await identity_of(request)
        opened = await run_in_threadpool(accounts.open_session, identity, for_browser=False)
        answer = Response(
            f"{identity.name}\n", media_type="text/plain", headers={"X-VO-Authenticated": str(identity.name)}
        )
        answer.set_cookie(
            services.authenticate.vo_cookie,
            opened.secret,
            max_age=opened.seconds,
            path="/",
            secure=services.settings.cookies_are_secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    @router.post("/sign-in/token", summary="Sign in with name and password: token in X-VO-Bearer (ivoa_bearer)")
    async def token(request: Request) -> Response:
        identity = await identity_of(request)
        scope = Scope.WRITE if identity.scope.includes(Scope.WRITE) else identity.scope
        issued = await run_in_threadpool(accounts.issue_token, identity, "VO client", scope, days=_TOKEN_DAYS)
        headers = {
            "X-VO-Authenticated": str(identity.name),
            "X-VO-Bearer": issued.secret,
            "Cache-Control": "no-store",
        }
        return Response(f"{issued.secret}\n", media_type="text/plain", headers=headers)

    return router
