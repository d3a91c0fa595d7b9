"""Nodes over HTTP: getNode, createNode, setNode, deleteNode (VOSpace 2.1 §6.2, §6.4)."""

from collections.abc import Mapping
from itertools import chain

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, StreamingResponse

from core.auth.dependencies import Authenticator
from core.auth.models import Identity, Scope
from vospace.documents.nodes import node_document
from vospace.documents.requests import LARGEST_DOCUMENT, read_node
from vospace.faults import InvalidArgumentError, InvalidURIError, ViewNotSupportedError
from vospace.models import CORE, Detail, Listing, Node, Path, SortKey
from vospace.service import NodeService
from vospace.uris import NodeUris, http_path, node_path

__all__ = ["add_node_routes", "raw_path", "read_body"]

_XML = "text/xml"
_READ = ["GET", "HEAD"]
#: Short names of views, accepted instead of their identifiers.
_BYTES_VIEWS = frozenset({"data", "defaultview", "binaryview"})


def add_node_routes(router: APIRouter, authenticate: Authenticator, nodes: NodeService, base_url: str) -> None:
    """Add the routes of nodes.

    Parameters
    ----------
    base_url
        URL of the VOSpace, without a trailing slash.
    """
    uris = nodes.uris

    @router.api_route("/nodes", methods=_READ)
    @router.api_route("/nodes/{path:path}", methods=_READ)
    def get_node(request: Request, path: str = "", identity: Identity = Depends(authenticate)) -> Response:
        names, parameters = node_path(path, raw_path(request)), _parameters(request)
        if view := parameters.get("view", ""):
            return RedirectResponse(_view_address(nodes, identity, names, view, base_url), 303)
        detail = Detail(_one_of(parameters, "detail", tuple(Detail), Detail.MAX))
        node = nodes.node(identity, names, _listing(parameters, names, uris, brief=detail is Detail.MIN))
        return _node_answer(request, node, uris, detail=detail)

    @router.put("/nodes/{path:path}")
    async def create_node(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        names, node_request = node_path(path, raw_path(request)), read_node(await read_body(request))
        node = await run_in_threadpool(nodes.create, identity, names, node_request)
        return await run_in_threadpool(_node_answer, request, node, uris, status=201)

    @router.post("/nodes/{path:path}")
    async def set_node(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        names, node_request = node_path(path, raw_path(request)), read_node(await read_body(request))
        node = await run_in_threadpool(nodes.change, identity, names, node_request)
        return await run_in_threadpool(_node_answer, request, node, uris)

    @router.delete("/nodes/{path:path}")
    def delete_node(path: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        nodes.delete(identity, node_path(path, raw_path(request)))
        return Response(status_code=204)


def raw_path(request: Request) -> bytes:
    """Return the percent-encoded path of a request."""
    raw: bytes = request.scope.get("raw_path", b"")
    return raw


async def read_body(request: Request) -> bytes:
    """Read the document in a request; raise InvalidArgumentError when it exceeds `LARGEST_DOCUMENT`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_DOCUMENT:
            message = f"The document is longer than {LARGEST_DOCUMENT} bytes."
            raise InvalidArgumentError(message)
    return bytes(body)


def _node_answer(
    request: Request, node: Node, uris: NodeUris, *, detail: Detail = Detail.MAX, status: int = 200
) -> Response:
    """Respond with the document of a node, streamed when it is long."""
    blocks = node_document(node, uris, detail)
    first, second = next(blocks), next(blocks, None)
    if second is None:
        return Response(first, status, media_type=_XML)
    if request.method == "HEAD":
        answer = Response(None, status, media_type=_XML)
        del answer.headers["content-length"]
        return answer
    return StreamingResponse(chain((first, second), blocks), status, media_type=_XML)


def _view_address(nodes: NodeService, identity: Identity, path: Path, view: str, base_url: str) -> str:
    """Return the URL of a view of a node, after a check that the view exists."""
    archives = dict(zip(("zip", "tar"), nodes.uris.archive_views, strict=True))
    wanted = next((word for word, uri in archives.items() if view in {word, uri}), None)
    if wanted is not None:
        nodes.archive(identity, (path,))
        return f"{base_url}/archives/{wanted}/{http_path(path)}"
    if view.removeprefix(CORE) not in _BYTES_VIEWS:
        message = f"'{view[:200]}' is not a view of this service; the views are defaultview, binaryview, zip and tar."
        raise ViewNotSupportedError(message)
    found = nodes.resolve(identity, path, last=True)
    if found.outside is None:
        nodes.file(identity, found.path)
    return f"{base_url}/files/{http_path(path)}"


def _parameters(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.query_params.items()}


def _listing(parameters: Mapping[str, str], path: Path, uris: NodeUris, *, brief: bool) -> Listing:
    limit, start = parameters.get("limit"), parameters.get("uri")
    if limit is not None and (not limit.isascii() or not limit.isdecimal() or len(limit) > 9):
        message = f"The limit '{limit[:40]}' is not a non-negative integer."
        raise InvalidArgumentError(message)
    sort = _one_of(parameters, "sort", ("", *SortKey), "", prefix=CORE)
    order = _one_of(parameters, "order", ("asc", "desc"), "asc")
    return Listing(
        limit=None if limit is None else int(limit),
        start=None if start is None else _child_name(start, path, uris),
        sort=SortKey(sort) if sort else None,
        descending=order == "desc",
        brief=brief,
    )


def _child_name(uri: str, path: Path, uris: NodeUris) -> str:
    child = uris.path_of(uri)
    if child[:-1] != path or not child:
        message = f"The listing cannot start at '{uri[:200]}': it is not a child of {uris.of(path)}."
        raise InvalidURIError(message)
    return child[-1]


def _one_of(
    parameters: Mapping[str, str], name: str, values: tuple[str, ...], default: str, *, prefix: str = ""
) -> str:
    value = parameters.get(name, default).removeprefix(prefix) or default
    if value not in values:
        message = f"{name}={value[:40]} is not valid; the values are {', '.join(filter(None, values))}."
        raise InvalidArgumentError(message)
    return value
