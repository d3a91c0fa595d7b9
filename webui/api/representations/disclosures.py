"""Warnings beside the answers to who shares a product: what its readers learn of inputs that they may not read."""

from collections.abc import Sequence

from core.auth.models import Identity
from pipelines.models import Run
from products.access import changeable
from products.models import Product, Visibility
from products.provenance import Disclosure, UsedEntity
from webui.api.representations.processes import input_products
from webui.api.representations.products import Json, product_json
from webui.services import WebServices

__all__ = ["disclosure", "run_warnings", "shared_json", "warnings_of"]


def disclosure(
    services: WebServices,
    identity: Identity,
    product: Product,
    readers: Sequence[Identity] | None = None,
    *,
    visibility: Visibility | None = None,
    groups: Sequence[str] | None = None,
) -> Disclosure:
    """Find out what readers of a product learn of its inputs: some readers, or those whom a visibility lets in."""
    found = services.products.disclosures
    used = found.inputs(product) or _inputs_of_run(services, identity, product)
    return found.of(identity, used, found.audience(product, visibility, groups) if readers is None else readers)


def shared_json(
    services: WebServices, identity: Identity, product: Product, readers: Sequence[Identity] | None = None
) -> Json:
    """A product, with what those who can read it now learn of its inputs, or some new readers of it."""
    told = disclosure(services, identity, product, readers)
    return {**product_json(product, identity), "warnings": warnings_of(told)}


def run_warnings(services: WebServices, identity: Identity, run: Run) -> list[str]:
    """Return what readers of the product of a run will learn of its inputs, for those who may change that."""
    product = services.products.service.get(identity, run.product_id)
    return warnings_of(disclosure(services, identity, product)) if changeable(identity, product) else []


def warnings_of(told: Disclosure) -> list[str]:
    """Write the sentences of what is to be known."""
    return [told.sentence] if told else []


def _inputs_of_run(services: WebServices, identity: Identity, product: Product) -> tuple[UsedEntity, ...]:
    """Return what a product is being made of, as it was asked for."""
    run = services.pipelines.service.of_products([product.id]).get(product.id)
    if run is None:
        return ()
    products = (UsedEntity("", each.internal_name, each.id) for each in input_products(services, identity, run))
    named = (*run.settings.inputs, run.settings.objects or "")
    files = (UsedEntity("", name) for name in named if name.lower().startswith("vos:") and "/home/" in name)
    return *products, *files
