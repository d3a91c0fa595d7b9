"""Simple Cone Search 1.03 over HTTP, with the capabilities of each table."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from lxml import etree

from core.auth.callers import caller_of
from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.errors import InvalidValueError, PhotozError
from core.settings import Settings
from core.vosi import BASIC_AUTH, COOKIE, Capability, Interface, capabilities_document
from core.votable import Info
from core.votable.document import DocumentWriter
from core.web.parameters import read_parameters
from core.web.routes import route_class
from core.web.streaming import StreamedAnswer
from tap.conesearch import ConeSearch
from tap.handlers.turns import answer_in_turn
from tap.models import TapTable
from tap.pages.sample_position import sample_position

__all__ = ["cone_routes"]

_Element = Any  # lxml ships no types

_XML = "text/xml"
_SECURITY = (None, BASIC_AUTH, COOKIE)


def cone_routes(settings: Settings, authenticate: Authenticator, cones: ConeSearch) -> APIRouter:
    """Return the routes of the cone searches."""
    router = APIRouter(prefix="/conesearch", route_class=route_class(_votable_error), include_in_schema=False)

    @router.api_route("/{table}", methods=["GET", "HEAD", "POST"])
    async def cone(table: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        parameters = await read_parameters(request)
        found = await run_in_threadpool(cones.table, table, identity)
        answer = await answer_in_turn(
            request, partial(cones.search, found, parameters, identity, owner=caller_of(request, identity))
        )
        return StreamedAnswer(
            answer.chunks, media_type=answer.media_type, close=answer.close, headers=dict(answer.headers)
        )

    @router.api_route("/{table}/capabilities", methods=["GET", "HEAD"])
    def capabilities(table: str, identity: Identity = Depends(authenticate)) -> Response:
        return Response(_capabilities(settings, cones.table(table, identity)), media_type=_XML)

    return router


def _capabilities(settings: Settings, table: TapTable) -> bytes:
    base = f"{settings.public_url}/conesearch/{quote(table.name)}"
    return capabilities_document(
        (
            Capability(
                "ivo://ivoa.net/std/ConeSearch",
                (Interface(f"{base}?", use="base", role="std", version="1.03", security=_SECURITY),),
                type="cs:ConeSearch",
                extension=tuple(_extension(settings, table)),
            ),
            Capability("ivo://ivoa.net/std/VOSI#capabilities", (Interface(f"{base}/capabilities"),)),
            Capability("ivo://ivoa.net/std/VOSI#availability", (Interface(f"{settings.public_url}/availability"),)),
        )
    )


def _extension(settings: Settings, table: TapTable) -> Iterator[_Element]:
    for name, value in (("maxSR", 180), ("maxRecords", settings.maxrec_limit), ("verbosity", "true")):
        element = etree.Element(name)
        element.text = str(value)
        yield element
    query = etree.Element("testQuery")
    for name, number in zip(("ra", "dec", "sr"), (*sample_position(table), 0.01), strict=True):
        etree.SubElement(query, name).text = repr(number)
    yield query


def _votable_error(_request: Request, error: PhotozError) -> Response:
    """Return an error as SCS 1.03 §2.3 requires: a VOTable with INFO "Error".

    Clients of SCS read the document and not the status, and some do not read it when the status is an error; so errors
    of parameters have status 200.
    """
    status = 200 if isinstance(error, InvalidValueError) else error.status
    writer = DocumentWriter()
    with writer.resource():
        writer.info(Info("QUERY_STATUS", "ERROR", error.message))
        writer.info(Info("Error", error.message))
    return Response(writer.closed(), status, media_type=_XML)
