"""Users, tokens, scopes, and the identity that every service receives as an argument."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import AuthenticationError, PermissionDeniedError

__all__ = ["ANONYMOUS", "Identity", "IssuedToken", "Scope", "Token", "User"]


class Scope(StrEnum):
    """Scope of a token or session; each scope includes those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Return whether this scope allows all that the other one allows."""
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
    """Metadata of a token, without the secret."""

    id: int
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token with its secret, which is shown only once."""

    token: Token
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of a request or job: user, groups and scope.

    Parameters
    ----------
    user_id
        None for a request without credentials.
    scope
        Limit of what the request may do.
    groups
        Names of the groups of the user.
    linked_product
        Id of the one product that a link makes readable without an account.
    """

    user_id: int | None = None
    name: str | None = None
    is_admin: bool = False
    scope: Scope = Scope.READ
    groups: frozenset[str] = frozenset()
    linked_product: int | None = None

    @property
    def is_anonymous(self) -> bool:
        """Whether the request has no credentials."""
        return self.user_id is None

    @property
    def acts_as_admin(self) -> bool:
        """Whether the user is an administrator and the scope is ``admin``."""
        return self.is_admin and self.scope.includes(Scope.ADMIN)

    def require(self, scope: Scope) -> int:
        """Return the id of the user if the identity has the scope, else raise.

        Raises
        ------
        AuthenticationError
            The identity is anonymous.
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
