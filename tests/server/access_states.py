"""What the products of the access matrix are in each state, and how they are brought back to it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from core.auth.schema import GroupRow, UserRow
from products.models import ProductStatus, Visibility
from products.schema import (
    ProductColumnRow,
    ProductFileRow,
    ProductRow,
    product_co_owners,
    product_groups,
)
from products.sharing.schema import ProductLinkRow
from tests.server.access_rules import AUXILIARY, MAIN, STATES, Target

__all__ = ["restore_product"]


def restore_product(session: Session, target: Target, state: str) -> bool:
    """Give a product back what it had; tell whether its auxiliary file is lost."""
    sent = {"number": target.number, "column": target.column, "file": target.file}
    for statement in _RESTORING:
        session.execute(statement, sent | _VALUES[state] if statement is _PRODUCT else sent)
    return session.scalar(_AUXILIARY, sent) is None


def _restoring() -> Iterator[Any]:
    """Give the statements that bring a product back.

    They are made once, and are of tables: to make them, and those of objects, takes longer than to run them.
    """
    number, file, column = bindparam("number"), ProductFileRow.__table__, ProductColumnRow.__table__
    products, links = ProductRow.__table__, ProductLinkRow.__table__
    for pairs, other, kind, name in (
        (product_co_owners, "user_id", UserRow, "co_owner"),
        (product_groups, "group_id", GroupRow, "team"),
    ):
        yield delete(pairs).where(pairs.c.product_id == number)
        yield insert(pairs).from_select(["product_id", other], select(number, kind.id).where(kind.name == name))
    yield delete(links)
    yield delete(products).where(products.c.previous_id.is_not(None))
    yield delete(file).where(file.c.product_id == number, file.c.name.not_in((MAIN, AUXILIARY)))
    # When the file was looked into once more, its first column has another number.
    first, stored = bindparam("column"), column.alias()
    known = select(stored.c.id).where(stored.c.id == first).exists()
    changed = update(column).where(column.c.product_id == number, column.c.position == 0, ~known)
    yield changed.values(id=first)


_SET = ("status", "visibility", "display_name", "is_hidden")
_OWNER = select(UserRow.id).where(UserRow.name == "owner").scalar_subquery()
_PRODUCT = (
    update(ProductRow.__table__)
    .where(ProductRow.__table__.c.id == bindparam("number"))
    .values(owner_id=_OWNER, **{name: bindparam(name) for name in _SET})
)
_RESTORING = (_PRODUCT, *_restoring())
_AUXILIARY = select(ProductFileRow.__table__.c.id).where(ProductFileRow.__table__.c.id == bindparam("file"))


_VALUES: dict[str, dict[str, Any]] = {
    state: {
        "status": {
            "draft": ProductStatus.REGISTERING,
            "processing": ProductStatus.PROCESSING,
            "failed": ProductStatus.FAILED,
            "deleted": ProductStatus.DELETED,
        }.get(state, ProductStatus.PUBLISHED),
        "visibility": state if state in set(Visibility) else Visibility.PUBLIC,
        "display_name": "A product",
        "is_hidden": state == "hidden",
    }
    for state in STATES
}
