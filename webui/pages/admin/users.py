"""Administration of accounts: list, create, edit, set a password, revoke tokens and sessions."""

from fastapi import APIRouter, Depends, Response

from core.auth.administration import Account, AccountChanges, require_admin
from core.auth.models import Identity
from core.errors import InvalidValueError
from webui.addresses import user_address
from webui.pages.forms import FormState, form_fields, save_or_show, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_GIGABYTE = 1_000_000_000
_FIELDS = ("quota", "email", "first_name", "last_name")


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of accounts, and the page of each account."""
    _add_list(router, services, renderer)
    _add_account(router, services, renderer)


def _add_list(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, administration = services.authenticate, services.accounts.administration

    def page(identity: Identity, form: FormState) -> Response:
        return renderer.form("admin/users.html", identity, form, accounts=administration.accounts(identity))

    @router.get("/admin/users")
    def users(identity: Identity = Depends(authenticate)) -> Response:
        return page(identity, FormState())

    @router.post("/admin/users")
    def add(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        require_admin(identity)
        return save_or_show(
            lambda: administration.add(
                identity,
                fields.get("name", ""),
                fields.get("password", "") or None,
                is_admin="is_admin" in fields,
                email=fields.get("email", ""),
            ),
            lambda form: page(identity, form),
            {key: value for key, value in fields.items() if key != "password"},
            ("name", "password", "email"),
            then=lambda account: user_address(account.name),
        )


def _add_account(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    authenticate, administration = services.authenticate, services.accounts.administration

    def page(identity: Identity, account: Account, form: FormState) -> Response:
        return renderer.form(
            "admin/user.html",
            identity,
            form,
            account=account,
            usage=services.products.versions.usage_of(identity, account.id),
            default_quota=services.settings.user_quota_bytes,
        )

    @router.get("/admin/users/{name}")
    def user(name: str, identity: Identity = Depends(authenticate)) -> Response:
        account = administration.account(identity, name)
        return page(identity, account, FormState(_values_of(account)))

    @router.post("/admin/users/{name}")
    def change(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        account = administration.account(identity, name)
        return save_or_show(
            lambda: administration.change(identity, name, _changes_of(fields)),
            lambda form: page(identity, account, form),
            fields,
            _FIELDS,
            then=user_address(name),
        )

    @router.post("/admin/users/{name}/password")
    def password(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        account = administration.account(identity, name)
        return save_or_show(
            lambda: administration.set_password(identity, name, fields.get("password", "")),
            lambda form: page(identity, account, form),
            _values_of(account),
            ("password",),
            then=user_address(name),
            refusals=(InvalidValueError,),
        )

    @router.post("/admin/users/{name}/revoke")
    def revoke(name: str, identity: Identity = Depends(authenticate)) -> Response:
        administration.revoke_all(identity, name)
        return see_other(user_address(name))


def _values_of(account: Account) -> dict[str, str]:
    quota = "" if account.quota_bytes is None else f"{account.quota_bytes / _GIGABYTE:g}"
    values = {
        "first_name": account.first_name,
        "last_name": account.last_name,
        "email": account.email,
        "quota": quota,
    }
    flags = {"is_admin": account.is_admin, "is_active": account.is_active}
    return values | {key: "1" for key, value in flags.items() if value}


def _changes_of(fields: dict[str, str]) -> AccountChanges:
    quota = fields.get("quota", "").strip()
    return AccountChanges(
        first_name=fields.get("first_name", ""),
        last_name=fields.get("last_name", ""),
        email=fields.get("email", ""),
        is_admin="is_admin" in fields,
        is_active="is_active" in fields,
        quota_bytes=_gigabytes(quota) if quota else None,
        without_quota=not quota,
    )


def _gigabytes(text: str) -> int:
    try:
        value = float(text) * _GIGABYTE
        return int(value)
    except (ValueError, OverflowError) as e:
        message = f"'{text:.40}' is not a number of gigabytes."
        raise InvalidValueError(message, field="quota") from e
