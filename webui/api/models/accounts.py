"""Models of accounts, tokens, sign-ins, groups and sharing links."""

from core.auth.models import Scope
from webui.api.models.base import Instant, Response

__all__ = [
    "Environment",
    "Group",
    "IssuedLink",
    "IssuedToken",
    "Link",
    "LoggedUser",
    "Member",
    "SignIn",
    "Token",
    "TokenSecret",
    "User",
]


class User(Response):
    """An account as other users see it."""

    id: int
    username: str
    first_name: str
    last_name: str
    display_name: str


class LoggedUser(Response):
    """The account of the caller, and the scope of the credentials."""

    username: str | None
    is_admin: bool
    scope: Scope


class Token(Response):
    """A token without its secret."""

    id: int
    name: str
    scope: Scope
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    parent: int | None
    parent_sign_in: int | None


class IssuedToken(Token):
    """A new token with its secret."""

    token: str


class TokenSecret(Response):
    """The secret of a new token."""

    token: str


class SignIn(Response):
    """A sign-in by cookie."""

    id: int
    for_browser: bool
    scope: Scope
    created_at: Instant
    expires_at: Instant
    parent: int | None


class Member(Response):
    """A member of a group."""

    username: str
    display_name: str
    is_manager: bool


class Group(Response):
    """A group of users with its members."""

    id: int
    name: str
    description: str
    source: str
    can_manage: bool
    members: list[Member]


class Link(Response):
    """A sharing link without its secret."""

    id: int
    note: str
    made_by: str
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None


class IssuedLink(Link):
    """A new sharing link with its address."""

    url: str
    warnings: list[str]


class Environment(Response):
    """The name of the server."""

    enviroment_name: str
    is_dev: bool
