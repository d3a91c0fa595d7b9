"""Bytes of nodes as they come in over HTTP: in one request, or in parts that can be taken up again.

An upload in parts follows the headers that CADC's clients send: ``X-Put-Txn-Op: start`` with an empty body begins it
and gives ``X-Put-Txn-Id``; each PUT with that id adds its body; HEAD tells how much has come, also of a part that broke
off; POST with ``revert`` takes the last part back, with ``abort`` all; PUT with ``commit`` makes the node.
"""

import time
from collections.abc import Callable

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.auth.signing import LinkSigner
from core.errors import NotFoundError, PermissionDeniedError
from core.files import FileStore, PartialFile, StoredBytes
from core.web.multipart import take_body
from vospace.faults import InvalidArgumentError, NodeNotFoundError
from vospace.models import NodeFile, Path, written
from vospace.service import NodeService, NodeWrite
from vospace.transfers.digests import check_conditions, check_digests, digest_header, has_bytes

__all__ = ["NodeUploads"]

_RENEW_SECONDS = 30.0
_LONGEST_LENGTH = 18
_OPERATION, _ID, _TOTAL = "x-put-txn-op", "x-put-txn-id", "x-total-length"


class NodeUploads:
    """Take in the bytes of nodes.

    Parameters
    ----------
    signer
        Signs the ids of uploads in parts: each holds for one node and one user.
    """

    def __init__(self, nodes: NodeService, store: FileStore, signer: LinkSigner) -> None:
        self._nodes = nodes
        self._store = store
        self._signer = signer

    async def put(self, request: Request, identity: Identity, path: Path) -> Response:
        """Answer a PUT: a whole file, or what it says of an upload in parts."""
        operation, upload = request.headers.get(_OPERATION, "").lower(), request.headers.get(_ID)
        length = _content_length(request)
        if upload is not None and operation == "commit":
            return await run_in_threadpool(self._commit, request, identity, path, upload)
        if upload is not None:
            return await self._add(request, identity, path, upload)
        if operation == "start" and length == 0:
            return await run_in_threadpool(self._start, request, identity, path)
        return await self._whole(request, identity, path, length)

    def post(self, request: Request, identity: Identity, path: Path) -> Response:
        """Answer a POST about an upload in parts: take back its last part, or all of it."""
        operation = request.headers.get(_OPERATION, "").lower()
        file_id = self._file_id(request.headers.get(_ID, ""), identity, path)
        if operation == "abort":
            self._store.abandon(file_id)
            return Response(status_code=204)
        if operation != "revert":
            message = f"X-Put-Txn-Op is 'revert' or 'abort' here, not '{operation[:40]}'."
            raise InvalidArgumentError(message)
        with self._resumed(file_id, path) as file:
            file.revert()
        with self._resumed(file_id, path) as file:
            return _progress(file, 200)

    def head(self, request: Request, identity: Identity, path: Path) -> Response:
        """Return how much of an upload in parts has come."""
        with self._resumed(self._file_id(request.headers[_ID], identity, path), path) as file:
            answer = _progress(file, 200)
            answer.headers["Content-Length"] = str(file.size)
            return answer

    async def _whole(self, request: Request, identity: Identity, path: Path, length: int | None) -> Response:
        write = await run_in_threadpool(self._nodes.begin_write, identity, path, length)
        try:
            check_conditions(request.headers, write.old)
            with await run_in_threadpool(self._nodes.stage, write) as staging:
                await self._receive(request, write, staging.write)
                file = await run_in_threadpool(self._finish, request, write, staging.finish)
        except BaseException:
            await run_in_threadpool(self._nodes.cancel, write)
            raise
        return _stored(file, write)

    async def _receive(self, request: Request, write: NodeWrite, add: Callable[[bytes], None]) -> None:
        renewed = time.monotonic()

        def take(block: bytes) -> None:
            nonlocal renewed
            add(block)
            if time.monotonic() - renewed > _RENEW_SECONDS:
                self._nodes.renew(write)
                renewed = time.monotonic()

        await take_body(request, take)

    def _finish(self, request: Request, write: NodeWrite, finish: Callable[[], StoredBytes]) -> NodeFile:
        stored = finish()
        try:
            check_digests(request.headers, stored)
        except BaseException:
            self._store.delete(stored.id)
            raise
        return self._nodes.finish(write, stored, _media_type(request))

    # --- in parts

    def _start(self, request: Request, identity: Identity, path: Path) -> Response:
        total = request.headers.get(_TOTAL, "")
        size = int(total) if total.isascii() and total.isdecimal() and len(total) <= _LONGEST_LENGTH else None
        write = self._nodes.begin_write(identity, path, size)
        self._nodes.cancel(write)
        file_id = self._store.begin()
        token = self._signer.sign({"file": file_id, "path": written(write.path), "user": identity.name or ""})
        return Response(status_code=202, headers={"X-Put-Txn-Id": token, "Content-Length": "0"})

    async def _add(self, request: Request, identity: Identity, path: Path, upload: str) -> Response:
        file_id = self._file_id(upload, identity, path)
        write = await run_in_threadpool(self._nodes.begin_write, identity, path, None)
        try:
            file = await run_in_threadpool(self._resumed, file_id, path, _limit(write))
            with file:
                await run_in_threadpool(file.mark)
                await self._receive(request, write, file.write)
                return _progress(file, 202)
        finally:
            await run_in_threadpool(self._nodes.cancel, write)

    def _commit(self, request: Request, identity: Identity, path: Path, upload: str) -> Response:
        file_id = self._file_id(upload, identity, path)
        write = self._nodes.begin_write(identity, path, None)
        try:
            check_conditions(request.headers, write.old)
            with self._resumed(file_id, path) as part:
                file = self._finish(request, write, part.finish)
        except BaseException:
            self._nodes.cancel(write)
            raise
        return _stored(file, write)

    def _resumed(self, file_id: str, path: Path, limit: int | None = None) -> PartialFile:
        try:
            return self._store.resume(file_id, limit=(1 << 62) if limit is None else limit)
        except NotFoundError as e:
            raise NodeNotFoundError(path) from e

    def _file_id(self, upload: str, identity: Identity, path: Path) -> str:
        said = self._signer.read(upload)
        if said.get("path") != written(path) or said.get("user") != (identity.name or ""):
            message = "This upload is that of another node."
            raise PermissionDeniedError(message)
        return str(said["file"])


def _limit(write: NodeWrite) -> int | None:
    limit = getattr(write, "limit", None)
    return limit if isinstance(limit, int) else None


def _stored(file: NodeFile, write: NodeWrite) -> Response:
    headers = {"Digest": digest_header(file.md5), "ETag": f'"{file.sha256}"', "Content-Length": "0"}
    return Response(status_code=200 if has_bytes(write.old) else 201, headers=headers)


def _progress(file: PartialFile, status: int) -> Response:
    headers = {"Digest": digest_header(file.md5), "X-Put-Txn-Length": str(file.size)}
    return Response(status_code=status, headers=headers)


def _content_length(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() and len(length) <= _LONGEST_LENGTH else None


def _media_type(request: Request) -> str | None:
    """Return the media type that a client says; what clients say of everything tells nothing."""
    value = request.headers.get("content-type", "").strip()
    tells_nothing = value.startswith(("application/octet-stream", "application/x-www-form-urlencoded", "text/xml"))
    return value[:255] if value and not tells_nothing and value.isprintable() and "/" in value else None
