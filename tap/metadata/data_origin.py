"""Data Origin: the INFO elements by which a result tells who made the data, and which service answered.

The names are those of the IVOA note "Data Origin in the VO" 1.1 (tables 1 and 2), which
`astropy.io.votable.dataorigin` reads.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from urllib.parse import quote

from core.settings import Settings
from core.votable import Info
from products.attribution import Attribution, RelationKind
from products.attribution.licenses import license_label
from products.models import Product

__all__ = ["origin_of_answer", "origin_of_product"]


def origin_of_answer(settings: Settings, service: str, protocol: str) -> tuple[Info, ...]:
    """Return what a service tells of itself and of the time of a request.

    Parameters
    ----------
    service
        Name of the service in this authority, such as ``tap``.
    protocol
        IVOA identifier of its standard.
    """
    return (
        Info("publisher", settings.site_name),
        Info("server_software", _software()),
        Info("service_ivoid", f"ivo://{settings.authority}/{service}"),
        Info("service_protocol", protocol),
        Info("request_date", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"),
    )


def origin_of_product(product: Product, settings: Settings) -> tuple[Info, ...]:
    """Return who made a product, when, under which licence, and where it is described.

    All readers of the product see it, so that relations to products of this server are left out.
    """
    address = f"{settings.public_url}/product/{quote(product.internal_name, safe='')}"
    infos = [
        Info("data_ivoid", f"ivo://{settings.authority}/{product.internal_name}", product.display_name),
        *_creators(product),
        Info("reference_url", address),
        *_attribution(product.attribution),
    ]
    if product.published_at is not None:
        infos.append(Info("publication_date", f"{product.published_at:%Y-%m-%d}"))
    infos.append(Info("last_update_date", f"{product.updated_at:%Y-%m-%d}"))
    if product.release is not None:
        infos.append(Info("resource_version", product.release.display_name))
    return tuple(infos)


def _creators(product: Product) -> Iterator[Info]:
    names = [author.name for author in product.attribution.authors] or [product.owner]
    return (Info("creator", name) for name in names)


def _attribution(attribution: Attribution) -> Iterator[Info]:
    if attribution.doi:
        yield Info("citation", f"doi:{attribution.doi}")
    if attribution.license:
        yield Info("rights", license_label(attribution.license))
    if attribution.license_address:
        yield Info("rights_uri", attribution.license_address)
    for reference in attribution.references:
        yield Info("article", reference)
    for relation in attribution.external:
        name = _RELATIONS.get(relation.kind)
        if name is not None:
            yield Info(name, relation.identifier)


_RELATIONS = {RelationKind.CITES: "cites", RelationKind.IS_DERIVED_FROM: "is_derived_from"}


@lru_cache(maxsize=1)
def _software() -> str:
    return f"photoz-server/{version('photoz-server')}"
