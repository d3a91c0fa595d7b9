"""A user's own files below ``/home`` of the VOSpace: listed, uploaded, put into folders, downloaded, deleted."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError, PhotozError, TooLargeError
from core.files import Staging
from core.web.multipart import announces_more, receive_form
from core.web.routes import close_unread
from products.files.names import checked_file_name
from vospace.home.nodes import own_path
from vospace.models import Listing, Node, NodeKind, NodeRequest, Path
from vospace.uris import http_path, node_path
from webui.pages.forms import FormState, form_fields
from webui.pages.rendering.templates import PageRenderer, see_other, size_text
from webui.services import WebServices

__all__ = ["add_routes"]

_PAGE = 500
_MOST_FILES = 50


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a row of the list says of a node."""

    name: str
    kind: NodeKind
    page: str
    bytes_url: str
    delete_url: str
    size: int
    modified: str
    seen_by: str
    target: str | None


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of a folder, and the forms that change it."""
    authenticate, nodes = services.authenticate, services.vospace.nodes

    @router.get("/files")
    @router.get("/files/{path:path}")
    def list_files(request: Request, path: str = "", identity: Identity = Depends(authenticate)) -> Response:
        folder, start = _own_path(identity, path, Scope.READ), request.query_params.get("from", "")
        found = nodes.resolve(identity, folder, last=True)
        if found.outside is None and found.path != folder and found.path[:2] == folder[:2]:
            return see_other(_address("/files", found.path))
        node = _node(services, identity, folder, start=node_path(start)[0] if start else None)
        if node.kind is not NodeKind.CONTAINER:
            return see_other(f"{services.vospace.base_url}/files/{http_path(folder)}")
        return _page(services, renderer, identity, folder, node, FormState())

    @router.post("/files")
    @router.post("/files/{path:path}")
    async def upload(request: Request, path: str = "", identity: Identity = Depends(authenticate)) -> Response:
        folder = _own_path(identity, path, Scope.WRITE)
        try:
            await _receive(services, request, identity, folder)
        except PhotozError as e:
            return await run_in_threadpool(_refused, services, renderer, identity, folder, e)
        return see_other(_address("/files", folder))

    @router.post("/new-folder")
    @router.post("/new-folder/{path:path}")
    def make_folder(
        path: str = "", identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        folder = _own_path(identity, path, Scope.WRITE)
        try:
            name = checked_file_name(fields.get("name", ""))
            made = node_path("/".join((*folder, name)))
            nodes.create(identity, made, NodeRequest(nodes.uris.of(made), NodeKind.CONTAINER, (), None))
        except PhotozError as e:
            return _refused(services, renderer, identity, folder, e)
        return see_other(_address("/files", folder))

    @router.get("/delete-file/{path:path}")
    def ask_delete(path: str, identity: Identity = Depends(authenticate)) -> Response:
        target = _own_path(identity, path, Scope.WRITE)
        node = nodes.node(identity, target, Listing(limit=0))
        nodes.check_deletable(identity, target)
        return renderer.page(
            "files/file_delete.html", identity, node=node, folder=_address("/files", target[:-1]),
            action=_address("/delete-file", target),
        )  # fmt: skip

    @router.post("/delete-file/{path:path}")
    def delete(path: str, identity: Identity = Depends(authenticate)) -> Response:
        target = _own_path(identity, path, Scope.WRITE)
        nodes.delete(identity, target)
        return see_other(_address("/files", target[:-1]))


async def _receive(services: WebServices, request: Request, identity: Identity, folder: Path) -> None:
    """Store the files of a form, each as soon as all have come."""
    nodes = services.vospace.nodes
    if not request.headers.get("content-length", "").isdecimal():
        message = "The form came without its length, so that nobody knows whether there is room for it."
        raise InvalidValueError(message, field="file")
    room = await run_in_threadpool(nodes.available_bytes, identity, folder)
    if announces_more(request, room):
        message = f"There is room for {size_text(room)} in your files; nothing was stored."
        raise TooLargeError(message, field="file")

    def stage(_fields: dict[str, str]) -> Staging:
        return services.vospace.store.stage(limit=room)

    form = await receive_form(request, stage, most_files=_MOST_FILES)
    if not form.files:
        message = "Choose a file first."
        raise InvalidValueError(message, field="file")
    waiting = list(form.files)
    try:
        while waiting:
            sent = waiting[0]
            path = node_path("/".join((*folder, checked_file_name(sent.name))))
            waiting.pop(0)
            await run_in_threadpool(nodes.put_stored, identity, path, sent.stored)
    finally:
        for sent in waiting:
            await run_in_threadpool(services.vospace.store.delete, sent.stored.id)


def _own_path(identity: Identity, path: str, scope: Scope) -> Path:
    """Return the node in the caller's home that an address of these pages names."""
    identity.require(scope)
    return own_path(identity, path)


def _address(prefix: str, path: Path) -> str:
    inside = "/".join(quote(name, safe="") for name in path[2:])
    return f"{prefix}/{inside}" if inside else prefix


def _refused(
    services: WebServices, renderer: PageRenderer, identity: Identity, folder: Path, error: PhotozError
) -> Response:
    node, form = _node(services, identity, folder), FormState.refused({}, error)
    answer = _page(services, renderer, identity, folder, node, form, status=error.status)
    close_unread(answer, error)
    return answer


def _node(services: WebServices, identity: Identity, path: Path, start: str | None = None) -> Node:
    """Find a node; of a folder with a page of its children, and one more when there are more."""
    return services.vospace.nodes.node(identity, path, Listing(limit=_PAGE + 1, start=start))


def _page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    folder: Path,
    node: Node,
    form: FormState,
    *,
    status: int = 200,
) -> Response:
    nodes, children = services.vospace.nodes, list(node.children)
    home = nodes.node(identity, folder[:2], Listing(limit=0))
    free, quota = (int(home.properties.get(name, "0")) for name in ("availableSpace", "quota"))
    return renderer.page(
        "files/files.html",
        identity,
        status=status,
        form=form,
        entries=[_entry(services, child) for child in children[:_PAGE]],
        following=_address("/files", folder) + f"?from={quote(children[_PAGE].name)}"
        if len(children) > _PAGE
        else None,
        trail=[(name, _address("/files", folder[: depth + 2])) for depth, name in enumerate(folder[2:], start=1)],
        address=_address("/files", folder),
        new_folder=_address("/new-folder", folder),
        archive=f"{services.vospace.base_url}/nodes/{http_path(folder)}?view=zip",
        uri=nodes.uris.of(folder),
        limit=min(free, services.settings.max_upload_bytes),
        used=max(0, quota - free),
        quota=quota,
    )


def _entry(services: WebServices, node: Node) -> _Entry:
    return _Entry(
        name=node.name,
        kind=node.kind,
        page=_address("/files", node.path),
        bytes_url=f"{services.vospace.base_url}/files/{http_path(node.path)}",
        delete_url=_address("/delete-file", node.path),
        size=int(node.properties.get("length", "0")),
        modified=node.properties.get("date", ""),
        seen_by=_readers(node),
        target=node.target,
    )


def _readers(node: Node) -> str:
    if node.properties.get("ispublic") == "true":
        return "everybody"
    return "groups" if node.properties.get("groupread") or node.properties.get("groupwrite") else "you"
