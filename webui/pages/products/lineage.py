"""Page with the provenance of a product as a graph."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from webui.addresses import product_key
from webui.charts.lineage import lineage_drawing
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page."""

    @router.get("/product/{name}/provenance")
    def provenance(name: str, identity: Identity = Depends(services.authenticate)) -> Response:
        product = services.products.service.get(identity, product_key(name))
        lineage = services.products.lineage.of(identity, product)
        return renderer.page(
            "provenance/lineage.html",
            identity,
            product=product,
            lineage=lineage,
            nodes={node.key: node for node in lineage.nodes},
            drawing=lineage_drawing(lineage),
            activity=services.products.provenance.of(identity, product.id).activity,
            run=services.pipelines.service.of_products([product.id]).get(product.id),
        )
