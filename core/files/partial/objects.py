"""Files that arrive in parts at any of several servers, as objects of a store such as S3.

What a request sends is stored in pieces of 8 MiB, each as soon as it has arrived and the last one when the request ends
or breaks off. So a server that is killed loses at most one piece of what it was being sent, and the client goes on at
another server where the pieces end. The complete file is made of the pieces by whichever server takes the last part;
they stay until who asked for the file has registered it.
"""

import hashlib
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import TracebackType
from typing import Self

from core.database import Database, utc_now
from core.errors import ConflictError, NotFoundError, PhotozError, TooLargeError
from core.files.checksums import Checksums
from core.files.notes import NotedPart
from core.files.objects import ObjectPrefix
from core.files.parallel import in_threads
from core.files.partial.storage import PartialRows, Piece, gone
from core.files.staging import StoredBytes

__all__ = ["PartialObject", "PartialObjects"]

_PIECE = 8 << 20
#: Pieces that are fetched at once while a file is put together.
_AT_ONCE = 4
_HELPERS = 8
#: Files whose checksums are kept as far as they were computed.
_KEPT_CHECKSUMS = 200

_log = logging.getLogger(__name__)


class PartialObjects:
    """Files that are written by several requests, each to any server on one database and one object store.

    Parameters
    ----------
    pieces
        Objects of the pieces.
    complete
        Objects of complete files.
    """

    def __init__(self, database: Database, pieces: ObjectPrefix, complete: ObjectPrefix) -> None:
        self.rows = PartialRows(database)
        self.pieces = pieces
        self.complete = complete
        self.checksums = _KnownChecksums()

    def begin(self, file_id: str, account: str, note: str) -> None:
        """Begin a file."""
        self.rows.begin(file_id, account, note)

    def noted(self) -> Iterator[NotedPart]:
        """Yield the files that were begun with a note, and are not complete."""
        return self.rows.noted()

    def resume(self, file_id: str, *, limit: int) -> "PartialObject":
        """Open a file for the next part, or raise NotFoundError."""
        size = self.rows.size(file_id)
        if size is None:
            raise gone()
        return PartialObject(self, file_id, size, limit)

    def size(self, file_id: str) -> int:
        """Return the bytes that have arrived of a file; 0 when there is none."""
        return self.rows.size(file_id) or 0

    def first_bytes(self, file_id: str, count: int) -> bytes | None:
        """Return the first bytes of a file; None when there is none, or its pieces are lost."""
        if self.rows.size(file_id) is None:
            return None
        found = bytearray()
        try:
            for piece in self.rows.pieces(file_id):
                if len(found) >= count:
                    break
                for chunk in self.pieces.read(piece.id, 0, min(piece.size, count - len(found))):
                    found += chunk
        except NotFoundError:
            return None
        return bytes(found)

    def abandon(self, file_id: str) -> None:
        """Remove a file with its pieces."""
        for name in self.rows.remove(file_id):
            self.pieces.delete(name)

    def sweep(self, known: frozenset[str], *, older_than: float) -> int:
        """Remove old files that nobody knows, and pieces of no file; return the number of both."""
        horizon = utc_now() - timedelta(seconds=older_than)
        # Listed before the rows are read: a piece is stored before its row, and each row names an object.
        stored = self.pieces.changes()
        removed = self.rows.remove_old(known, horizon)
        named = self.rows.piece_ids()
        orphans = [name for name, changed in stored.items() if name not in named and changed < horizon]
        for name in orphans:
            self.pieces.delete(name)
        return removed + len(orphans)


class PartialObject:
    """A file that is written by several requests, open for one of them.

    Parameters
    ----------
    size
        Bytes of its pieces.
    limit
        Maximum number of bytes.
    """

    def __init__(self, parts: PartialObjects, file_id: str, size: int, limit: int) -> None:
        self._parts = parts
        self._id = file_id
        self._limit = limit
        self._stored = size
        self._arrived = bytearray()
        self._writer = ""
        self._made = ""

    @property
    def size(self) -> int:
        """Number of bytes written."""
        return self._stored + len(self._arrived)

    @property
    def md5(self) -> str:
        """MD5 of the bytes written, in hexadecimal."""
        self.flush()
        pieces = self._parts.rows.pieces(self._id)
        sums, known = self._parts.checksums.of(pieces)
        for content in self._contents(pieces[known:]):
            sums.update(content)
        self._parts.checksums.keep(pieces, sums)
        return sums.hexdigests()[0]

    def lock(self) -> None:
        """Become the writer; an older request that still sends bytes can add no more of them.

        Raises
        ------
        ConflictError
            Another request has added bytes since the file was opened.
        """
        if not self._writer:
            self._writer = self._parts.rows.claim(self._id, self._stored)

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises
        ------
        TooLargeError
            They pass the limit.
        ConflictError
            Another request has begun to write.
        ServiceBusyError
            The object store does not answer; what it has is kept.
        """
        if self.size + len(chunk) > self._limit:
            message = f"The file is larger than the limit of {self._limit / 1e6:g} MB; nothing was stored."
            raise TooLargeError(message, field="file")
        self._arrived += chunk
        while len(self._arrived) >= _PIECE:
            self.flush()

    def mark(self) -> None:
        """Store the present size, to which `revert` returns."""
        self.lock()
        self._parts.rows.mark(self._id, self._writer, self.size)

    def revert(self) -> None:
        """Cut the file at the marked size; the object cannot be used afterwards."""
        self.lock()
        kept = self._parts.rows.marked(self._id)
        if kept >= self._stored:
            return
        cut = next((p for p in self._parts.rows.pieces(self._id) if p.position < kept < p.position + p.size), None)
        last = None
        if cut is not None:
            content = b"".join(self._parts.pieces.read(cut.id, 0, kept - cut.position))
            last = self._store(content, cut.position)
        for name in self._parts.rows.cut(self._id, self._writer, self._stored, kept, last):
            self._parts.pieces.delete(name)

    def flush(self) -> None:
        """Store what was written, so that the next part can follow it at any server."""
        if not self._arrived:
            return
        self.lock()
        piece = self._store(bytes(self._arrived[:_PIECE]), self._stored)
        try:
            self._parts.rows.add(self._id, self._writer, piece)
        except ConflictError:  # after other errors the row may be there
            self._parts.pieces.delete(piece.id)
            raise
        del self._arrived[: piece.size]
        self._stored += piece.size

    def finish(self) -> StoredBytes:
        """Store the complete file under a new id; `PartialObjects.abandon` then removes its pieces.

        Raises
        ------
        NotFoundError
            A piece is missing or damaged; the file is removed.
        """
        self.flush()
        pieces, made = self._parts.rows.pieces(self._id), secrets.token_hex(16)
        sums = self._parts.checksums.new()

        def contents() -> Iterator[bytes]:
            for content in self._contents(pieces):
                sums.update(content)
                yield content

        try:
            self._parts.complete.store_all(contents(), self._stored, made)
        except NotFoundError:
            self._parts.abandon(self._id)
            raise
        self._made = made
        return StoredBytes(made, self._stored, *sums.hexdigests())

    def undo(self) -> None:
        """Delete the complete file again, because its request was refused."""
        self._parts.complete.delete(self._made)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self.flush()
        except PhotozError as error:  # the client sends these bytes again
            _log.warning("%d bytes of an upload in parts are not kept: %s", len(self._arrived), error)
            self._arrived.clear()

    def _store(self, content: bytes, position: int) -> Piece:
        piece = Piece(secrets.token_hex(16), position, len(content), hashlib.sha256(content).hexdigest())
        self._parts.pieces.store(content, piece.id)
        return piece

    def _contents(self, pieces: Sequence[Piece]) -> Iterator[bytes]:
        """Yield the bytes of pieces, some of which are fetched ahead; NotFoundError when one is missing or damaged."""

        def fetch(piece: Piece) -> bytes:
            content = b"".join(self._parts.pieces.read(piece.id, 0, piece.size))
            if hashlib.sha256(content).hexdigest() != piece.sha256:
                raise gone()
            return content

        return in_threads(fetch, pieces, _AT_ONCE, "pieces")


class _KnownChecksums:
    """Checksums of files as far as they were computed in this process, by their last piece that is in them.

    What precedes a piece never changes while the piece is there, so that what follows it is all that is to be read.
    """

    def __init__(self) -> None:
        self._helpers = ThreadPoolExecutor(_HELPERS, thread_name_prefix="partial")  # threads start when they are used
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Checksums] = OrderedDict()

    def new(self) -> Checksums:
        """Return the checksums of no bytes."""
        return Checksums(self._helpers)

    def of(self, pieces: Sequence[Piece]) -> tuple[Checksums, int]:
        """Return the checksums of the first pieces, and how many of the pieces are in them."""
        with self._lock:
            for count in range(len(pieces), 0, -1):
                if (found := self._known.get(pieces[count - 1].id)) is not None:
                    return found.copy(), count
        return self.new(), 0

    def keep(self, pieces: Sequence[Piece], sums: Checksums) -> None:
        """Keep the checksums of all pieces."""
        if not pieces:
            return
        with self._lock:
            self._known[pieces[-1].id] = sums.copy()
            while len(self._known) > _KEPT_CHECKSUMS:
                self._known.popitem(last=False)
