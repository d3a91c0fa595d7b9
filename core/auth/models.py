"""Who asks: users, tokens, and the identity that every service takes as an argument."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import AuthenticationError, PermissionDeniedError

__all__ = ["ANONYMOUS", "Identity", "IssuedToken", "Scope", "Token", "User"]


class Scope(StrEnum):
    """What a token lets its bearer do; each scope includes those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Return whether this scope lets its bearer do what the other one does."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class User:
    """An account."""

    id: int
    name: str
    first_name: str
    last_name: str
    email: str
    is_admin: bool
    created_at: datetime

    @property
    def display_name(self) -> str:
        """The full name where there is one, else the account's name."""
        return f"{self.first_name} {self.last_name}".strip() or self.name


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it later: everything but the secret."""

    id: int
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was just made, with the secret that is shown this once."""

    token: Token
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, as every service sees it.

    Parameters
    ----------
    user_id
        None for a request without credentials.
    scope
        The most that this request may do.
    groups
        Names of the groups of the user.
    linked_product
        Number of the one product that a link makes readable for people without an account.
    """

    user_id: int | None = None
    name: str | None = None
    is_admin: bool = False
    scope: Scope = Scope.READ
    groups: frozenset[str] = frozenset()
    linked_product: int | None = None

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody signed in."""
        return self.user_id is None

    @property
    def acts_as_admin(self) -> bool:
        """Whether the request may do what only administrators may: an administrator, with a scope that says so."""
        return self.is_admin and self.scope.includes(Scope.ADMIN)

    def require(self, scope: Scope) -> int:
        """Return the user's id when somebody signed in with the scope, else raise.

        Raises
        ------
        AuthenticationError
            Nobody signed in.
        PermissionDeniedError
            The token in use does not have the scope.
        """
        if self.user_id is None:
            message = "Sign in first: send a token as 'Authorization: Bearer …', or use the sign-in page."
            raise AuthenticationError(message)
        if not self.scope.includes(scope):
            message = f"This token has the scope '{self.scope}'; this needs a token with the scope '{scope}'."
            raise PermissionDeniedError(message)
        return self.user_id


#: The identity of a request without credentials.
ANONYMOUS = Identity()
