"""JSON representation of a product, with warnings about inputs that are disclosed to its readers."""

from collections.abc import Sequence

from core.auth.models import Identity
from products.models import Product
from webui.api.representations.products import Json, product_json
from webui.disclosures import disclosure, warnings_of
from webui.services import WebServices

__all__ = ["published_json", "shared_json"]


def shared_json(
    services: WebServices, identity: Identity, product: Product, readers: Sequence[Identity] | None = None
) -> Json:
    """Return a product, with warnings for its present readers or for some new ones."""
    found = disclosure(services, identity, product, readers)
    return {**product_json(product, identity), "warnings": warnings_of(found)}


def published_json(services: WebServices, identity: Identity, product: Product) -> Json:
    """Return a product that was published, with the notes of its inspection and warnings for its readers."""
    notes = services.products.service.details(identity, product.id).notes
    shared = shared_json(services, identity, product)
    return {**shared, "warnings": [*notes, *shared["warnings"]]}
