"""Users, tokens, scopes, and the identity that every service receives as an argument."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import AuthenticationError, PermissionDeniedError

__all__ = ["ANONYMOUS", "Credential", "Identity", "IssuedSession", "IssuedToken", "Scope", "SignIn", "Token", "User"]


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
    parent_id: int | None = None
    parent_session_id: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token with its secret, which is shown only once."""

    token: Token
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Metadata of a session, without the value of its cookie.

    Parameters
    ----------
    for_browser
        Whether it was opened on a page; others were opened by VO clients (``ivoa_cookie``).
    parent_id
        Id of the token by which it was opened.
    """

    id: int
    for_browser: bool
    scope: Scope
    created_at: datetime
    expires_at: datetime
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A new session with the value of its cookie."""

    secret: str = field(repr=False)
    seconds: int


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential by which a request signed in, as the parent of those that the request makes.

    A credential never outlives its parent, and is deleted with it.

    Parameters
    ----------
    key
        Key by which it can be looked up again, for signed URLs: ``token:17``.
    token_id, session_id
        The stored parent; both are None for a password, a sign-in on a page, or at another service.
    expires_at
        Time at which those made with it must have ended.
    """

    key: str
    token_id: int | None = None
    session_id: int | None = None
    expires_at: datetime | None = None

    def earliest(self, wanted: datetime | None) -> datetime | None:
        """Return the earlier of a time and the end of this credential; None is never."""
        if wanted is None or self.expires_at is None:
            return wanted or self.expires_at
        return min(wanted, self.expires_at)


_NO_CREDENTIAL = Credential("")


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
    credential
        The credential of the request, to which those that it makes are bound; none for jobs and for the operator.
    address
        Key of the address of the request, by which requests without credentials are distinguished in limits.
    """

    user_id: int | None = None
    name: str | None = None
    is_admin: bool = False
    scope: Scope = Scope.READ
    groups: frozenset[str] = frozenset()
    linked_product: int | None = None
    credential: Credential = field(default=_NO_CREDENTIAL, compare=False)
    address: str = field(default="", compare=False)

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
