"""Relationships of public products to public products: new versions, inputs, and what their attribution names."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import ANONYMOUS
from products.access import readable
from products.attribution.models import RelationKind
from products.models import Product, ProductStatus
from products.provenance.schema import ActivityRow, UsedEntityRow
from products.schema import ProductRow
from registry.identifiers import RecordIdentifiers, product_path
from registry.models import RecordRelationship, RelatedTarget

__all__ = ["relationships_of"]

#: Relation of a product to its new versions, which owners do not state (VOResource vocabulary *relationship_type*).
_PREVIOUS = "IsPreviousVersionOf"


def relationships_of(
    session: Session, products: Collection[Product], today: date, identifiers: RecordIdentifiers
) -> Mapping[int, tuple[RecordRelationship, ...]]:
    """Return the relationships of each product, by its number; those to products that are not public are left out."""
    pairs = _pairs(session, products)
    targets = _targets(session, {target for _, _, target in pairs}, today, identifiers)
    grouped: defaultdict[int, defaultdict[str, list[RelatedTarget]]] = defaultdict(lambda: defaultdict(list))
    for number, kind, target in pairs:
        if target in targets and targets[target] not in grouped[number][kind]:
            grouped[number][kind].append(targets[target])
    for product in products:
        for relation in product.attribution.external:
            grouped[product.id][relation.kind].append(_elsewhere(relation.identifier))
    return {
        number: tuple(RecordRelationship(kind, tuple(found)) for kind, found in kinds.items())
        for number, kinds in grouped.items()
    }


def _pairs(session: Session, products: Collection[Product]) -> Sequence[tuple[int, str, int]]:
    """Return product, kind of relation and related product."""
    pairs = [
        (product.id, relation.kind.value, relation.product)
        for product in products
        for relation in product.attribution.related
        if relation.product is not None
    ]
    newer = RelationKind.IS_NEW_VERSION_OF.value
    pairs.extend((item.id, newer, item.previous_id) for item in products if item.previous_id is not None)
    numbers = [product.id for product in products]
    successors = select(ProductRow.previous_id, ProductRow.id).where(ProductRow.previous_id.in_(numbers))
    pairs.extend(
        (number, _PREVIOUS, successor)
        for number, successor in session.execute(successors.order_by(ProductRow.id))
        if number is not None
    )
    used = (
        select(ActivityRow.product_id, UsedEntityRow.product_id)
        .join(UsedEntityRow, UsedEntityRow.activity_id == ActivityRow.id)
        .where(ActivityRow.product_id.in_(numbers), UsedEntityRow.product_id.is_not(None))
        .order_by(UsedEntityRow.id)
    )
    derived = RelationKind.IS_DERIVED_FROM.value
    pairs.extend((number, derived, target) for number, target in session.execute(used) if target is not None)
    return pairs


def _targets(
    session: Session, numbers: Collection[int], today: date, identifiers: RecordIdentifiers
) -> Mapping[int, RelatedTarget]:
    query = select(ProductRow.id, ProductRow.internal_name, ProductRow.display_name).where(
        ProductRow.id.in_(numbers), ProductRow.status == ProductStatus.PUBLISHED, readable(ANONYMOUS, today)
    )
    return {
        number: RelatedTarget(name, identifiers.of(product_path(internal or str(number))))
        for number, internal, name in session.execute(query)
    }


def _elsewhere(identifier: str) -> RelatedTarget:
    """Return a resource that is not of this server, by its DOI, address or IVOA identifier."""
    return RelatedTarget(identifier, identifier if identifier.startswith("ivo://") else None, identifier)
