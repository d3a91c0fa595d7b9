"""VOSpace over HTTP: nodes and bytes for reading, and honest refusals of the rest (VOSpace 2.1 §6)."""

import base64
import functools
from collections.abc import Callable, Mapping

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError

from core.auth.dependencies import Authenticator
from core.auth.models import ANONYMOUS, Identity
from core.database import utc_now
from core.errors import PermissionDeniedError
from core.routes import file_answer, route_class
from core.settings import Settings
from core.vosi import availability_document, capabilities_document
from products.downloads import DownloadService
from products.service import ProductService
from vospace.capabilities import vospace_capabilities
from vospace.documents import node_document, properties_document, protocols_document, views_document
from vospace.faults import (
    InvalidArgumentError,
    InvalidURIError,
    OperationNotSupportedError,
    ViewNotSupportedError,
    fault_answer,
)
from vospace.models import CORE, Detail, Listing, SortKey
from vospace.service import NodeService
from vospace.uris import NodeUris, http_path, node_path

__all__ = ["vospace_routes"]

_XML = "text/xml"
_READ = ["GET", "HEAD"]


def vospace_routes(
    settings: Settings, authenticate: Authenticator, products: ProductService, downloads: DownloadService
) -> APIRouter:
    """Routes of the VOSpace."""
    router = APIRouter(prefix="/vospace", route_class=route_class(fault_answer), include_in_schema=False)
    nodes = NodeService(products, downloads, authority=settings.authority, owner=settings.site_name, since=utc_now())
    uris = NodeUris(settings.authority)
    _add_reading(router, settings, authenticate, nodes, uris)
    _add_refusals(router)
    _add_descriptions(router, settings, products)
    return router


def _add_reading(
    router: APIRouter, settings: Settings, authenticate: Authenticator, nodes: NodeService, uris: NodeUris
) -> None:
    @router.api_route("/nodes", methods=_READ)
    @router.api_route("/nodes/{path:path}", methods=_READ)
    def get_node(request: Request, path: str = "", identity: Identity = Depends(authenticate)) -> Response:
        names, parameters = node_path(path, _raw_path(request)), _parameters(request)
        view = parameters.get("view", "").removeprefix(CORE)
        if view in {"data", "defaultview", "binaryview"}:
            nodes.file(identity, names)
            return RedirectResponse(f"{settings.public_url}/vospace/files/{http_path(names)}", 303)
        if view:
            message = f"'{parameters['view']}' is not a view of this service; it has defaultview and binaryview."
            raise ViewNotSupportedError(message)
        detail = Detail(_one_of(parameters, "detail", tuple(Detail), Detail.MAX))
        node = nodes.node(identity, names, _listing(parameters, names, uris))
        return Response(node_document(node, uris, detail), media_type=_XML)

    @router.api_route("/files/{path:path}", methods=_READ)
    def get_file(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        file = nodes.file(identity, node_path(path, _raw_path(request)))
        digest = base64.b64encode(bytes.fromhex(file.md5)).decode()
        return file_answer(
            request,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            etag=file.sha256,
            modified=file.modified,
            read=file.read,
            headers={"Digest": f"md5={digest}"},
        )


def _add_refusals(router: APIRouter) -> None:
    @router.api_route("/nodes/{path:path}", methods=["PUT", "POST", "DELETE"])
    @router.api_route("/files/{path:path}", methods=["PUT", "POST", "DELETE"])
    def change(path: str) -> Response:
        message = (
            f"'/{path[:200]}' can only be read here; products are made and changed with the REST API or the pages."
        )
        raise PermissionDeniedError(message)

    @router.api_route("/transfers", methods=["GET", "POST"])
    @router.api_route("/synctrans", methods=["GET", "POST"])
    def transfer() -> Response:
        message = "This VOSpace has no transfers; fetch the bytes of a node from /vospace/files/ and its path."
        raise OperationNotSupportedError(message)


def _add_descriptions(router: APIRouter, settings: Settings, products: ProductService) -> None:
    base_url, since = f"{settings.public_url}/vospace", utc_now()
    protocol = "httpsget" if base_url.startswith("https:") else "httpget"
    documents: Mapping[str, Callable[[], bytes]] = {
        "/capabilities": functools.partial(capabilities_document, vospace_capabilities(base_url)),
        "/protocols": functools.partial(protocols_document, (protocol,)),
        "/views": views_document,
        "/properties": properties_document,
    }

    def add(path: str, write: Callable[[], bytes]) -> None:
        @router.api_route(path, methods=_READ)
        def describe() -> Response:
            return Response(write(), media_type=_XML)

    for path, write in documents.items():
        add(path, write)

    @router.api_route("/availability", methods=_READ)
    def availability() -> Response:
        try:
            products.releases(ANONYMOUS)
        except SQLAlchemyError:
            document = availability_document(False, since, "The metadata database does not answer.")
        else:
            document = availability_document(True, since)
        return Response(document, media_type=_XML)


def _raw_path(request: Request) -> bytes:
    raw: bytes = request.scope.get("raw_path", b"")
    return raw


def _parameters(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.query_params.items()}


def _listing(parameters: Mapping[str, str], path: tuple[str, ...], uris: NodeUris) -> Listing:
    limit, start = parameters.get("limit"), parameters.get("uri")
    if limit is not None and (not limit.isascii() or not limit.isdecimal() or len(limit) > 9):
        message = f"The limit '{limit[:40]}' is not a whole number from 0."
        raise InvalidArgumentError(message)
    sort = _one_of(parameters, "sort", ("", *SortKey), "", prefix=CORE)
    order = _one_of(parameters, "order", ("asc", "desc"), "asc")
    return Listing(
        limit=None if limit is None else int(limit),
        start=None if start is None else _child_name(start, path, uris),
        sort=SortKey(sort) if sort else None,
        descending=order == "desc",
    )


def _child_name(uri: str, path: tuple[str, ...], uris: NodeUris) -> str:
    child = uris.path_of(uri)
    if child[:-1] != path or not child:
        message = f"The listing cannot begin at '{uri[:200]}': that is not a child of {uris.of(path)}."
        raise InvalidURIError(message)
    return child[-1]


def _one_of(
    parameters: Mapping[str, str], name: str, values: tuple[str, ...], default: str, *, prefix: str = ""
) -> str:
    value = parameters.get(name, default).removeprefix(prefix) or default
    if value not in values:
        message = f"{name}={value[:40]} is not known; the values are {', '.join(filter(None, values))}."
        raise InvalidArgumentError(message)
    return value
