"""Choosers of a pipeline's inputs: the products that are chosen, and a page of those that a search finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.auth.models import Identity
from pipelines.declarations import InputSlot
from pipelines.models import AnyPipeline
from products.models import Product, ProductStatus, Release
from products.product_types import product_type_by_name
from products.search.queries import ProductQuery
from webui.pages.forms import FormState
from webui.services import WebServices

__all__ = ["Chooser", "choose_inputs", "choose_objects"]

_PAGE_SIZE = 25
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Chooser:
    """Products to choose from: those that are chosen, and a page of those that a search finds.

    Parameters
    ----------
    count
        Number of products that the search finds.
    releases
        Releases whose object catalogues can be chosen instead.
    release
        Name of the release that is chosen.
    """

    chosen: tuple[Product, ...]
    found: tuple[Product, ...]
    count: int
    page: int
    releases: tuple[Release, ...] = ()
    release: str = ""

    @property
    def pages(self) -> int:
        """Number of pages."""
        return max(1, -(-self.count // _PAGE_SIZE))


def choose_inputs(services: WebServices, identity: Identity, slot: InputSlot, form: FormState) -> Chooser:
    """Return the chooser of the inputs of a form (fields ``inputs``, ``search`` and ``page``)."""
    given = [part.strip() for part in form.value("inputs").split(";")]
    return _chooser(services, identity, slot, given, form.value("search"), form.value("page", "1"))


def choose_objects(services: WebServices, identity: Identity, pipeline: AnyPipeline, form: FormState) -> Chooser | None:
    """Return the chooser of the objects of a form (``objects``, ``objects_search`` and ``objects_page``), if any."""
    if pipeline.objects is None:
        return None
    kind, _, key = form.value("objects").partition(":")
    given, text = [key] if kind == "product" else [], form.value("objects_search")
    found = _chooser(services, identity, pipeline.objects, given, text, form.value("objects_page", "1"))
    slot = pipeline.objects
    releases = services.pipelines.checker.releases_with_objects(identity, slot) if slot.takes_release else ()
    return Chooser(
        found.chosen, found.found, found.count, found.page, releases, release=key if kind == "release" else ""
    )


def _chooser(
    services: WebServices, identity: Identity, slot: InputSlot, given: Sequence[str], text: str, page: str
) -> Chooser:
    number = int(page) if page.isascii() and page.isdecimal() and 0 < len(page) <= _MAX_DIGITS else 1
    chosen = _chosen(services, identity, slot, given)
    query = ProductQuery(
        product_types=_types_of(slot),
        statuses=(ProductStatus.PUBLISHED,),
        text=text.strip(),
        ordering="display_name",
        offset=(max(number, 1) - 1) * _PAGE_SIZE,
        limit=_PAGE_SIZE,
    )
    found = services.products.service.list(identity, query)
    numbers = {product.id for product in chosen}
    others = tuple(product for product in found.products if product.id not in numbers)
    return Chooser(chosen, others, found.count, max(number, 1))


def _chosen(services: WebServices, identity: Identity, slot: InputSlot, given: Sequence[str]) -> tuple[Product, ...]:
    numbers = tuple(int(part) for part in given if _is_number(part))
    names = tuple(part for part in given if part and not _is_number(part) and ":" not in part)
    found: dict[int, Product] = {}
    for restricted in (ProductQuery(numbers=numbers), ProductQuery(internal_names=names)):
        if restricted.numbers or restricted.internal_names:
            page = services.products.service.list(identity, restricted)
            found |= {product.id: product for product in page.products}
    types = _types_of(slot)
    chosen = [product for product in found.values() if product.product_type.id in types]
    place = {part: number for number, part in enumerate(given)}
    keys = {p.id: min(place.get(key, len(place)) for key in (str(p.id), p.internal_name)) for p in chosen}
    return tuple(sorted(chosen, key=lambda product: keys[product.id]))


def _types_of(slot: InputSlot) -> tuple[int, ...]:
    return tuple(product_type_by_name(name).id for name in slot.product_types)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
