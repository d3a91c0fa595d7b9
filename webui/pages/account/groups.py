"""Pages of groups: list, create, describe, members, delete."""

from dataclasses import replace

from fastapi import APIRouter, Depends, Response

from core.auth.groups import Group
from core.auth.models import Identity
from core.errors import InvalidValueError
from webui.pages.forms import FormState, form_fields, save_or_show, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of groups, and the page of each group."""
    _add_list(router, services, renderer)
    _add_group(router, services, renderer)


def _add_list(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, groups = services.authenticate, services.accounts.groups

    def page(identity: Identity, form: FormState) -> Response:
        return renderer.form("account/groups.html", identity, form, groups=groups.groups(identity))

    @router.get("/groups")
    def list_groups(identity: Identity = Depends(authenticate)) -> Response:
        return page(identity, FormState())

    @router.post("/groups")
    def create(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        return save_or_show(
            lambda: groups.create(identity, fields.get("name", ""), fields.get("description", "")),
            lambda form: page(identity, form),
            fields,
            ("name", "description"),
            then=lambda group: _address(group.id),
        )


def _add_group(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, groups = services.authenticate, services.accounts.groups

    def page(identity: Identity, group: Group, form: FormState) -> Response:
        # The page has two forms: the values of the one that was not submitted are those stored.
        form = replace(form, values={"description": group.description, **form.values})
        return renderer.form("account/group.html", identity, form, group=group, manages=group.is_managed_by(identity))

    @router.get("/groups/{group_id}")
    def one_group(group_id: int, identity: Identity = Depends(authenticate)) -> Response:
        return page(identity, groups.group(identity, group_id), FormState())

    @router.post("/groups/{group_id}/describe")
    def describe(
        group_id: int, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        return save_or_show(
            lambda: groups.describe(identity, group_id, fields.get("description", "")),
            lambda form: page(identity, groups.group(identity, group_id), form),
            fields,
            (),
            then=_address(group_id),
            refusals=(InvalidValueError,),
        )

    @router.post("/groups/{group_id}/members")
    def add(
        group_id: int, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        user, manager = fields.get("user", ""), fields.get("manager") == "1"
        return save_or_show(
            lambda: groups.add_member(identity, group_id, user, manager=manager),
            lambda form: page(identity, groups.group(identity, group_id), form),
            {"user": user},
            ("user",),
            then=_address(group_id),
        )

    @router.post("/groups/{group_id}/members/remove")
    def remove(
        group_id: int, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        user = fields.get("user", "")
        groups.remove_member(identity, group_id, user)
        return see_other("/groups" if user == identity.name else _address(group_id))

    @router.post("/groups/{group_id}/delete")
    def delete(group_id: int, identity: Identity = Depends(authenticate)) -> Response:
        groups.delete(identity, group_id)
        return see_other("/groups")


def _address(group_id: int) -> str:
    return f"/groups/{group_id}"
