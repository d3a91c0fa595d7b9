"""HTTP endpoints of the registry: harvests by OAI-PMH, and the list of services for CADC's clients."""

from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, StreamingResponse

from core.errors import PhotozError, TooLargeError
from core.settings import Settings
from core.vosi import capabilities_document
from core.web.lazy_routes import LazyRoute
from core.web.routes import route_class
from registry.assembly import RegistryServices
from registry.group_capabilities import GROUPS
from registry.publisher import Publisher
from registry.records.service_records import registry_record

__all__ = ["oai_routes", "registry_routes"]

_SERVICES = ("tap", "vospace", GROUPS)
_XML = "text/xml; charset=utf-8"
_LARGEST_BODY = 100_000


def registry_routes(settings: Settings) -> APIRouter:
    """Return the routes of the registry.

    ``/reg/resource-caps`` maps the identifiers of services to their capabilities, one a line, for CADC's clients
    (``vos``, ``cadc-tap``).
    """
    router = APIRouter(route_class=LazyRoute)
    lines = "".join(
        f"ivo://{settings.authority}/{name} = {settings.public_url}/{name}/capabilities\n" for name in _SERVICES
    )

    @router.get("/reg/resource-caps", include_in_schema=False)
    def resource_caps() -> PlainTextResponse:
        return PlainTextResponse(lines)

    return router


def oai_routes(settings: Settings, registry: RegistryServices) -> APIRouter:
    """Return the routes of the OAI-PMH repository, which nobody signs in to."""
    router = APIRouter(prefix="/oai", route_class=route_class(_text_error), include_in_schema=False)

    @router.api_route("", methods=["GET", "HEAD", "POST"])
    async def harvest(request: Request) -> Response:
        pairs = request.query_params.multi_items()
        if request.method == "POST":
            pairs = [*pairs, *await _form_of(request)]
        agent = request.headers.get("user-agent", "")
        return StreamingResponse(await run_in_threadpool(registry.repository.answer, pairs, agent), media_type=_XML)

    @router.api_route("/capabilities", methods=["GET", "HEAD"])
    def capabilities() -> Response:
        record = registry_record(Publisher(settings))
        return Response(capabilities_document(record.capabilities), media_type="text/xml")

    return router


async def _form_of(request: Request) -> list[tuple[str, str]]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise TooLargeError(f"The request is larger than {_LARGEST_BODY // 1000} kB; arguments are short.")
    return parse_qsl(body.decode(errors="replace"), keep_blank_values=True)


def _text_error(_request: Request, error: PhotozError) -> Response:
    return PlainTextResponse(error.message, error.status)
