"""REST resources of prepared downloads, as clients of today's Photo-z Server use them: prepare, status, signed URL.

Nothing is prepared: zips are built while they are sent, so the status is always ``ready``. The URL is valid for 15
minutes, for one user and one version of the files, and the access rule is checked again when it is used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity, Scope
from core.auth.signing import LinkSigner, secret_key
from core.database import utc_now
from core.errors import ConflictError, PermissionDeniedError
from products.files.downloads import DownloadService
from products.files.handlers import download_answer, zip_answer
from webui.api.errors import api_router
from webui.api.representations.products import Json, iso
from webui.services import WebServices

__all__ = ["routes"]

_LINK_SECONDS = 900


class _Scope(StrEnum):
    """What is downloaded; the value is part of the addresses."""

    ZIP = "download"
    MAIN_FILE = "download/main-file"


@dataclass(frozen=True, slots=True)
class _Archive:
    """A download: its representation for clients, and its response."""

    filename: str
    size: int
    checksum: Callable[[], str | None]
    signature: str
    updated_at: datetime
    answer: Callable[[Request], Response]


def routes(services: WebServices) -> APIRouter:
    """Return the routes of prepared downloads, and those of older clients."""
    router = api_router("downloads")
    signer = LinkSigner(secret_key(services.settings), "download", seconds=_LINK_SECONDS)
    for scope in _Scope:
        _add_prepared(router, services, signer, scope)
    _add_older(router, services)
    return router


def _add_prepared(router: APIRouter, services: WebServices, signer: LinkSigner, scope: _Scope) -> None:
    authenticate, downloads = services.authenticate, services.products.downloads
    what = "a zip of the product" if scope is _Scope.ZIP else "the main file"

    def describe(product_id: int, identity: Identity) -> Json:
        user = identity.require(Scope.READ)
        found = _find(downloads, identity, product_id, scope)
        token = signer.sign({"product": product_id, "scope": scope, "user": user, "signature": found.signature})
        url = f"{services.settings.public_url}/api/products/{product_id}/{scope}/file/?token={token}"
        return _archive_json(product_id, found, url)

    @router.post(
        f"/products/{{product_id}}/{scope}/prepare", summary=f"Prepare {what}; it is ready at once", deprecated=True
    )
    def prepare(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        return describe(product_id, identity)

    @router.get(f"/products/{{product_id}}/{scope}/status", summary=f"Status of {what}: always ready", deprecated=True)
    def status(product_id: int, identity: Identity = Depends(authenticate)) -> Json:
        return describe(product_id, identity)

    @router.get(f"/products/{{product_id}}/{scope}/file", summary=f"Download {what} by its signed URL", deprecated=True)
    @router.head(f"/products/{{product_id}}/{scope}/file", include_in_schema=False)
    def fetch(
        product_id: int, request: Request, token: str = "", identity: Identity = Depends(authenticate)
    ) -> Response:
        user = identity.require(Scope.READ)
        claims = signer.read(token)
        if (claims.get("product"), claims.get("scope"), claims.get("user")) != (product_id, scope, user):
            message = "Invalid download token."
            raise PermissionDeniedError(message, field="token")
        found = _find(downloads, identity, product_id, scope)
        if "range" in request.headers and claims.get("signature") != found.signature:
            message = "The product was changed since this download began; request a new download."
            raise ConflictError(message)
        return found.answer(request)


def _add_older(router: APIRouter, services: WebServices) -> None:
    """Add the addresses of clients up to 0.3.1, which download without a signed URL."""
    authenticate, downloads = services.authenticate, services.products.downloads

    def fetch(product_id: int, request: Request, identity: Identity, scope: _Scope) -> Response:
        identity.require(Scope.READ)
        answer = _find(downloads, identity, product_id, scope).answer(request)
        # These clients take everything after "filename=" as the name.
        answer.headers["Content-Disposition"] = answer.headers["Content-Disposition"].partition("; filename*=")[0]
        answer.headers["Deprecation"] = "true"
        answer.headers["Link"] = f'</api/products/{product_id}/{scope}/prepare/>; rel="successor-version"'
        return answer

    @router.get("/products/{product_id}/download", summary="The zip, for older clients", deprecated=True)
    @router.head("/products/{product_id}/download", include_in_schema=False)
    def as_zip(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return fetch(product_id, request, identity, _Scope.ZIP)

    @router.get(
        "/products/{product_id}/download_main_file", summary="The main file, for older clients", deprecated=True
    )
    @router.head("/products/{product_id}/download_main_file", include_in_schema=False)
    def main_file(product_id: int, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return fetch(product_id, request, identity, _Scope.MAIN_FILE)


def _find(downloads: DownloadService, identity: Identity, product_id: int, scope: _Scope) -> _Archive:
    if scope is _Scope.MAIN_FILE:
        main = downloads.main_file(identity, product_id)
        file = main.file
        return _Archive(
            file.name,
            file.size,
            lambda: file.sha256,
            file.sha256,
            file.updated_at,
            lambda request: download_answer(request, main),
        )
    # As in today's Photo-z Server: files at the root of the zip, and a name that depends on its content.
    archive = downloads.zip(identity, product_id, in_folder=False)
    name = f"{archive.product.internal_name}_{archive.signature[:32]}.zip"
    return _Archive(
        name,
        archive.size,
        lambda: downloads.checksum(archive),
        archive.signature,
        archive.product.updated_at,
        lambda request: zip_answer(request, archive, name=name),
    )


def _archive_json(product_id: int, archive: _Archive, url: str) -> Json:
    return {
        "id": product_id,
        "task_id": None,
        "status": "ready",
        "filename": archive.filename,
        "size": archive.size,
        "checksum": archive.checksum(),
        "source_signature": archive.signature,
        "created_at": iso(archive.updated_at),
        "updated_at": iso(archive.updated_at),
        "download_url": url,
        "expired_time": iso(utc_now() + timedelta(seconds=_LINK_SECONDS)),
    }
