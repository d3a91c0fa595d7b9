"""What the metadata of a product must be like, whoever sends them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.errors import InvalidValueError, PermissionDeniedError
from products.access import release_readable
from products.models import ProductType
from products.schema import ReleaseRow

__all__ = [
    "check_official",
    "check_release",
    "check_type_rules",
    "checked_description",
    "checked_name",
    "internal_name",
]

_LONGEST_NAME = 255
_LONGEST_PZ_CODE = 55
_LONGEST_DESCRIPTION = 100_000


def checked_name(display_name: str) -> str:
    """Give a display name without blanks around it, or raise InvalidValueError."""
    name = "".join(c for c in display_name if c.isprintable()).strip()
    if not name:
        message = "This field may not be blank."
        raise InvalidValueError(message, field="display_name")
    if len(name) > _LONGEST_NAME:
        message = f"Ensure this field has no more than {_LONGEST_NAME} characters."
        raise InvalidValueError(message, field="display_name")
    return name


def checked_description(description: str) -> str:
    """Give a description that can be stored, or raise InvalidValueError."""
    if len(description) > _LONGEST_DESCRIPTION:
        message = f"The description may have at most {_LONGEST_DESCRIPTION} characters."
        raise InvalidValueError(message, field="description")
    return description.replace("\0", "")


def check_type_rules(kind: ProductType, release: int | None, pz_code: str) -> None:
    """Raise InvalidValueError when the type has no release, or takes no photo-z code, and one is given."""
    if release is not None and not kind.has_release:
        message = f"Release must be null on {kind.display_name} products."
        raise InvalidValueError(message, field="release")
    if pz_code and not kind.takes_pz_code:
        message = f"Pz Code must be null on {kind.display_name} products. '{pz_code}'"
        raise InvalidValueError(message, field="pz_code")
    if len(pz_code) > _LONGEST_PZ_CODE:
        message = f"Ensure this field has no more than {_LONGEST_PZ_CODE} characters."
        raise InvalidValueError(message, field="pz_code")


def check_official(identity: Identity, *, official: bool) -> None:
    """Raise PermissionDeniedError when somebody else than an administrator would make a product official."""
    if official and not identity.acts_as_admin:
        message = "Not allowed. Only users with admin permissions can create official products."
        raise PermissionDeniedError(message, field="official_product")


def check_release(session: Session, identity: Identity, release: int | None) -> None:
    """Raise InvalidValueError when there is no such release, or the identity may not see it."""
    if release is None:
        return
    found = session.scalar(select(ReleaseRow.id).where(ReleaseRow.id == release, release_readable(identity)))
    if found is None:
        message = f'Invalid pk "{release}" - object does not exist.'
        raise InvalidValueError(message, field="release")


def internal_name(product_id: int, display_name: str) -> str:
    """Give the name that stands in addresses: blanks to underscores, letters of any script and digits kept."""
    name = display_name.replace(" ", "_").lower()
    return f"{product_id}_" + "".join(c for c in name if c.isalnum() or c == "_")
