"""Kinds of readers of a product, as identities to which the access rule is applied."""

from collections.abc import Sequence

from core.auth.models import ANONYMOUS, Identity
from products.models import Visibility

__all__ = ["ANY_USER", "audience_of"]

#: A registered user without groups or products; no account has this number.
ANY_USER = Identity(user_id=0)


def audience_of(
    visibility: Visibility, groups: Sequence[str], release_groups: Sequence[str] = ()
) -> tuple[Identity, ...]:
    """Return one identity for each kind of reader, owners aside, who may read a product of this visibility.

    Parameters
    ----------
    release_groups
        Groups to which the product's release is restricted; only their members read the product.
    """
    if visibility is Visibility.PRIVATE:
        return ()
    if visibility is Visibility.PUBLIC and not release_groups:
        return ANY_USER, ANONYMOUS
    shared = [{name} for name in groups] if visibility is Visibility.GROUPS else [set[str]()]
    closed = [{name} for name in release_groups] or [set[str]()]
    return tuple(Identity(user_id=0, groups=frozenset(one | other)) for one in shared for other in closed)
