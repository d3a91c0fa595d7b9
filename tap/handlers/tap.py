"""TAP over HTTP: sync, tables, capabilities, availability, examples (TAP 1.1 §2)."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.callers import caller_of
from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.cancellation import Cancellation
from core.errors import AuthenticationError, NotFoundError, PhotozError
from core.settings import Settings
from core.votable import error_document
from core.web.dali import DaliParameters
from core.web.frames import PageFraming
from core.web.parameters import read_parameters
from core.web.routes import route_class
from core.web.streaming import StreamedAnswer
from tap.adql import UnknownTableError
from tap.handlers.turns import answer_in_turn
from tap.metadata.capabilities import tap_capabilities
from tap.metadata.column_statistics import NAMESPACES, attribute_schema
from tap.metadata.tableset import Detail, table_document, tableset_chunks
from tap.pages.examples import examples_document, examples_of
from tap.pages.front_page import PageQuery, front_page
from tap.pages.layout import PAGE_HEADERS, PAGE_TYPE
from tap.queues.pending import PendingQuery
from tap.results.framed_page import framed_result
from tap.service import QueryAnswer, TapService

__all__ = ["tap_routes"]

_XML = "text/xml"
_VOTABLE = "application/x-votable+xml"
_MOST_DIGITS = 9


def tap_routes(
    settings: Settings,
    authenticate: Authenticator,
    service: TapService,
    frame: PageFraming,
    availability: Callable[[], bytes],
    prefix: str = "/tap",
) -> APIRouter:
    """Return the routes of TAP at a path of this server.

    Parameters
    ----------
    frame
        Writes the frame of its pages.
    availability
        Writes the availability document.
    """
    router = APIRouter(prefix=prefix, route_class=route_class(_votable_error), include_in_schema=False)
    pages = _Pages(settings, service, frame)
    _add_sync(router, pages, authenticate, service)
    _add_pages(router, pages, authenticate)
    _add_vosi(router, settings, authenticate, service, availability)
    return router


def _add_sync(router: APIRouter, pages: "_Pages", authenticate: Authenticator, service: TapService) -> None:
    @router.api_route("/sync", methods=["GET", "POST"])
    async def sync(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        parameters = await read_parameters(request, service.stager())
        is_page = _is_for_a_page(request, parameters)
        try:
            owner = caller_of(request, identity)
            answer = await answer_in_turn(request, partial(_query, service, parameters, identity, owner, is_page))
        except PhotozError as e:
            if not is_page:
                raise
            failed = PageQuery("\n".join(parameters.all("QUERY")), e.message)
            return await run_in_threadpool(pages.front, identity, failed, e.status)
        chunks, headers = answer.chunks, dict(answer.headers)
        if is_page:
            chunks, headers = pages.result(identity, parameters, chunks), headers | dict(PAGE_HEADERS)
        return StreamedAnswer(chunks, media_type=answer.media_type, close=answer.close, headers=headers)


def _add_pages(router: APIRouter, pages: "_Pages", authenticate: Authenticator) -> None:
    @router.api_route("", methods=["GET", "HEAD"])
    @router.api_route("/", methods=["GET", "HEAD"])
    def front(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        given = request.query_params
        page = given.get("PAGE", "1")
        number = int(page) if page.isascii() and page.isdecimal() and len(page) < _MOST_DIGITS else 1
        query = PageQuery(given.get("QUERY", ""), search=given.get("SEARCH", "")[:200], page=number)
        return pages.front(identity, query)

    @router.api_route("/examples", methods=["GET", "HEAD"])
    def examples(identity: Identity = Depends(authenticate)) -> Response:
        return pages.examples(identity)


def _add_vosi(
    router: APIRouter,
    settings: Settings,
    authenticate: Authenticator,
    service: TapService,
    availability: Callable[[], bytes],
) -> None:
    tap_url = f"{settings.public_url}/tap"

    @router.api_route("/tables", methods=["GET", "HEAD"])
    def tables(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        asked = request.query_params.get("detail", "").lower()
        detail = Detail(asked) if asked in set(Detail) else Detail.MAX
        catalog = service.catalog
        etag = f'"{catalog.stamp(identity)[:32]}-{detail}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
        if etag in re.split(r"\s*,\s*", request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        chunks = tableset_chunks(catalog.schemas(identity), tap_url, detail=detail)
        return StreamedAnswer(chunks, media_type=_XML, close=_nothing, headers=headers)

    @router.api_route("/tables/{name}", methods=["GET", "HEAD"])
    def table(name: str, identity: Identity = Depends(authenticate)) -> Response:
        tables = service.catalog.lookup(identity)
        found = tables.get(name) or tables.get(name.lower())
        if found is None:
            message = f"There is no table '{name}'."
            raise NotFoundError(message)
        return Response(table_document(found, tap_url), media_type=_XML)

    @router.api_route("/schemas/{prefix}.xsd", methods=["GET", "HEAD"])
    def schema(prefix: str) -> Response:
        content = attribute_schema(prefix)
        if content is None:
            message = f"There is no schema '{prefix}'; the prefixes are {' and '.join(NAMESPACES)}."
            raise NotFoundError(message)
        return Response(content, media_type=_XML)

    @router.api_route("/capabilities", methods=["GET", "HEAD"])
    def capabilities(_identity: Identity = Depends(authenticate)) -> Response:  # clients read here who they are
        return Response(tap_capabilities(settings, router.prefix), media_type=_XML)

    @router.api_route("/availability", methods=["GET", "HEAD"])
    def answer_availability() -> Response:
        return Response(availability(), media_type=_XML)


def _nothing() -> None:
    """Have nothing to stop: pieces of a document are made when they are sent."""


class _Pages:
    """Pages of the service, in the frame of the site."""

    def __init__(self, settings: Settings, service: TapService, frame: PageFraming) -> None:
        self._address = f"{settings.public_url}/tap"
        self._service = service
        self._frame = frame

    def front(self, identity: Identity, query: PageQuery, status: int = 200) -> Response:
        """Return the front page."""
        frame = self._frame(identity, "TAP service", section="query")
        page = front_page(self._service.tables_of(identity), frame, self._address, identity, query)
        return Response(page, status, media_type=PAGE_TYPE, headers=dict(PAGE_HEADERS))

    def examples(self, identity: Identity) -> Response:
        """Return the page of examples."""
        frame = self._frame(identity, "Examples of queries", section="query")
        document = examples_document(examples_of(self._service.tables_of(identity)), frame)
        return Response(document, media_type=PAGE_TYPE, headers=dict(PAGE_HEADERS))

    def result(self, identity: Identity, parameters: DaliParameters, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Return the page of a result."""
        repeated = {name: parameters.all(name)[0] for name in ("LANG", "QUERY", "MAXREC") if parameters.all(name)}
        frame = self._frame(identity, "Result of a query", section="query")
        is_repeatable = not parameters.all("UPLOAD")
        return framed_result(chunks, frame, self._address, repeated, is_repeatable=is_repeatable)


def _is_for_a_page(request: Request, parameters: DaliParameters) -> bool:
    """Return whether a browser requests rows as a page; other clients get errors as a VOTable."""
    formats = {word.lower() for name in ("RESPONSEFORMAT", "FORMAT") for word in parameters.all(name)}
    return "html" in formats and "text/html" in request.headers.get("accept", "")


def _query(
    service: TapService,
    parameters: DaliParameters,
    identity: Identity,
    owner: str,
    is_page: bool,
    cancellation: Cancellation,
) -> PendingQuery[QueryAnswer]:
    """Admit a query; request authentication from anonymous callers who name an unknown table.

    The table may exist for a user. Clients that only know HTTP authentication (TOPCAT up to 4.8) send a name and
    password only after they were refused.
    """
    try:
        return service.query(parameters, identity, cancellation, owner=owner)
    except UnknownTableError as e:
        if is_page or not identity.is_anonymous:
            raise
        message = f"{e.message} If the table is not public, sign in."
        raise AuthenticationError(message) from e


def _votable_error(_request: Request, error: PhotozError) -> Response:
    """Return an error as a VOTable with QUERY_STATUS ERROR (DALI 1.1 §4.4)."""
    return Response(error_document(error.message), error.status, media_type=_VOTABLE)
