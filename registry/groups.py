"""Group Membership Service 1.0 for the groups of this server, whose identifiers node properties have."""

from collections.abc import Sequence
from email.utils import format_datetime

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.database import utc_now
from core.errors import PhotozError
from core.identifiers import GroupIdentifiers
from core.settings import Settings
from core.vosi import capabilities_document
from core.web.routes import route_class
from registry.group_capabilities import GROUPS, group_capabilities

__all__ = ["group_routes"]

#: The group that all users belong to.
_EVERYBODY = "registered"


def group_routes(settings: Settings, authenticate: Authenticator) -> APIRouter:
    """Return the routes of the service: its capabilities, and the groups of the user who asks (GMS 1.0 §2)."""
    router = APIRouter(prefix=f"/{GROUPS}", route_class=route_class(_text_error), include_in_schema=False)
    groups = GroupIdentifiers(settings.authority)
    signed_in = authenticate.requiring_sign_in()

    @router.api_route("/search", methods=["GET", "HEAD"])
    def search(wanted: list[str] = Query([], alias="group"), identity: Identity = Depends(signed_in)) -> Response:
        return _answer(groups, identity, wanted)

    @router.api_route("/search/{group}", methods=["GET", "HEAD"])
    def is_member(group: str, identity: Identity = Depends(signed_in)) -> Response:
        return _answer(groups, identity, [group])

    @router.api_route("/capabilities", methods=["GET", "HEAD"])
    def capabilities() -> Response:
        document = capabilities_document(group_capabilities(f"{settings.public_url}/{GROUPS}"))
        return Response(document, media_type="text/xml")

    return router


def _answer(groups: GroupIdentifiers, identity: Identity, wanted: Sequence[str]) -> Response:
    """Return the groups of an identity, or those of them that are wanted, one a line.

    The answer expires at once: who leaves a group has lost its rights with the next request.
    """
    names = {groups.name_in(text) for text in wanted}
    found = sorted(name for name in identity.groups | {_EVERYBODY} if not names or name in names)
    text = "".join(f"{name}\r\n" for name in found)
    return PlainTextResponse(text, headers={"Expires": format_datetime(utc_now(), usegmt=True)})


def _text_error(_request: Request, error: PhotozError) -> Response:
    return PlainTextResponse(str(error), error.status)
