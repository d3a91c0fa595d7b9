"""Accounts, tokens, sign-ins, groups and sharing links."""

from dataclasses import dataclass
from datetime import datetime

from pzserver.models.base import Model

__all__ = ["Group", "IssuedLink", "IssuedToken", "Link", "LoggedUser", "Member", "SignIn", "Token", "User"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Model):
    """An account as other users see it."""

    id: int
    username: str
    first_name: str
    last_name: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedUser(Model):
    """The account of the caller, and the scope of the credentials."""

    username: str | None
    is_admin: bool
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token(Model):
    """A token without its secret."""

    id: int
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    parent: int | None
    parent_sign_in: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken(Token):
    """A new token with its secret."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Model):
    """A sign-in by cookie."""

    id: int
    for_browser: bool
    scope: str
    created_at: datetime
    expires_at: datetime
    parent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Model):
    """A member of a group."""

    username: str
    display_name: str
    is_manager: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Model):
    """A group of users with its members."""

    id: int
    name: str
    description: str
    source: str
    can_manage: bool
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Model):
    """A sharing link without its secret."""

    id: int
    note: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLink(Link):
    """A new sharing link with its address."""

    url: str
    warnings: tuple[str, ...]
