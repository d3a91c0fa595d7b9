"""Service of uploads of files in parts, which a client can pause, resume after a broken connection, or cancel.

The bytes that have arrived are a staged file, and a row of the database says what is to become of it. A part begins at
the number of bytes that have arrived. What a broken request has sent is kept; a client asks how much it was.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError, PhotozError, TooLargeError
from core.files import FileStore, PartialFile
from products.access import require_change
from products.files.content_checks import HEAD_BYTES, check_content
from products.files.names import checked_file_name
from products.lifecycle.uploads import UploadService
from products.models import FileRole, ProductFile
from products.product_types import product_type
from products.quotas import QuotaRule
from products.schema import ProductFileRow, ProductRow, ProductUploadRow
from products.storage import find_product

__all__ = ["IncomingPart", "NewUpload", "PartialUpload", "PartialUploads"]

_LONGEST_FINGERPRINT = 100
#: Size of the parts after the first one, which is short so that a wrong file is told early.
_LEAST_PART = 32 << 20
_MOST_PARTS = 4
_FIRST_PART = 1 << 20


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that a client is about to send.

    Parameters
    ----------
    size
        Its bytes.
    fingerprint
        Text by which the client recognises the same file again, such as the time of its last change.
    first, last
        Its first and last bytes, which are checked at once; empty when the client does not send them.
    """

    role: FileRole
    name: str
    size: int
    fingerprint: str = ""
    first: bytes = b""
    last: bytes = b""


@dataclass(frozen=True, slots=True)
class PartialUpload:
    """An upload that is not complete.

    Parameters
    ----------
    received
        Bytes that have arrived.
    """

    id: str
    product_id: int
    role: FileRole
    name: str
    size: int
    fingerprint: str
    received: int
    updated_at: datetime

    @property
    def percent(self) -> int:
        """The part that has arrived, in percent."""
        return 100 * self.received // self.size

    @property
    def next_part(self) -> int:
        """Size of the part that a client should send next: few, because each is read again with what precedes it."""
        wanted = _FIRST_PART if not self.received else max(_LEAST_PART, -(-self.size // _MOST_PARTS))
        return min(wanted, self.size - self.received)


class IncomingPart:
    """The body of one request while it is received."""

    def __init__(self, service: "PartialUploads", identity: Identity, row: ProductUploadRow, file: PartialFile) -> None:
        self._service = service
        self._identity = identity
        self._row = row
        self._file = file
        self._head: bytearray | None = None if file.size else bytearray()

    def write(self, block: bytes) -> None:
        """Add bytes; the first ones are checked when enough of them have arrived.

        Raises
        ------
        TooLargeError
            They are more than the upload was to have.
        UnreadableFileError
            The first bytes are not those of such a file; the upload is discarded.
        """
        self._file.write(block)
        if self._head is not None:
            self._head += block[:HEAD_BYTES]
            if len(self._head) >= HEAD_BYTES:
                self._check_head()

    def finish(self) -> PartialUpload | ProductFile:
        """End the part: return the file of the product if it was the last one, else how much has arrived."""
        if self._head is not None and self._file.size == self._row.size:
            self._check_head()
        return self._service.finish_part(self._identity, self._row, self._file)

    def close(self) -> None:
        """Close the file; what has arrived is kept for the next part, unless it was stored or discarded."""
        self._file.__exit__(None, None, None)

    def _check_head(self) -> None:
        head, self._head = bytes(self._head or b""), None
        try:
            self._service.check_first(self._row, head)
        except PhotozError:
            self._service.forget(self._row)
            raise


class PartialUploads:
    """Receive files of products in parts.

    Parameters
    ----------
    uploads
        Takes the complete files.
    quota
        Storage quota, in which the whole size of an upload counts from its start.
    """

    def __init__(self, database: Database, store: FileStore, uploads: UploadService, quota: QuotaRule) -> None:
        self._database = database
        self._store = store
        self._uploads = uploads
        self._quota = quota

    def start(self, identity: Identity, product_id: int, new: NewUpload) -> PartialUpload:
        """Start an upload, or return the one of the same file that this user has begun.

        Raises
        ------
        UnreadableFileError
            The file is not what its name says, or truncated, as its first and last bytes tell.
        ConflictError
            The product takes no such file in its state, or has one of this name.
        TooLargeError
            It is larger than the limit, or does not fit into the quota.
        """
        self._uploads.check_open(identity, product_id, new.role)
        name = checked_file_name(new.name)
        self._check_size(new.size)
        begun, others = self._begun(identity, product_id, new, name)
        if begun is not None:
            return begun
        staged_id = self._store.begin()
        try:
            upload = self._add(identity, product_id, new, name, staged_id, others)
        except BaseException:
            self._store.abandon(staged_id)
            raise
        if upload is None:
            self._store.abandon(staged_id)
            return self.start(identity, product_id, new)
        for row in others:
            self._store.abandon(row.staged_id)
        return upload

    def _add(
        self,
        identity: Identity,
        product_id: int,
        new: NewUpload,
        name: str,
        staged_id: str,
        replaced: Sequence[ProductUploadRow],
    ) -> PartialUpload | None:
        """Add the row of an upload in the place of those of other files of this name; None when these have changed."""
        with self._database.write() as session:
            product = find_product(session, identity, product_id, lock=True)
            self._check_new(session, identity, product, new, name)
            ids = {row.id for row in replaced}
            if {row.id for row in session.scalars(_of_name(identity, product_id, new, name))} != ids:
                return None  # another request was faster
            session.execute(delete(ProductUploadRow).where(ProductUploadRow.id.in_(ids)))
            self._quota.check(session, product.owner_id, new.size)
            now = utc_now()
            row = ProductUploadRow(
                id=secrets.token_hex(16),
                product_id=product.id,
                user_id=identity.user_id,
                role=new.role,
                name=name,
                size=new.size,
                fingerprint=new.fingerprint[:_LONGEST_FINGERPRINT],
                staged_id=staged_id,
                created_at=now,
                updated_at=now,
            )
            session.add(row)
            product.updated_at = now
            return _upload_of(row, 0)

    def unfinished(self, identity: Identity, product_id: int) -> tuple[PartialUpload, ...]:
        """Return the uploads to a product that are not complete, the oldest first."""
        with self._database.read() as session:
            require_change(identity, find_product(session, identity, product_id))
            rows = session.scalars(
                select(ProductUploadRow)
                .where(ProductUploadRow.product_id == product_id)
                .order_by(ProductUploadRow.created_at)
            ).all()
        return tuple(_upload_of(row, self._store.partial_size(row.staged_id)) for row in rows)

    def upload(self, identity: Identity, product_id: int, upload_id: str) -> PartialUpload:
        """Return one upload, or raise NotFoundError."""
        with self._database.read() as session:
            row = _find(session, identity, product_id, upload_id)
        return _upload_of(row, self._store.partial_size(row.staged_id))

    def append(self, identity: Identity, product_id: int, upload_id: str, offset: int) -> IncomingPart:
        """Begin the next part of an upload.

        Parameters
        ----------
        offset
            Number of bytes that precede it.

        Raises
        ------
        ConflictError
            Another number of bytes has arrived, or another request sends bytes at the moment.
        """
        with self._database.write() as session:
            row = _find(session, identity, product_id, upload_id)
            row.updated_at = utc_now()
            session.flush()
            session.expunge(row)
        self._uploads.check_open(identity, product_id, FileRole(row.role))
        try:
            file = self._store.resume(row.staged_id, limit=row.size)
        except NotFoundError:
            self.forget(row)
            raise
        part = IncomingPart(self, identity, row, file)
        try:
            _check_offset(file, offset)
            file.lock()
        except BaseException:
            part.close()
            raise
        return part

    def discard(self, identity: Identity, product_id: int, upload_id: str) -> None:
        """Discard an upload with the bytes that have arrived."""
        with self._database.read() as session:
            row = _find(session, identity, product_id, upload_id)
            session.expunge(row)
        self.forget(row)

    def finish_part(self, identity: Identity, row: ProductUploadRow, file: PartialFile) -> PartialUpload | ProductFile:
        """Store the file if all of it has arrived, and start the inspection of a main file."""
        file.flush()
        if file.size < row.size:
            return _upload_of(row, file.size)
        stored, role = file.finish(), FileRole(row.role)
        try:
            added = self._uploads.add_file(identity, row.product_id, role, row.name, stored, upload=row.id)
        except PhotozError as e:
            if e.status < HTTPStatus.INTERNAL_SERVER_ERROR:  # it is refused for good
                self.forget(row)
            raise
        self._store.abandon(row.staged_id)
        if role is FileRole.MAIN:
            self._uploads.inspect(identity, row.product_id)
        return added

    def check_first(self, row: ProductUploadRow, head: bytes) -> None:
        """Raise UnreadableFileError when the first bytes are not those of such a file."""
        with self._database.read() as session:
            type_id = session.get_one(ProductRow, row.product_id).product_type_id
        _check_content(type_id, FileRole(row.role), row.name, row.size, head, b"")

    def forget(self, row: ProductUploadRow) -> None:
        """Remove an upload and its staged bytes."""
        with self._database.write() as session:
            stored = session.get(ProductUploadRow, row.id)
            if stored is not None:
                session.delete(stored)
        self._store.abandon(row.staged_id)

    def _check_size(self, size: int) -> None:
        if size <= 0:
            raise InvalidValueError("The submitted file is empty.", field="file")
        if size > self._uploads.max_bytes:
            message = f"The file is larger than the limit of {self._uploads.max_bytes / 1e6:g} MB; nothing was stored."
            raise TooLargeError(message, field="file")

    def _begun(
        self, identity: Identity, product_id: int, new: NewUpload, name: str
    ) -> tuple[PartialUpload | None, Sequence[ProductUploadRow]]:
        """Return the upload of the same file that was begun, or those of other files of this name."""
        with self._database.read() as session:
            product = find_product(session, identity, product_id)
            self._check_new(session, identity, product, new, name)
            rows = session.scalars(_of_name(identity, product_id, new, name)).all()
        for row in rows:
            if row.size == new.size and row.fingerprint == new.fingerprint[:_LONGEST_FINGERPRINT]:
                arrived = self._store.partial_bytes(row.staged_id, HEAD_BYTES)
                if arrived is not None and (not new.first or new.first.startswith(arrived[: len(new.first)])):
                    return _upload_of(row, self._store.partial_size(row.staged_id)), ()
        return None, rows

    @staticmethod
    def _check_new(session: Session, identity: Identity, product: ProductRow, new: NewUpload, name: str) -> None:
        """Raise when a product cannot have this file."""
        require_change(identity, product)
        if new.first:
            _check_content(product.product_type_id, new.role, name, new.size, new.first, new.last)
        _check_free_name(session, product.id, name)


def _of_name(identity: Identity, product_id: int, new: NewUpload, name: str) -> Select[ProductUploadRow]:
    """Select the uploads of files of this name that a user has begun."""
    return select(ProductUploadRow).where(
        ProductUploadRow.product_id == product_id,
        ProductUploadRow.user_id == identity.user_id,
        ProductUploadRow.role == new.role,
        ProductUploadRow.name == name,
    )


def _find(session: Session, identity: Identity, product_id: int, upload_id: str) -> ProductUploadRow:
    require_change(identity, find_product(session, identity, product_id))
    row = session.get(ProductUploadRow, upload_id)
    if row is None or row.product_id != product_id:
        message = "This upload does not exist any more; start it again."
        raise NotFoundError(message)
    return row


def _check_offset(file: PartialFile, offset: int) -> None:
    if file.size != offset:
        message = f"The part begins at byte {offset}, but {file.size} bytes have arrived. Continue there."
        raise ConflictError(message, field="offset")


def _check_free_name(session: Session, product_id: int, name: str) -> None:
    same = select(ProductFileRow.id).where(ProductFileRow.product_id == product_id, ProductFileRow.name == name)
    if session.scalar(same) is not None:
        message = f"This product already has a file named '{name}'; remove it first, or rename the new one."
        raise ConflictError(message, field="file")


def _check_content(type_id: int, role: FileRole, name: str, size: int, first: bytes, last: bytes) -> None:
    """Check the main file of a product that must be a table; other files may be anything."""
    if role is FileRole.MAIN and product_type(type_id).tabular:
        check_content(name, size, first, last)


def _upload_of(row: ProductUploadRow, received: int) -> PartialUpload:
    return PartialUpload(
        row.id, row.product_id, FileRole(row.role), row.name, row.size, row.fingerprint, received, row.updated_at
    )
