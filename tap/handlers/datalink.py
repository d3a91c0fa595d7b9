"""DataLink 1.1 over HTTP: the links of products as a VOTable."""

from collections.abc import Callable

import pyarrow as pa
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.columns import Column, field_of_column
from core.errors import InvalidValueError, PhotozError
from core.settings import Settings
from core.vosi import BASIC_AUTH, Capability, Interface, capabilities_document
from core.votable import Info, TableDescription, error_document, votable_columns, write_votable
from core.web.dali import DaliParameters
from core.web.parameters import read_parameters
from core.web.routes import route_class
from tap.datalink import LINKS_ID, LINKS_TYPE, LinkService, ProductLinks

__all__ = ["link_routes"]

_XML = "text/xml"
_TYPES = {
    "votable": LINKS_TYPE,
    "application/x-votable+xml": LINKS_TYPE,
    LINKS_TYPE: LINKS_TYPE,
    "text/xml": _XML,
}
_MAX_IDS = 1000


def _text(name: str, ucd: str, description: str, datatype: str = "char") -> Column:
    return Column(name, datatype, "*", ucd=ucd, description=description)


#: The columns of DataLink 1.1 §3.2, in its order.
_COLUMNS = (
    _text("ID", "meta.id;meta.main", "Product that the link belongs to", "unicodeChar"),
    _text("access_url", "meta.ref.url", "URL of the linked resource"),
    _text("service_def", "meta.ref", "Service of the link, by the ID of its descriptor in this document"),
    _text("error_message", "meta.code.error", "Reason why there is no link", "unicodeChar"),
    _text("description", "meta.note", "Description of the linked resource", "unicodeChar"),
    _text("semantics", "meta.code", "Relation to the product (IVOA vocabulary datalink/core)"),
    _text("content_type", "meta.code.mime", "Media type"),
    Column("content_length", "long", unit="byte", ucd="phys.size;meta.file", description="Length"),
    _text("content_qualifier", "meta.code", "Kind of data (IVOA vocabulary product-type)"),
    _text("local_semantics", "meta.code", "Relation to the product, in terms of this service"),
    _text("link_auth", "meta.code", "Whether the link requires authentication: false, optional or true"),
    Column("link_authorized", "boolean", ucd="meta.code", description="Whether the caller may follow the link"),
)


def link_routes(
    settings: Settings, authenticate: Authenticator, links: LinkService, availability: Callable[[], bytes]
) -> APIRouter:
    """Return the routes of the links of products.

    Parameters
    ----------
    availability
        Writes the availability document.
    """
    router = APIRouter(prefix="/datalink", route_class=route_class(_votable_error), include_in_schema=False)
    base = f"{settings.public_url}/datalink"

    @router.api_route("", methods=["GET", "HEAD", "POST"])
    async def answer(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        parameters = await read_parameters(request)
        media_type = _media_type(parameters)
        ids = parameters.all("ID")
        if len(ids) > _MAX_IDS:
            raise InvalidValueError(
                f"{len(ids)} values of ID are too many; at most {_MAX_IDS} are allowed.", field="ID"
            )
        found = await run_in_threadpool(links.links, [one for one in ids if one.strip()], identity)
        return Response(_document(found), media_type=media_type)

    @router.api_route("/capabilities", methods=["GET", "HEAD"])
    def capabilities() -> Response:
        return Response(
            capabilities_document(
                (
                    Capability(LINKS_ID, (Interface(base, role="std", version="1.1", security=(None, BASIC_AUTH)),)),
                    Capability("ivo://ivoa.net/std/VOSI#capabilities", (Interface(f"{base}/capabilities"),)),
                    Capability("ivo://ivoa.net/std/VOSI#availability", (Interface(f"{base}/availability"),)),
                )
            ),
            media_type=_XML,
        )

    @router.api_route("/availability", methods=["GET", "HEAD"])
    def answer_availability() -> Response:
        return Response(availability(), media_type=_XML)

    return router


def _media_type(parameters: DaliParameters) -> str:
    requested = parameters.one("RESPONSEFORMAT") or "votable"
    chosen = _TYPES.get(requested.lower().replace(" ", ""))
    if chosen is None:
        raise InvalidValueError(
            f"RESPONSEFORMAT={requested[:100]} is not available for links; use votable or text/xml.",
            field="RESPONSEFORMAT",
        )
    return chosen


def _document(found: ProductLinks) -> bytes:
    rows = [
        (
            link.id, link.access_url, link.service_def, link.error_message, link.description, link.semantics,
            link.content_type, link.content_length, None, link.local, None if link.error_message else "optional",
            None if link.error_message else True,
        )
        for link in found.links
    ]  # fmt: skip
    schema = pa.schema([field_of_column(column) for column in _COLUMNS])
    values = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    batch = pa.record_batch([pa.array(v, field.type) for v, field in zip(values, schema, strict=True)], schema=schema)
    description = TableDescription(
        votable_columns(_COLUMNS, schema), infos=(Info("standardID", LINKS_ID),), services=found.services
    )
    return b"".join(write_votable(description, [batch], serialization="TABLEDATA", limit=None))


def _votable_error(_request: Request, error: PhotozError) -> Response:
    return Response(error_document(error.message), error.status, media_type="application/x-votable+xml")
