"""Pages of the user's files in VOSpace (``/home/{user}``): list, upload, create folders, download, delete."""

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
from webui.pages.forms import FormState, form_fields, see_other
from webui.pages.rendering.templates import PageRenderer, size_text
from webui.services import WebServices

__all__ = ["add_routes"]

_PAGE_SIZE = 500
_MAX_FILES = 50


@dataclass(frozen=True, slots=True)
class _Entry:
    """A node as a row of the list."""

    name: str
    kind: NodeKind
    page: str
    bytes_url: str
    move_url: str
    delete_url: str
    size: int
    modified: str
    visible_to: str
    target: str | None


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of a folder, and its forms."""
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
    def delete_form(path: str, identity: Identity = Depends(authenticate)) -> Response:
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
    """Receive the files of a form, then store them one by one."""
    nodes = services.vospace.nodes
    if not request.headers.get("content-length", "").isdecimal():
        message = "The request has no Content-Length, so the disk space that it needs is unknown."
        raise InvalidValueError(message, field="file")
    free = await run_in_threadpool(nodes.available_bytes, identity, folder)
    if announces_more(request, free):
        message = f"Your files have {size_text(free)} left of their quota; nothing was stored."
        raise TooLargeError(message, field="file")

    def stage(_fields: dict[str, str]) -> Staging:
        return nodes.stage_new(identity, folder)

    form = await receive_form(request, stage, most_files=_MAX_FILES)
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
    """Return the path of a node in the caller's home."""
    identity.require(scope)
    return own_path(identity, path)


def _address(prefix: str, path: Path) -> str:
    inside = "/".join(quote(name, safe="") for name in path[2:])
    return f"{prefix}/{inside}" if inside else prefix


def _refused(
    services: WebServices, renderer: PageRenderer, identity: Identity, folder: Path, error: PhotozError
) -> Response:
    node, form = _node(services, identity, folder), FormState.refused({}, error)
    answer = _page(services, renderer, identity, folder, node, form)
    close_unread(answer, error)
    return answer


def _node(services: WebServices, identity: Identity, path: Path, start: str | None = None) -> Node:
    """Return a node; a folder has the children of one page, and one more when there are more."""
    return services.vospace.nodes.node(identity, path, Listing(limit=_PAGE_SIZE + 1, start=start))


def _page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    folder: Path,
    node: Node,
    form: FormState,
) -> Response:
    nodes, children = services.vospace.nodes, list(node.children)
    home = nodes.node(identity, folder[:2], Listing(limit=0))
    free, quota = (int(home.properties.get(name, "0")) for name in ("availableSpace", "quota"))
    following = children[_PAGE_SIZE].name if len(children) > _PAGE_SIZE else None
    return renderer.form(
        "files/files.html",
        identity,
        form,
        entries=[_entry(services, child) for child in children[:_PAGE_SIZE]],
        following=None if following is None else f"{_address('/files', folder)}?from={quote(following)}",
        trail=[(name, _address("/files", folder[: depth + 2])) for depth, name in enumerate(folder[2:], start=1)],
        address=_address("/files", folder),
        uploads=_address("/file-uploads", folder),
        unfinished=[
            (each, "/".join(each.path[2:]), _address("/discard-upload", each.path))
            for each in services.vospace.uploads.unfinished(identity)
            if each.path[:2] == folder[:2] and (len(folder) == 2 or each.path[:-1] == folder)  # all of them at the top
        ],
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
        move_url=_address("/move-file", node.path),
        delete_url=_address("/delete-file", node.path),
        size=int(node.properties.get("length", "0")),
        modified=node.properties.get("date", ""),
        visible_to=_readers(node),
        target=node.target,
    )


def _readers(node: Node) -> str:
    if node.properties.get("ispublic") == "true":
        return "everybody"
    return "groups" if node.properties.get("groupread") or node.properties.get("groupwrite") else "you"
