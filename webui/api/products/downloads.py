"""REST resources of downloads: single files with ranges, and a product as a zip."""

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity
from products.files.handlers import download_answer, zip_answer
from webui.api.errors import api_router
from webui.services import WebServices

__all__ = ["routes"]


def routes(services: WebServices) -> APIRouter:
    """Return the routes of downloads."""
    router = api_router("downloads")
    authenticate, downloads = services.authenticate, services.products.downloads

    @router.get("/products/{product_id}/files/{name}", summary="One file")
    @router.head("/products/{product_id}/files/{name}", include_in_schema=False)
    def one_file(product_id: int, name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return download_answer(request, downloads.file(identity, product_id, name))

    @router.get("/products/{product_id}/main_file", summary="The main file")
    @router.head("/products/{product_id}/main_file", include_in_schema=False)
    def main_file(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return download_answer(request, downloads.main_file(identity, product_id))

    @router.get("/products/{product_id}/zip", summary="All files and product_metadata.yaml as a zip")
    @router.head("/products/{product_id}/zip", include_in_schema=False)
    def as_zip(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return zip_answer(request, downloads.zip(identity, product_id))

    return router
