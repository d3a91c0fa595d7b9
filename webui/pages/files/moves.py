"""Page that moves and renames a file or a folder of the user in VOSpace."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError, NotFoundError, PhotozError
from products.files.names import checked_file_name
from vospace.home.nodes import own_path
from vospace.models import Listing, NodeKind, Path
from webui.pages.forms import FormState, form_fields, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = ("name", "folder")
#: Most folders that the form proposes.
_MOST_FOLDERS = 300


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the form."""
    authenticate, nodes = services.authenticate, services.vospace.nodes

    def page(identity: Identity, source: Path, form: FormState) -> Response:
        return renderer.form(
            "files/file_move.html",
            identity,
            form,
            node=nodes.node(identity, source, Listing(limit=0)),
            folders=tuple(_folders(services, identity, source)),
            back=_address("/files", source[:-1]),
            action=_address("/move-file", source),
        )

    @router.get("/move-file/{path:path}")
    def move_form(path: str, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        source = own_path(identity, path)
        return page(identity, source, FormState({"name": source[-1], "folder": "/".join(source[2:-1])}))

    @router.post("/move-file/{path:path}")
    def move(
        path: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        identity.require(Scope.WRITE)
        source = own_path(identity, path)
        nodes.node(identity, source, Listing(limit=0))
        try:
            target = _target(identity, fields)
            if target != source:
                _check(services, identity, target)
                services.vospace.moves.run(identity, source, target, keep=False)
        except PhotozError as e:
            return page(identity, source, FormState.refused(fields, e, *_FIELDS))
        return see_other(_address("/files", target[:-1]))


def _target(identity: Identity, fields: Mapping[str, str]) -> Path:
    """Return the path that a form names, or raise InvalidValueError."""
    name = fields.get("name", "").strip()
    if "/" in name:
        message = f"'{name:.200}' is not a name, because it has a slash. Give the folder in its own field."
        raise InvalidValueError(message, field="name")
    return own_path(identity, "/".join((*_folder_of(fields), checked_file_name(name))))


def _folder_of(fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part for part in fields.get("folder", "").strip().split("/") if part)


def _check(services: WebServices, identity: Identity, target: Path) -> None:
    """Raise InvalidValueError when the folder of a target does not exist, or the target does."""
    inside, nodes = "/".join(target[2:-1]), services.vospace.nodes
    try:
        is_folder = nodes.node(identity, target[:-1], Listing(limit=0)).kind is NodeKind.CONTAINER
    except NotFoundError:
        is_folder = False
    if not is_folder:
        message = f"There is no folder '{inside:.200}' among your files. Create it first."
        raise InvalidValueError(message, field="folder")
    try:
        nodes.node(identity, target, Listing(limit=0))
    except NotFoundError:
        return
    message = f"'{'/'.join(target[2:]):.200}' exists already. Choose another name."
    raise InvalidValueError(message, field="name")


def _folders(services: WebServices, identity: Identity, source: Path) -> Iterator[str]:
    """Yield the folders of the caller outside of a node, the upper ones first."""
    waiting, found = [source[:2]], 0
    while waiting and found < _MOST_FOLDERS:
        folder = waiting.pop(0)
        for child in services.vospace.nodes.node(identity, folder, Listing(limit=_MOST_FOLDERS)).children:
            if child.kind is NodeKind.CONTAINER and child.path != source:
                waiting.append(child.path)
                found += 1
                yield "/".join(child.path[2:])


def _address(prefix: str, path: Path) -> str:
    inside = "/".join(quote(name, safe="") for name in path[2:])
    return f"{prefix}/{inside}" if inside else prefix
