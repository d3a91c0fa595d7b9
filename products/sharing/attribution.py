"""Changes of the attribution of a product, and its relations to products of this server.

A relation to a product is shown to those alone who may read that product, and nobody learns from an error whether a
product exists.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database
from core.errors import InvalidValueError, NotFoundError
from products.access import readable
from products.attribution.checks import checked_attribution
from products.attribution.identifiers import address_of, checked_address
from products.attribution.models import Attribution, AttributionChanges, Relation, RelationKind, RelationRequest
from products.models import Product
from products.schema import ProductRow
from products.storage import find_product, product_of_row

__all__ = ["RelatedResource", "RelationService", "set_attribution"]

_PRODUCT_NUMBER = re.compile(r"\d{1,9}")
_INTERNAL_NAME = re.compile(r"\d{1,9}_\w*")


@dataclass(frozen=True, slots=True)
class RelatedResource:
    """A related resource that the caller may see: a product of this server, or an address elsewhere.

    Parameters
    ----------
    product
        The product of this server, if it is one.
    identifier
        Internal name of the product, or DOI or address.
    """

    kind: RelationKind
    identifier: str
    product: Product | None = None

    @property
    def address(self) -> str:
        """The address of a resource elsewhere."""
        return address_of(self.identifier)

    @property
    def line(self) -> str:
        """The relation as a line of a form."""
        return f"{self.kind} {self.identifier}"


class RelationService:
    """Find the related resources of products, as far as an identity may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, identity: Identity, product: Product) -> tuple[RelatedResource, ...]:
        """Return the related resources of a product, in their order."""
        related = product.attribution.related
        with self._database.read() as session:
            products = _readable(session, identity, related)
        found = []
        for relation in related:
            if relation.product is None:
                found.append(RelatedResource(relation.kind, relation.identifier))
            elif target := products.get(relation.product):
                found.append(RelatedResource(relation.kind, target.internal_name, target))
        return tuple(found)


def set_attribution(session: Session, identity: Identity, row: ProductRow, changes: AttributionChanges) -> None:
    """Change the attribution of a product.

    Relations to products that the caller may not read stay.

    Raises
    ------
    InvalidValueError
        A value is invalid; the field is named.
    """
    given = {name: value for name in AttributionChanges.model_fields if (value := getattr(changes, name)) is not None}
    if not given:
        return
    stored = Attribution.model_validate(row.attribution)
    if changes.related is not None:
        seen = _readable(session, identity, stored.related)
        hidden = [item for item in stored.related if item.product is not None and item.product not in seen]
        given["related"] = (*(_relation(session, identity, row, item) for item in changes.related), *hidden)
    checked = checked_attribution(stored.model_copy(update=given))
    row.attribution = checked.model_dump(mode="json", exclude_defaults=True)


def _relation(session: Session, identity: Identity, row: ProductRow, request: RelationRequest) -> Relation:
    key = request.target.strip().rpartition("/product/")[2]
    if not (_PRODUCT_NUMBER.fullmatch(key) or _INTERNAL_NAME.fullmatch(key)):
        return Relation(kind=request.kind, identifier=checked_address(request.target))
    try:
        target = find_product(session, identity, int(key) if _PRODUCT_NUMBER.fullmatch(key) else key)
    except NotFoundError as e:
        message = f"There is no product '{key:.80}' that you may read."
        raise InvalidValueError(message, field="related") from e
    if target.id == row.id:
        message = f"A product cannot be related to itself: '{key:.80}'."
        raise InvalidValueError(message, field="related")
    return Relation(kind=request.kind, product=target.id)


def _readable(session: Session, identity: Identity, related: Sequence[Relation]) -> dict[int, Product]:
    numbers = [relation.product for relation in related if relation.product is not None]
    if not numbers:
        return {}
    rows = session.scalars(select(ProductRow).where(ProductRow.id.in_(numbers), readable(identity)))
    return {row.id: product_of_row(row) for row in rows}
