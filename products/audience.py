"""Those who can read a product, as identities that stand for all of them before the access rule."""

from collections.abc import Iterable

from core.auth.models import ANONYMOUS, Identity
from products.models import Visibility

__all__ = ["ANY_USER", "audience_of"]

#: A registered user of whom nothing more is known; no account has this number.
ANY_USER = Identity(user_id=0)


def audience_of(visibility: Visibility, groups: Iterable[str] = ()) -> tuple[Identity, ...]:
    """Give one identity for each kind of reader that a visibility opens a product to, beside its owners."""
    if visibility is Visibility.GROUPS:
        return tuple(Identity(user_id=0, groups=frozenset({name})) for name in groups)
    if visibility is Visibility.REGISTERED:
        return (ANY_USER,)
    return (ANY_USER, ANONYMOUS) if visibility is Visibility.PUBLIC else ()
