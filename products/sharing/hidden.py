"""Hidden products: read by their owners, named users and administrators alone, whatever their visibility is."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from core.auth.models import Identity
from products.access import require_manage
from products.models import Product
from products.schema import ProductRow, hidden_product_readers
from products.storage import find_product, product_of_row

__all__ = ["find_managed", "hide", "show"]


def find_managed(session: Session, identity: Identity, product_id: int) -> Product:
    """Return a product that the identity may hide: one that it may also delete.

    Raises
    ------
    NotFoundError
        It does not exist or may not be read.
    PermissionDeniedError
        It belongs to another user.
    """
    row = find_product(session, identity, product_id, lock=True)
    require_manage(identity, row)
    return product_of_row(row)


def hide(session: Session, product_id: int, readers: Iterable[int]) -> None:
    """Hide a product from all but its owner, the given users and administrators."""
    table, wanted = hidden_product_readers, set(readers)
    update_of = update(ProductRow).where(ProductRow.id == product_id, ProductRow.is_hidden.is_(False))
    session.execute(update_of.values(is_hidden=True))
    before = set(session.scalars(select(table.c.user_id).where(table.c.product_id == product_id)))
    gone = delete(table).where(table.c.product_id == product_id, table.c.user_id.in_(before - wanted))
    session.execute(gone)
    for user_id in sorted(wanted - before):
        session.execute(insert(table).values(product_id=product_id, user_id=user_id))


def show(session: Session, product_id: int) -> None:
    """End the hiding of a product: its visibility holds again."""
    session.execute(delete(hidden_product_readers).where(hidden_product_readers.c.product_id == product_id))
    session.execute(
        update(ProductRow).where(ProductRow.id == product_id, ProductRow.is_hidden.is_(True)).values(is_hidden=False)
    )
