"""Data Origin: the INFO elements by which a result tells who made the data, and which service answered.

The names are those of the IVOA note "Data Origin in the VO" 1.1 (tables 1 and 2), which
`astropy.io.votable.dataorigin` reads.
"""

from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from urllib.parse import quote

from core.settings import Settings
from core.votable import Info
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
    """Return who made a product, when, and where it is described."""
    address = f"{settings.public_url}/product/{quote(product.internal_name, safe='')}"
    infos = [
        Info("data_ivoid", f"ivo://{settings.authority}/{product.internal_name}", product.display_name),
        Info("creator", product.owner),
        Info("reference_url", address),
    ]
    if product.published_at is not None:
        infos.append(Info("publication_date", f"{product.published_at:%Y-%m-%d}"))
    infos.append(Info("last_update_date", f"{product.updated_at:%Y-%m-%d}"))
    if product.release is not None:
        infos.append(Info("resource_version", product.release.display_name))
    return tuple(infos)


@lru_cache(maxsize=1)
def _software() -> str:
    return f"photoz-server/{version('photoz-server')}"
