"""What the audit log says of products: who did what to which one."""

from sqlalchemy.orm import Session

from core.auth.audit import Subject, record
from core.auth.models import Identity
from products.models import Product
from products.schema import ProductRow

__all__ = ["record_changes", "record_product"]

_LONGEST_VALUE = 200


def record_product(session: Session, identity: Identity, action: str, row: ProductRow, **details: object) -> None:
    """Note what somebody does to a product, in the transaction that does it."""
    record(session, identity, action, Subject.PRODUCT, row.id, row.internal_name or row.display_name, **details)


def record_changes(session: Session, identity: Identity, before: Product, row: ProductRow) -> None:
    """Note which metadata are others than before, each with its old and its new value; nothing when none is."""
    pairs = {
        "display_name": (before.display_name, row.display_name),
        "description": (before.description, row.description),
        "release": (None if before.release is None else before.release.id, row.release_id),
        "pz_code": (before.pz_code, row.pz_code),
        "official": (before.official, row.official),
        "visibility": (before.visibility.value, row.visibility),
        "groups": (list(before.groups), [group.name for group in row.groups]),
        "release_year": (before.release_year, row.release_year),
    }
    changed = {name: [_brief(old), _brief(new)] for name, (old, new) in pairs.items() if old != new}
    if changed:
        record_product(session, identity, "change", row, **changed)


def _brief(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return value[:_LONGEST_VALUE] + "…"
    return value
