"""Uploads of the bytes of nodes: in one request, or in parts, which a client can resume.

An upload in parts is stored as a partial file. Its id is signed for one node and one user, and the next part, a revert
of the last part, an abort and the commit each present it. While bytes arrive, the node is claimed and the claim is
renewed. A note beside the partial file tells which upload it is, so that it can be continued without its id.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from core.auth.models import Identity
from core.auth.signing import LinkSigner
from core.database import utc_now
from core.errors import NotFoundError, PermissionDeniedError
from core.files import FileStore, PartialFile, Staging, StoredBytes
from vospace.faults import InvalidArgumentError, NodeNotFoundError
from vospace.home.writes import HomeWrite
from vospace.models import NodeFile, Path, written
from vospace.service import NodeService, NodeWrite
from vospace.transfers.digests import check_conditions, check_digests, has_bytes

__all__ = ["IncomingBody", "NodeUploads", "StoredUpload", "UnfinishedUpload", "UploadProgress"]

_RENEW_SECONDS = 30.0
#: Bytes after which the quota is checked again, because other uploads to the same home may run.
_UNCHECKED_BYTES = 64 << 20
#: How long an upload in parts is kept after its last part.
_KEPT = timedelta(days=7)

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A node whose bytes were stored, and whether it had none before."""

    file: NodeFile
    created: bool


class UploadProgress:
    """What has arrived of an upload in parts.

    Parameters
    ----------
    file
        The partial file, which need not be open any more.
    """

    def __init__(self, file: PartialFile) -> None:
        self._file = file

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self._file.size

    @property
    def md5(self) -> str:
        """MD5 of the bytes, in hexadecimal; they may have to be read for it."""
        return self._file.md5


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """An upload in parts to a home that is not complete.

    Parameters
    ----------
    id
        Id for its next part, signed anew.
    size
        Number of bytes that its client announced; None when it did not.
    fingerprint
        What its client knows the file by, such as the time of its last change; empty when it said nothing.
    changed
        Time of the last bytes.
    """

    id: str
    path: Path
    size: int | None
    received: int
    fingerprint: str
    changed: datetime

    @property
    def percent(self) -> int | None:
        """The share that has arrived, in percent."""
        return None if not self.size else 100 * self.received // self.size


class IncomingBody(Generic[_Result]):
    """The body of one request while it is received; writing it renews the claim on the node.

    Parameters
    ----------
    write
        The claim on the node.
    file
        Receives the bytes.
    finish
        Called once after the last byte.
    keeps_claim
        Whether the claim is still held after ``finish``.
    """

    def __init__(
        self,
        nodes: NodeService,
        write: NodeWrite,
        file: Staging,
        finish: Callable[[], _Result],
        *,
        keeps_claim: bool = False,
    ) -> None:
        self._nodes = nodes
        self._write = write
        self._file = file
        self._finish = finish
        self._keeps_claim = keeps_claim
        self._claimed = True
        self._renewed = time.monotonic()
        self._unchecked = 0

    def write(self, block: bytes) -> None:
        """Add bytes.

        Raises
        ------
        TooLargeError
            They pass the limit of the node.
        """
        self._file.write(block)
        self._unchecked += len(block)
        if time.monotonic() - self._renewed > _RENEW_SECONDS or self._unchecked > _UNCHECKED_BYTES:
            self._nodes.renew(self._write)
            self._renewed, self._unchecked = time.monotonic(), 0

    def finish(self) -> _Result:
        """End the body after its last byte."""
        result = self._finish()
        self._claimed = self._keeps_claim
        return result

    def close(self) -> None:
        """Close the file, discard it unless it was stored or is kept for the next part, and release the node."""
        try:
            self._file.__exit__(None, None, None)
        finally:
            if self._claimed:
                self._nodes.cancel(self._write)


class NodeUploads:
    """Store the bytes that clients send to nodes.

    Parameters
    ----------
    signer
        Signs the ids of uploads in parts.
    """

    def __init__(self, nodes: NodeService, store: FileStore, signer: LinkSigner) -> None:
        self._nodes = nodes
        self._store = store
        self._signer = signer

    def begin(
        self, identity: Identity, path: Path, length: int | None, headers: Mapping[str, str], media_type: str | None
    ) -> IncomingBody[StoredUpload]:
        """Begin an upload in one request.

        Parameters
        ----------
        length
            Number of bytes that the client announces.
        headers
            Conditions and digests of the request, by names in any case.

        Raises
        ------
        DigestMismatchError
            If-Match or If-None-Match does not hold.
        NodeBusyError
            Another request writes the node.
        """
        write = self._nodes.begin_write(identity, path, length)
        try:
            check_conditions(headers, write.old)
            staging = self._nodes.stage(write)
        except BaseException:
            self._nodes.cancel(write)
            raise
        return IncomingBody(self._nodes, write, staging, lambda: self._store_file(write, staging, headers, media_type))

    def start(self, identity: Identity, path: Path, size: int | None, fingerprint: str = "") -> str:
        """Start an upload in parts, and return its id.

        Parameters
        ----------
        size
            Number of bytes of all parts that the client announces.
        fingerprint
            What the client knows the file by, to find the upload again.
        """
        write = self._nodes.begin_write(identity, path, size)
        self._nodes.cancel(write)
        if not isinstance(write, HomeWrite):
            return self._signed(self._store.begin(), write.path, identity)
        note = {"path": write.path, "user": identity.name or "", "size": size, "fingerprint": fingerprint}
        return self._signed(self._store.begin(write.account, json.dumps(note)), write.path, identity)

    def unfinished(self, identity: Identity) -> Sequence[UnfinishedUpload]:
        """Return the caller's uploads in parts to homes that are not complete, the newest first."""
        found = []
        for part in self._store.noted():
            note = json.loads(part.note)
            if note["user"] == identity.name and part.changed > utc_now() - _KEPT:
                path = tuple(note["path"])
                signed = self._signed(part.file_id, path, identity)
                found.append(UnfinishedUpload(signed, path, note["size"], part.size, note["fingerprint"], part.changed))
        return sorted(found, key=lambda each: each.changed, reverse=True)

    def kept_ids(self) -> frozenset[str]:
        """Return the ids of the partial files that housekeeping keeps."""
        oldest = utc_now() - _KEPT
        return frozenset(part.file_id for part in self._store.noted() if part.changed > oldest)

    def append(self, identity: Identity, path: Path, upload: str) -> IncomingBody[UploadProgress]:
        """Begin the next part of an upload in parts."""
        file_id = self._file_id(upload, identity, path)
        write = self._nodes.begin_write(identity, path, None, upload=file_id)
        try:
            file = self._resumed(file_id, path, write.limit)
        except BaseException:
            self._nodes.cancel(write)
            raise
        body = IncomingBody(self._nodes, write, file, lambda: _stored_part(file), keeps_claim=True)
        try:
            file.lock()
            file.mark()
        except BaseException:
            body.close()
            raise
        return body

    def commit(
        self, identity: Identity, path: Path, upload: str, headers: Mapping[str, str], media_type: str | None
    ) -> StoredUpload:
        """End an upload in parts: the node gets the bytes of all its parts."""
        file_id = self._file_id(upload, identity, path)
        write = self._nodes.begin_write(identity, path, None, upload=file_id)
        try:
            check_conditions(headers, write.old)
            with self._resumed(file_id, path) as part:
                part.lock()
                stored = self._store_file(write, part, headers, media_type, file_id)
        except BaseException:
            self._nodes.cancel(write)
            raise
        self._store.abandon(file_id)
        return stored

    def change(self, identity: Identity, path: Path, upload: str, operation: str) -> UploadProgress | None:
        """Revert the last part of an upload (``revert``), or discard the upload (``abort``; nothing is returned)."""
        file_id = self._file_id(upload, identity, path)
        if operation == "abort":
            self._store.abandon(file_id)
            return None
        if operation != "revert":
            message = f"X-Put-Txn-Op must be 'revert' or 'abort' in a POST, not '{operation[:40]}'."
            raise InvalidArgumentError(message)
        with self._resumed(file_id, path) as file:
            file.revert()
        with self._resumed(file_id, path) as file:
            return UploadProgress(file)

    def progress(self, identity: Identity, path: Path, upload: str) -> UploadProgress:
        """Return how much of an upload in parts has arrived."""
        with self._resumed(self._file_id(upload, identity, path), path) as file:
            return UploadProgress(file)

    def _store_file(
        self, write: NodeWrite, file: Staging, headers: Mapping[str, str], media_type: str | None, file_id: str = ""
    ) -> StoredUpload:
        stored: StoredBytes = file.finish()
        try:
            check_digests(headers, stored)
        except BaseException:
            self._store.delete(stored.id)
            if file_id:
                self._store.abandon(file_id)
            raise
        return StoredUpload(self._nodes.finish(write, stored, media_type), created=not has_bytes(write.old))

    def _resumed(self, file_id: str, path: Path, limit: int | None = None) -> PartialFile:
        try:
            return self._store.resume(file_id, limit=(1 << 62) if limit is None else limit)
        except NotFoundError as e:
            raise NodeNotFoundError(path) from e

    def _signed(self, file_id: str, path: Path, identity: Identity) -> str:
        return self._signer.sign({"file": file_id, "path": written(path), "user": identity.name or ""})

    def _file_id(self, upload: str, identity: Identity, path: Path) -> str:
        content = self._signer.read(upload)
        if content.get("path") != written(path) or content.get("user") != (identity.name or ""):
            message = "This upload belongs to another node or another user."
            raise PermissionDeniedError(message)
        return str(content["file"])


def _stored_part(file: PartialFile) -> UploadProgress:
    file.flush()
    return UploadProgress(file)
