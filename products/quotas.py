"""Storage quotas: bytes per user, and files per product.

Bytes are counted over all products of a user, deleted ones that can still be restored included, over the rows of the
user's own tables, over files that other packages store (submissions to challenges), and over uploads that have begun:
those in parts by their whole size, others by what has arrived.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.auth.schema import UserRow
from core.errors import TooLargeError
from core.files.partial.storage import arriving_bytes
from products.schema import ProductFileRow, ProductRow, ProductUploadRow, UserTablePartRow, UserTableRow

__all__ = ["QuotaExceededError", "QuotaRule", "Usage", "account_of"]


def account_of(user_id: int) -> str:
    """Return the account in the file store for which staged bytes of a user count."""
    return f"user{user_id}"


def _no_other_bytes(_session: Session, _user_id: int) -> int:
    return 0


def _no_staged_bytes(_account: str, _without: str) -> int:
    return 0


class QuotaExceededError(TooLargeError):
    """The owner's storage quota would be exceeded."""

    code = "QuotaExceeded"


@dataclass(frozen=True, slots=True)
class Usage:
    """Storage used by a user.

    Parameters
    ----------
    quota
        Quota in bytes; None is no limit.
    """

    used: int
    products: int
    quota: int | None

    @property
    def left(self) -> int | None:
        """Remaining bytes; None is no limit."""
        return None if self.quota is None else max(0, self.quota - self.used)


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """Rule for quotas: the default for users without a quota of their own, and the limit of files per product.

    Parameters
    ----------
    default_bytes
        Maximum number of bytes of all products and tables of a user; None is no limit.
    max_files
        Maximum number of files of one product.
    staged_bytes
        Returns the bytes of an account that are staged on a disk, without those of one file.
    other_bytes
        Returns the bytes that other packages store for a user.
    """

    default_bytes: int | None = None
    max_files: int = 1000
    staged_bytes: Callable[[str, str], int] = _no_staged_bytes
    other_bytes: Callable[[Session, int], int] = _no_other_bytes

    def usage(self, session: Session, user_id: int, *, without: str = "") -> Usage:
        """Return the storage used by a user; uploads that have begun count, too.

        Parameters
        ----------
        without
            Id of an upload in parts that is not counted.
        """
        used = session.scalar(
            select(func.coalesce(func.sum(ProductFileRow.size), 0))
            .join(ProductRow, ProductRow.id == ProductFileRow.product_id)
            .where(ProductRow.owner_id == user_id)
        )
        tables = session.scalar(
            select(func.coalesce(func.sum(UserTablePartRow.size), 0))
            .join(UserTableRow, UserTableRow.id == UserTablePartRow.table_id)
            .where(UserTableRow.owner_id == user_id)
        )
        announced = session.scalar(
            select(func.coalesce(func.sum(ProductUploadRow.size), 0))
            .join(ProductRow, ProductRow.id == ProductUploadRow.product_id)
            .where(ProductRow.owner_id == user_id)
        )
        count = session.scalar(
            select(func.count(ProductRow.id)).where(ProductRow.owner_id == user_id, ProductRow.purged_at.is_(None))
        )
        account = account_of(user_id)
        staged = self.staged_bytes(account, without) + arriving_bytes(session, account, without=without)
        stored = int(used or 0) + int(tables or 0) + int(announced or 0) + self.other_bytes(session, user_id)
        return Usage(stored + staged, int(count or 0), self._quota(session, user_id))

    def check(self, session: Session, user_id: int, more: int, *, lock: bool = False, without: str = "") -> None:
        """Raise QuotaExceededError unless so many more bytes fit into a user's quota.

        Parameters
        ----------
        lock
            Whether to lock the user, so that nobody else stores bytes for this user until the transaction ends.
        without
            Id of an upload in parts that is not counted.

        Raises
        ------
        QuotaExceededError
            They do not fit.
        """
        if lock:
            session.execute(select(UserRow.id).where(UserRow.id == user_id).with_for_update(key_share=True))
        usage = self.usage(session, user_id, without=without)
        if usage.quota is not None and usage.used + more > usage.quota:
            message = (
                f"The quota has no space for {more / 1e6:.6g} MB more: {usage.used / 1e6:.6g} MB of "
                f"{usage.quota / 1e6:.6g} MB are used. Delete products or tables that you no longer need, "
                "or ask an administrator for a larger quota."
            )
            raise QuotaExceededError(message, field="file")

    def check_product(self, session: Session, user_id: int, product_id: int) -> None:
        """Raise QuotaExceededError unless a product of somebody else fits in."""
        size = session.scalar(
            select(func.coalesce(func.sum(ProductFileRow.size), 0)).where(ProductFileRow.product_id == product_id)
        )
        self.check(session, user_id, int(size or 0), lock=True)

    def check_files(self, session: Session, product_id: int) -> None:
        """Raise TooLargeError unless a product may have one file more."""
        count = session.scalar(select(func.count(ProductFileRow.id)).where(ProductFileRow.product_id == product_id))
        if (count or 0) >= self.max_files:
            message = f"A product may have at most {self.max_files} files; combine some of them in one archive."
            raise TooLargeError(message, field="file")

    def _quota(self, session: Session, user_id: int) -> int | None:
        own = session.scalar(select(UserRow.quota_bytes).where(UserRow.id == user_id))
        return self.default_bytes if own is None else own
