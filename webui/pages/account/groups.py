"""The pages of groups: those of the reader, and one group with its members."""

from fastapi import APIRouter, Depends, Response

from core.auth.groups import Group
from core.auth.models import Identity
from core.errors import ConflictError, InvalidValueError
from webui.pages.forms import FormState, form_fields
from webui.pages.rendering.templates import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the pages of groups."""
    _add_list(router, services, renderer)
    _add_group(router, services, renderer)


def _add_list(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, groups = services.authenticate, services.accounts.groups

    def page(identity: Identity, form: FormState, *, status: int = 200) -> Response:
        return renderer.page("account/groups.html", identity, status=status, form=form, groups=groups.groups(identity))

    @router.get("/groups")
    def list_groups(identity: Identity = Depends(authenticate)) -> Response:
        return page(identity, FormState())

    @router.post("/groups")
    def create(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        try:
            group = groups.create(identity, fields.get("name", ""), fields.get("description", ""))
        except (InvalidValueError, ConflictError) as e:
            return page(identity, FormState.refused(fields, e, "name", "description"), status=e.status)
        return see_other(f"/groups/{group.id}")


def _add_group(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, groups = services.authenticate, services.accounts.groups

    def page(identity: Identity, group: Group, form: FormState, *, status: int = 200) -> Response:
        manages = group.is_managed_by(identity)
        return renderer.page("account/group.html", identity, status=status, form=form, group=group, manages=manages)

    @router.get("/groups/{group_id}")
    def one_group(group_id: int, identity: Identity = Depends(authenticate)) -> Response:
        group = groups.group(identity, group_id)
        return page(identity, group, FormState({"description": group.description}))

    @router.post("/groups/{group_id}/describe")
    def describe(
        group_id: int, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        try:
            groups.describe(identity, group_id, fields.get("description", ""))
        except InvalidValueError as e:
            return page(identity, groups.group(identity, group_id), FormState.refused(fields, e), status=e.status)
        return see_other(f"/groups/{group_id}")

    @router.post("/groups/{group_id}/members")
    def add(
        group_id: int, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        try:
            groups.add_member(identity, group_id, fields.get("user", ""), manager=fields.get("manager") == "1")
        except (InvalidValueError, ConflictError) as e:
            group = groups.group(identity, group_id)
            form = FormState.refused({**fields, "description": group.description}, e, "user")
            return page(identity, group, form, status=e.status)
        return see_other(f"/groups/{group_id}")

    @router.post("/groups/{group_id}/members/remove")
    def remove(
        group_id: int, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        user = fields.get("user", "")
        groups.remove_member(identity, group_id, user)
        return see_other("/groups" if user == identity.name else f"/groups/{group_id}")

    @router.post("/groups/{group_id}/delete")
    def delete(group_id: int, identity: Identity = Depends(authenticate)) -> Response:
        groups.delete(identity, group_id)
        return see_other("/groups")
