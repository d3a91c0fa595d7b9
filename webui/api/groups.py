"""REST resources of groups and their members."""

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.groups import Group
from core.auth.models import Identity
from webui.api.bodies import GroupBody, GroupPatch, MemberBody, parse_body, read_fields
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.representations.products import Json
from webui.services import WebServices

__all__ = ["group_json", "routes"]


def routes(services: WebServices) -> APIRouter:
    """Return the routes of groups."""
    router = api_router("groups")
    _add_groups(router, services)
    _add_members(router, services)
    return router


def group_json(group: Group, identity: Identity) -> Json:
    """Return a group with its members, as the identity may see it."""
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "source": group.source,
        "can_manage": group.is_managed_by(identity),
        "members": [
            {"username": member.name, "display_name": member.display_name, "is_manager": member.is_manager}
            for member in group.members
        ],
    }


def _add_groups(router: APIRouter, services: WebServices) -> None:
    authenticate, groups = services.authenticate, services.accounts.groups
    listing = Listing[Group](
        services.settings,
        {"id": lambda group: group.id, "name": lambda group: group.name},
        lambda group: (group.name, group.description),
    )

    @router.get(
        "/groups", summary="The caller's groups; all groups for administrators", openapi_extra=listing.parameters
    )
    def list_groups(request: Request, identity: Identity = Depends(authenticate)) -> JSONResponse:
        return listing.response(request, groups.groups(identity), lambda group: group_json(group, identity))

    @router.post("/groups", status_code=201, summary="Create a group, with the caller as its manager")
    async def create(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        body = parse_body(GroupBody, await read_fields(request))
        return group_json(await run_in_threadpool(groups.create, identity, body.name, body.description), identity)

    @router.get("/groups/{group_id}", summary="One group")
    def one_group(group_id: int, identity: Identity = Depends(authenticate)) -> Json:
        return group_json(groups.group(identity, group_id), identity)

    @router.patch("/groups/{group_id}", summary="Change the description of a group")
    async def describe(group_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        body = parse_body(GroupPatch, await read_fields(request))
        return group_json(await run_in_threadpool(groups.describe, identity, group_id, body.description), identity)

    @router.delete("/groups/{group_id}", status_code=204, summary="Delete a group")
    def delete(group_id: int, identity: Identity = Depends(authenticate)) -> None:
        groups.delete(identity, group_id)


def _add_members(router: APIRouter, services: WebServices) -> None:
    authenticate, groups = services.authenticate, services.accounts.groups

    @router.put("/groups/{group_id}/members/{user}", summary="Add a member, or change whether a member is a manager")
    async def add(group_id: int, user: str, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        body = parse_body(MemberBody, await read_fields(request))
        group = await run_in_threadpool(groups.add_member, identity, group_id, user, manager=body.is_manager)
        return group_json(group, identity)

    @router.delete("/groups/{group_id}/members/{user}", status_code=204, summary="Remove a member, or leave")
    def remove(group_id: int, user: str, identity: Identity = Depends(authenticate)) -> None:
        groups.remove_member(identity, group_id, user)
