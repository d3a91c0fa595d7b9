"""How many bytes and files people may keep.

Bytes are counted over all products that somebody owns, also those in the grace time after deletion, because their
files are still there; and over the rows of the tables that somebody made.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.auth.schema import UserRow
from core.errors import TooLargeError
from products.schema import ProductFileRow, ProductRow, UserTablePartRow, UserTableRow

__all__ = ["QuotaExceededError", "QuotaRule", "Usage"]


class QuotaExceededError(TooLargeError):
    """No room is left in the owner's quota."""

    code = "QuotaExceeded"


@dataclass(frozen=True, slots=True)
class Usage:
    """What somebody keeps.

    Parameters
    ----------
    quota
        Most bytes that the user may keep; None is no limit.
    """

    used: int
    products: int
    quota: int | None

    @property
    def left(self) -> int | None:
        """Bytes that are left; None is no limit."""
        return None if self.quota is None else max(0, self.quota - self.used)


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """What people may keep unless an administrator gave them another quota.

    Parameters
    ----------
    default_bytes
        Most bytes of all files of all products of a user; None is no limit.
    max_files
        Most files of one product.
    """

    default_bytes: int | None = None
    max_files: int = 1000

    def usage(self, session: Session, user_id: int) -> Usage:
        """Return how much a user keeps."""
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
        count = session.scalar(
            select(func.count(ProductRow.id)).where(ProductRow.owner_id == user_id, ProductRow.purged_at.is_(None))
        )
        return Usage(int(used or 0) + int(tables or 0), int(count or 0), self._quota(session, user_id))

    def check(self, session: Session, user_id: int, more: int, *, lock: bool = False) -> None:
        """Raise unless so many bytes more fit.

        Parameters
        ----------
        lock
            Whether nobody else may add to what this user keeps until the transaction ends.

        Raises
        ------
        QuotaExceededError
            They do not.
        """
        if lock:
            session.execute(select(UserRow.id).where(UserRow.id == user_id).with_for_update(key_share=True))
        usage = self.usage(session, user_id)
        if usage.quota is not None and usage.used + more > usage.quota:
            message = (
                f"There is no room for {more / 1e6:.6g} MB more: {usage.used / 1e6:.6g} MB of the quota of "
                f"{usage.quota / 1e6:.6g} MB are used. Delete what is not needed, or ask an administrator for more."
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
            message = f"A product may have at most {self.max_files} files; put more of them into one archive."
            raise TooLargeError(message, field="file")

    def _quota(self, session: Session, user_id: int) -> int | None:
        own = session.scalar(select(UserRow.quota_bytes).where(UserRow.id == user_id))
        return self.default_bytes if own is None else own
