"""Warnings about the inputs of a product that some of its readers may not read."""

from collections.abc import Sequence

from core.auth.models import Identity
from pipelines.models import Run
from products.access import changeable
from products.models import Product, Visibility
from products.provenance import Disclosure, UsedEntity
from webui.runs import input_products
from webui.services import WebServices

__all__ = ["disclosure", "run_warnings", "warnings_of"]


def disclosure(
    services: WebServices,
    identity: Identity,
    product: Product,
    readers: Sequence[Identity] | None = None,
    *,
    visibility: Visibility | None = None,
    groups: Sequence[str] | None = None,
) -> Disclosure:
    """Return which inputs of a product are disclosed to readers who may not read them.

    Parameters
    ----------
    readers
        The readers; by default those whom the visibility admits.
    visibility, groups
        A visibility and groups to assume instead of those of the product.
    """
    found = services.products.disclosures
    used = found.inputs(product) or _inputs_of_run(services, identity, product)
    return found.of(identity, used, found.audience(product, visibility, groups) if readers is None else readers)


def run_warnings(services: WebServices, identity: Identity, run: Run) -> list[str]:
    """Return the warnings about the product of a run; none for users who may not change the product."""
    product = services.products.service.get(identity, run.product_id)
    return warnings_of(disclosure(services, identity, product)) if changeable(identity, product) else []


def warnings_of(found: Disclosure) -> list[str]:
    """Return the sentences of a disclosure."""
    return [found.sentence] if found else []


def _inputs_of_run(services: WebServices, identity: Identity, product: Product) -> tuple[UsedEntity, ...]:
    """Return the inputs that were requested for a product that is being made."""
    run = services.pipelines.service.of_products([product.id]).get(product.id)
    if run is None:
        return ()
    products = (UsedEntity("", each.internal_name, each.id) for each in input_products(services, identity, run))
    named = (*run.settings.inputs, run.settings.objects or "")
    files = (UsedEntity("", name) for name in named if name.lower().startswith("vos:") and "/home/" in name)
    return *products, *files
