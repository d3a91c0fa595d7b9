"""REST resources of provenance, citations, DataCite metadata and download counts."""

from typing import Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from core.auth.models import Identity
from core.errors import ConflictError, InvalidValueError
from products.models import Product
from products.provenance import datacite_document, datacite_xml, provenance_json, provenance_votable
from webui.api.errors import api_router
from webui.api.representations.products import Json
from webui.citations import ProductCitation
from webui.services import WebServices

__all__ = ["routes"]

_DATACITE = "application/vnd.datacite.datacite"
_VOTABLE = "application/x-votable+xml"
_FORMATS = {"json": "json", "application/json": "json", "prov-json": "json", "votable": "votable", _VOTABLE: "votable"}


def routes(services: WebServices) -> APIRouter:
    """Return the routes of provenance, citations, DataCite metadata and download counts."""
    router = api_router("provenance")
    _add_documents(router, services)
    _add_relations(router, services)
    return router


def _add_documents(router: APIRouter, services: WebServices) -> None:
    authenticate, url = services.authenticate, services.settings.public_url

    @router.get("/products/{product_id}/provenance", summary="Provenance of a product (IVOA ProvenanceDM 1.0)")
    def provenance(
        product_id: int,
        request: Request,
        chosen: str | None = Query(
            None,
            alias="RESPONSEFORMAT",
            description="json (PROV-JSON) or votable.",
            json_schema_extra={"enum": [*_FORMATS]},
        ),
        identity: Identity = Depends(authenticate),
    ) -> Response:
        votable = _format(chosen, request) == "votable"
        found = services.products.provenance.of(identity, product_id)
        if votable:
            return Response(provenance_votable(found, url), media_type=_VOTABLE)
        return JSONResponse(provenance_json(found, url))

    @router.get("/products/{product_id}/citation", summary="Citation of a product: text, BibTeX, RIS or CITATION.cff")
    def citation(
        product_id: int,
        wanted: Literal["text", "bibtex", "ris", "cff"] = Query("text", alias="format"),
        identity: Identity = Depends(authenticate),
    ) -> Response:
        found = ProductCitation.of(services, services.products.service.get(identity, product_id))
        body, media_type = found.document(wanted)
        return Response(body, media_type=media_type)

    @router.get("/products/{product_id}/datacite", summary="DataCite metadata of a public product")
    def datacite(
        product_id: int,
        wanted: Literal["json", "xml"] = Query("json", alias="format"),
        identity: Identity = Depends(authenticate),
    ) -> Response:
        return _datacite(services, services.products.service.get(identity, product_id), wanted)


def _add_relations(router: APIRouter, services: WebServices) -> None:
    authenticate = services.authenticate

    @router.get("/products/{product_id}/relations", summary="Related products, DOIs and addresses that you may see")
    def relations(product_id: int, identity: Identity = Depends(authenticate)) -> list[Json]:
        product = services.products.service.get(identity, product_id)
        return [
            {
                "kind": related.kind,
                "target": related.identifier,
                "product": None if related.product is None else related.product.id,
                "display_name": None if related.product is None else related.product.display_name,
            }
            for related in services.products.relations.of(identity, product)
        ]

    @router.get("/products/{product_id}/downloads", summary="Number of complete downloads of a product")
    def downloads(product_id: int, identity: Identity = Depends(authenticate)) -> dict[str, int]:
        product = services.products.service.get(identity, product_id)
        return {
            "product": product.id,
            "downloads": services.products.download_counts.of([product.id]).get(product.id, 0),
        }


def _datacite(services: WebServices, product: Product, wanted: Literal["json", "xml"]) -> Response:
    described = services.products.descriptions.of(product)
    if described is None:
        message = f"Product '{product.internal_name}' has no DataCite metadata: it is not public."
        raise ConflictError(message)
    if wanted == "xml":
        return Response(datacite_xml(described), media_type=f"{_DATACITE}+xml")
    return JSONResponse(datacite_document(described), media_type=f"{_DATACITE}+json")


def _format(chosen: str | None, request: Request) -> str:
    if chosen is None:
        return "votable" if _VOTABLE in request.headers.get("accept", "") else "json"
    if chosen.lower() not in _FORMATS:
        message = f"'{chosen[:40]}' is not a format of provenance; use json or votable."
        raise InvalidValueError(message, field="RESPONSEFORMAT")
    return _FORMATS[chosen.lower()]
