"""Warnings beside the answers to who shares a product: what its readers learn of inputs that they may not read."""

from collections.abc import Sequence

from core.auth.models import Identity
from pipelines.models import Run
from products.access import changeable
from products.models import Product
from products.provenance import Disclosure, UsedEntity
from uws import Phase
from webui.api.process_shapes import input_products
from webui.api.shapes import Json, product_json
from webui.services import WebServices

__all__ = ["run_warnings", "shared_json", "warnings_of"]


def shared_json(services: WebServices, identity: Identity, product: Product, readers: Sequence[Identity] = ()) -> Json:
    """A product, with what those who can read it now learn of its inputs, or some new readers of it."""
    found = services.disclosures
    disclosure = found.to(identity, product, readers) if readers else found.of(identity, product)
    return {**product_json(product, identity), "warnings": warnings_of(disclosure)}


def run_warnings(services: WebServices, identity: Identity, run: Run) -> list[str]:
    """Give what readers of the product of a run will learn of its inputs, for those who may change that."""
    product = services.products.get(identity, run.product_id)
    if not changeable(identity, product):
        return []
    disclosures = services.disclosures
    if run.phase is Phase.COMPLETED:
        return warnings_of(disclosures.of(identity, product))
    named = (*run.settings.inputs, run.settings.objects or "")
    used = [UsedEntity("", each.internal_name, each.id) for each in input_products(services, identity, run)]
    used += [UsedEntity("", address) for address in named if address.lower().startswith("vos:") and "/home/" in address]
    return warnings_of(disclosures.of_inputs(identity, used, disclosures.audience(product)))


def warnings_of(disclosure: Disclosure) -> list[str]:
    """Write the sentences of what is to be known."""
    return [disclosure.sentence] if disclosure else []
