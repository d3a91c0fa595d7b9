"""Router of the VOSpace, with its VOSI and metadata documents (VOSpace 2.1 §6)."""

import functools
from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from core.auth.dependencies import Authenticator
from core.errors import PhotozError
from core.vosi import capabilities_document
from core.web.routes import add_routers, route_class
from uws import JobService
from vospace.assembly import PREFIX, VOSpaceServices
from vospace.documents.capabilities import vospace_capabilities
from vospace.documents.elements import properties_document, protocols_document, views_document
from vospace.faults import fault_text
from vospace.handlers.endpoints import JobEndpoints
from vospace.handlers.files import add_data_routes, add_file_routes
from vospace.handlers.nodes import add_node_routes
from vospace.handlers.transfers import add_sync_routes, job_routes
from vospace.models import CORE

__all__ = ["vospace_routes"]

_READ = ["GET", "HEAD"]


def vospace_routes(
    vospace: VOSpaceServices, authenticate: Authenticator, jobs: JobService, availability: Callable[[], bytes]
) -> APIRouter:
    """Return the router of the VOSpace.

    Parameters
    ----------
    availability
        Writes the availability document.
    """
    router = APIRouter(prefix=PREFIX, route_class=route_class(_render_fault), include_in_schema=False)
    add_node_routes(router, authenticate, vospace.nodes, vospace.base_url)
    add_file_routes(router, authenticate, vospace.nodes, vospace.uploads)
    add_data_routes(router, vospace.nodes, vospace.uploads, vospace.signed_urls, JobEndpoints(jobs))
    add_sync_routes(router, authenticate, vospace.negotiator, vospace.signer, vospace.base_url)
    _add_document_routes(router, vospace, availability)
    whole = APIRouter()
    add_routers(whole, router, job_routes(jobs, authenticate, vospace.negotiator, vospace.base_url, PREFIX))
    return whole


def _render_fault(_request: Request, error: PhotozError) -> Response:
    """Render an error: the name of the fault is the first word, its sentence follows (VOSpace 2.1 §5)."""
    return PlainTextResponse(fault_text(error), error.status)


def _add_document_routes(router: APIRouter, vospace: VOSpaceServices, availability: Callable[[], bytes]) -> None:
    offered = ("httpsget", "httpsput") if vospace.is_secure else ("httpget", "httpput", "httpsget", "httpsput")
    protocols = tuple(CORE + name for name in offered)
    documents: Mapping[str, Callable[[], bytes]] = {
        "/capabilities": functools.partial(capabilities_document, vospace_capabilities(vospace.base_url)),
        "/protocols": functools.partial(protocols_document, vospace.remote.protocols, protocols),
        "/views": functools.partial(views_document, vospace.nodes.uris.archive_views),
        "/properties": properties_document,
    }

    def add(path: str, write: Callable[[], bytes]) -> None:
        @router.api_route(path, methods=_READ)
        def describe() -> Response:
            return Response(write(), media_type="text/xml")

    for path, write in documents.items():
        add(path, write)

    @router.api_route("/availability", methods=_READ)
    def answer_availability() -> Response:
        return Response(availability(), media_type="text/xml")
