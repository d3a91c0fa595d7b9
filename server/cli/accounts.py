"""The commands ``photoz user`` and ``photoz group``: administer accounts and groups."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from core.auth.administration import Account, AccountChanges
from core.auth.groups import Group, GroupService
from core.errors import NotFoundError
from server.cli.context import OPERATOR, DataOption, open_services

__all__ = ["add_user_commands", "group_app"]

group_app = typer.Typer(help="Groups of users: list, add, member, delete.", no_args_is_help=True)

_JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_NameArgument = Annotated[str, typer.Argument(help="Name of the account.")]
_GroupArgument = Annotated[str, typer.Argument(help="Name of the group.")]
_GIGABYTE = 1_000_000_000


def add_user_commands(app: typer.Typer) -> None:
    """Add the commands that administer accounts."""
    app.command("list")(list_users)
    app.command("set")(set_user)
    app.command("password")(set_password)
    app.command("revoke")(revoke)


def list_users(as_json: _JsonOption = False, data: DataOption = None) -> None:
    """List all accounts, with rights, groups and quotas."""
    with open_services(data) as services:
        accounts = services.accounts.administration.accounts(OPERATOR)
    if as_json:
        typer.echo(json.dumps([asdict(account) for account in accounts], indent=2, default=_time_text))
        return
    for account in accounts:
        typer.echo(f"{account.name:<24} {_rights(account):<14} {_quota(account):>10}  {', '.join(account.groups)}")


def set_user(
    name: _NameArgument,
    admin: Annotated[bool | None, typer.Option("--admin/--no-admin", help="Administrator or not.")] = None,
    active: Annotated[bool | None, typer.Option("--open/--close", help="Whether the user can sign in.")] = None,
    quota: Annotated[float | None, typer.Option(help="Storage quota of the user's products, in gigabytes.")] = None,
    home_quota: Annotated[
        float | None, typer.Option(help="Storage quota of the user's home in VOSpace, in gigabytes.")
    ] = None,
    no_quota: Annotated[bool, typer.Option("--usual-quota", help="Return to the default quotas.")] = False,
    data: DataOption = None,
) -> None:
    """Change the rights, the quotas or the state of an account."""
    changes = AccountChanges(
        is_admin=admin,
        is_active=active,
        quota_bytes=None if quota is None else int(quota * _GIGABYTE),
        without_quota=no_quota,
    )
    with open_services(data) as services:
        account = services.accounts.administration.change(OPERATOR, name, changes)
        if home_quota is not None or no_quota:
            home_bytes = None if home_quota is None else int(home_quota * _GIGABYTE)
            services.vospace.nodes.set_quota(OPERATOR, account.name, home_bytes)
    typer.echo(f"{account.name}: {_rights(account)}, quota {_quota(account)}.")


def set_password(
    name: _NameArgument,
    password: Annotated[str | None, typer.Option(help="Password; prompted for when not given.")] = None,
    data: DataOption = None,
) -> None:
    """Set the password of an account, and end its sessions."""
    chosen = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with open_services(data) as services:
        services.accounts.administration.set_password(OPERATOR, name, chosen)
    typer.echo(f"The account '{name}' has a new password.")


def revoke(name: _NameArgument, data: DataOption = None) -> None:
    """Revoke all tokens and sessions of an account."""
    with open_services(data) as services:
        ended = services.accounts.administration.revoke_all(OPERATOR, name)
    typer.echo(f"Revoked {ended} tokens and sessions of '{name}'.")


@group_app.command("list")
def list_groups(as_json: _JsonOption = False, data: DataOption = None) -> None:
    """List all groups with their members; managers are marked with an asterisk."""
    with open_services(data) as services:
        groups = services.accounts.groups.groups(OPERATOR)
    if as_json:
        typer.echo(json.dumps([asdict(group) for group in groups], indent=2))
        return
    for group in groups:
        members = ", ".join(f"{member.name}{'*' if member.is_manager else ''}" for member in group.members)
        typer.echo(f"{group.name:<24} {group.source:<10} {members}")


@group_app.command("add")
def add_group(
    name: _GroupArgument,
    manager: Annotated[list[str] | None, typer.Option(help="Account that manages it; may be repeated.")] = None,
    description: Annotated[str, typer.Option(help="Purpose of the group.")] = "",
    data: DataOption = None,
) -> None:
    """Create a group."""
    with open_services(data) as services:
        group = services.accounts.groups.create(OPERATOR, name, description)
        for user in manager or ():
            services.accounts.groups.add_member(OPERATOR, group.id, user, manager=True)
    typer.echo(f"Created the group '{group.name}'.")


@group_app.command("member")
def add_member(
    name: _GroupArgument,
    user: Annotated[str, typer.Argument(help="Name of the account.")],
    manager: Annotated[bool, typer.Option("--manager", help="Make the member a manager.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the member.")] = False,
    data: DataOption = None,
) -> None:
    """Add a member to a group, or remove one."""
    with open_services(data) as services:
        group = _find(services.accounts.groups, name)
        if remove:
            services.accounts.groups.remove_member(OPERATOR, group.id, user)
        else:
            services.accounts.groups.add_member(OPERATOR, group.id, user, manager=manager)
    typer.echo(f"'{user}' is {'no longer ' if remove else ''}a member of the group '{name}'.")


@group_app.command("delete")
def delete_group(name: _GroupArgument, data: DataOption = None) -> None:
    """Delete a group; not possible while it restricts a release."""
    with open_services(data) as services:
        services.accounts.groups.delete(OPERATOR, _find(services.accounts.groups, name).id)
    typer.echo(f"Deleted the group '{name}'.")


def _find(groups: GroupService, name: str) -> Group:
    for group in groups.groups(OPERATOR):
        if group.name == name:
            return group
    message = f"There is no group named '{name}'."
    raise NotFoundError(message)


def _rights(account: Account) -> str:
    if not account.is_active:
        return "closed"
    return "administrator" if account.is_admin else "user"


def _quota(account: Account) -> str:
    return "default" if account.quota_bytes is None else f"{account.quota_bytes / _GIGABYTE:g} GB"


def _time_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
