"""Footprint of a product on the sky in Aladin Lite, which is loaded from CDS when somebody asks for it."""

import json
from typing import Any

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import NotFoundError
from products.service import ProductDetails
from webui.addresses import product_key
from webui.pages.rendering.policies import ALADIN_SOURCE, aladin_headers
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_SMALLEST_FIELD, _LARGEST_FIELD = 0.2, 360.0
_MARGIN = 2.4


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page that says what is loaded, and the page that loads it."""

    def found(identity: Identity, name: str) -> ProductDetails:
        details = services.products.service.details(identity, product_key(name))
        if details.table is None or not details.table.footprint:
            message = f"The product {details.product.internal_name} has no footprint: its table has no positions."
            raise NotFoundError(message)
        return details

    @router.get("/product/{name}/sky")
    def question(name: str, identity: Identity = Depends(services.authenticate)) -> Response:
        details = found(identity, name)
        return renderer.page("products/sky.html", identity, product=details.product, source=ALADIN_SOURCE)

    @router.get("/product/{name}/sky/view")
    def view(name: str, identity: Identity = Depends(services.authenticate)) -> Response:
        details = found(identity, name)
        table = details.table
        moc = _moc("" if table is None else table.footprint or "")
        ra, dec, field = _field(moc)
        return renderer.page(
            "products/sky_view.html",
            identity,
            headers=aladin_headers(services.settings.public_url),
            product=details.product,
            source=ALADIN_SOURCE,
            moc=json.dumps(moc.serialize(format="json")),
            target=f"{ra:.5f} {dec:+.5f}",
            field=f"{field:.3f}",
        )


def _moc(footprint: str) -> Any:  # mocpy ships no types
    from mocpy import MOC

    return MOC.from_string(footprint, format="ascii")


def _field(moc: Any) -> tuple[float, float, float]:
    """Return the centre of a footprint and the width of the field that shows it, in degrees."""
    centre = moc.barycenter()
    radius = float(moc.largest_distance_from_coo_to_vertices(centre).to_value("deg"))
    return float(centre.ra.deg), float(centre.dec.deg), min(max(_MARGIN * radius, _SMALLEST_FIELD), _LARGEST_FIELD)
