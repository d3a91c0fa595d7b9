"""Service that adds files to products and removes them."""

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from core.files import FileStore, Staging, StoredBytes
from products.access import require_change
from products.files.names import checked_file_name, extension_of, media_type_of
from products.models import FileRole, InspectionState, ProductFile, ProductStatus
from products.quotas import QuotaRule, account_of
from products.schema import ProductColumnRow, ProductFileRow, ProductRow, ProductTableRow, ProductUploadRow
from products.storage import file_of_row, find_product, main_file_row, record_product

__all__ = ["ProductFiles"]


class ProductFiles:
    """Add files to products and remove them.

    Parameters
    ----------
    max_bytes
        Maximum size of a file.
    quota
        Storage quota; unlimited by default.
    """

    def __init__(self, database: Database, store: FileStore, *, max_bytes: int, quota: QuotaRule | None = None) -> None:
        self._database = database
        self._store = store
        self._quota = quota or QuotaRule()
        self.max_bytes = max_bytes

    def stage(self, identity: Identity, product_id: int, role: FileRole, *, announced: int = 0) -> Staging:
        """Check that a file may be added, and create a staged file for its bytes, which count in the owner's quota.

        Parameters
        ----------
        announced
            Size that the client declared.

        Raises
        ------
        QuotaExceededError
            They do not fit into the owner's quota.
        """
        with self._database.read() as session:
            product = self._open_for_files(session, identity, product_id, role)
            owner_id = product.owner_id
            self._quota.check(session, owner_id, announced)

        def check() -> None:
            with self._database.read() as session:
                self._quota.check(session, owner_id, 0)

        return self._store.stage(limit=self.max_bytes, account=account_of(owner_id), check=check)

    def check_open(self, identity: Identity, product_id: int, role: FileRole) -> None:
        """Raise unless a file may be added in the present state of the product."""
        with self._database.read() as session:
            self._open_for_files(session, identity, product_id, role)

    def add_file(
        self,
        identity: Identity,
        product_id: int,
        role: FileRole,
        name: str,
        stored: StoredBytes,
        *,
        is_renamed: bool = False,
        upload: str | None = None,
    ) -> ProductFile:
        """Add a stored file to a product; when that fails, its bytes are removed.

        Parameters
        ----------
        upload
            Id of the upload in parts by which it arrived, which ends in the same transaction.
        is_renamed
            Whether a file that is not the main one gets a number in its name when the product has a file of this name.

        Raises
        ------
        ConflictError
            The product has a main file already, or a file of this name.
        InvalidValueError
            The file is empty, or its name cannot be used.
        """
        try:
            is_renamed = is_renamed and role is not FileRole.MAIN
            return self._register(identity, product_id, role, name, stored, is_renamed=is_renamed, upload=upload)
        except BaseException:
            self._store.delete(stored.id)
            raise

    def _register(
        self,
        identity: Identity,
        product_id: int,
        role: FileRole,
        name: str,
        stored: StoredBytes,
        *,
        is_renamed: bool,
        upload: str | None,
    ) -> ProductFile:
        if stored.size == 0:
            message = "The submitted file is empty."
            raise InvalidValueError(message, field="file")
        name, now = checked_file_name(name), utc_now()
        row = ProductFileRow(
            product_id=product_id,
            role=role,
            name=name,
            media_type=media_type_of(name),
            size=stored.size,
            extension=extension_of(name),
            details={},
            md5=stored.md5,
            sha256=stored.sha256,
            stored_id=stored.id,
            created_at=now,
            updated_at=now,
        )
        try:
            with self._database.write() as session:
                product = self._open_for_files(session, identity, product_id, role, lock=True)
                if upload is not None:
                    session.execute(delete(ProductUploadRow).where(ProductUploadRow.id == upload))
                self._quota.check(session, product.owner_id, stored.size, lock=True)
                self._quota.check_files(session, product.id)
                if is_renamed:
                    row.name = _free_name(session, product.id, name)
                session.add(row)
                product.updated_at = now
                record_product(session, identity, "add file", product, file=row.name, role=role.label, size=stored.size)
                if role is FileRole.MAIN:
                    _forget_inspection(session, product)
                session.flush()
                return file_of_row(row)
        except IntegrityError as e:
            message = f"This product already has a file named '{name}'; remove it first, or rename the new one."
            raise ConflictError(message, field="file") from e

    def put_auxiliary(self, identity: Identity, product_id: int, name: str, stored: StoredBytes) -> ProductFile:
        """Add a stored file as an auxiliary file, replacing one of the same name.

        Raises
        ------
        ConflictError
            The main file has this name.
        """
        try:
            with self._database.write() as session:
                product = self._open_for_files(session, identity, product_id, FileRole.AUXILIARY, lock=True)
                same_name = (ProductFileRow.product_id == product.id, ProductFileRow.name == checked_file_name(name))
                row = session.scalar(select(ProductFileRow).where(*same_name))
                _check_auxiliary(row)
                if row is not None:
                    self._quota.check(session, product.owner_id, stored.size - row.size, lock=True)
                    record_product(session, identity, "replace file", product, file=row.name, sha256=row.sha256)
                    replaced, row.stored_id, row.size = row.stored_id, stored.id, stored.size
                    row.md5, row.sha256, row.updated_at = stored.md5, stored.sha256, utc_now()
                    product.updated_at = row.updated_at
                    session.flush()
                    file = file_of_row(row)
        except BaseException:
            self._store.delete(stored.id)
            raise
        if row is None:
            return self.add_file(identity, product_id, FileRole.AUXILIARY, name, stored)
        self._store.delete(replaced)
        return file

    def remove_file(self, identity: Identity, file_id: int) -> None:
        """Remove a file; the main file can be removed only before publication."""
        with self._database.write() as session:
            row, product = _find_file(session, identity, file_id)
            require_change(identity, product)
            if row.role == FileRole.MAIN:
                if product.status != ProductStatus.REGISTERING:
                    message = (
                        "The main file of a published product cannot be changed; create a new product for a new file."
                    )
                    raise ConflictError(message)
                _forget_inspection(session, product)
            session.delete(row)
            record_product(session, identity, "remove file", product, file=row.name, sha256=row.sha256)
            product.updated_at = utc_now()
            stored_id = row.stored_id
        self._store.delete(stored_id)

    def _open_for_files(
        self, session: Session, identity: Identity, product_id: int, role: FileRole, *, lock: bool = False
    ) -> ProductRow:
        product = find_product(session, identity, product_id, lock=lock)
        require_change(identity, product)
        if role is FileRole.MAIN:
            if product.status != ProductStatus.REGISTERING:
                message = "The main file of a published product cannot be changed; create a new product for a new file."
                raise ConflictError(message, field="file")
            if main_file_row(session, product_id) is not None:
                message = "This product already has a main file; remove it first."
                raise ConflictError(message, field="file")
        return product


def _find_file(session: Session, identity: Identity, file_id: int) -> tuple[ProductFileRow, ProductRow]:
    """Find a file and its product; the error is the same when there is none and when it may not be read."""
    row = session.get(ProductFileRow, file_id)
    try:
        product = None if row is None else find_product(session, identity, row.product_id, lock=True)
    except NotFoundError:
        product = None
    if row is None or product is None:
        message = f"There is no file number {file_id}."
        raise NotFoundError(message)
    return row, product


def _check_auxiliary(row: ProductFileRow | None) -> None:
    if row is not None and row.role == FileRole.MAIN:
        message = "The main file of a published product cannot be changed; create a new product for a new file."
        raise ConflictError(message, field="file")


def _free_name(session: Session, product_id: int, name: str) -> str:
    """Return a name that no file of a product has: ``notes.txt`` becomes ``notes_2.txt``."""
    taken = set(session.scalars(select(ProductFileRow.name).where(ProductFileRow.product_id == product_id)))
    extension = extension_of(name)
    stem, number, free = name[: len(name) - len(extension)], 1, name
    while free in taken:
        number += 1
        free = checked_file_name(f"{stem}_{number}{extension}")
    return free


def _forget_inspection(session: Session, product: ProductRow) -> None:
    product.inspection_state = InspectionState.NONE
    product.inspection_job = product.inspection_error = product.inspection = None
    product.column_names = ""
    for table in (ProductColumnRow, ProductTableRow):
        session.execute(delete(table).where(table.product_id == product.id))
