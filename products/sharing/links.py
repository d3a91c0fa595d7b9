"""Links by which people without an account read one product, for a while, when its owner makes one.

The secret stands in the link alone; what is stored is its SHA-256. The link makes its product readable as if it were
public, and nothing else: no list shows it, and it is not found by TAP or VOSpace.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.schema import UserRow
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from products.access import readable, require_manage
from products.models import ProductStatus
from products.schema import ProductLinkRow, ProductRow
from products.storage import find_product, record_product

__all__ = ["IssuedLink", "LinkService", "ProductLink"]

_MOST_DAYS = 365
_LONGEST_NOTE = 200
_MOST_LINKS = 100
_LAST_USED_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ProductLink:
    """A link as its maker sees it later: everything but the secret."""

    id: int
    note: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A link that was just made, with the secret that is shown this once."""

    link: ProductLink
    secret: str = field(repr=False)


class LinkService:
    """Make, list and end links to products, and follow them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def links(self, identity: Identity, product_id: int) -> tuple[ProductLink, ...]:
        """The links to a product that still hold, the newest first; for its owner."""
        with self._database.read() as session:
            row = find_product(session, identity, product_id)
            require_manage(identity, row)
            found = session.scalars(
                select(ProductLinkRow)
                .where(ProductLinkRow.product_id == row.id, ProductLinkRow.expires_at > utc_now())
                .order_by(ProductLinkRow.id.desc())
            )
            return tuple(_link(link) for link in found)

    def make(self, identity: Identity, product_id: int, *, days: int, note: str = "") -> IssuedLink:
        """Make a link to a published product.

        Raises
        ------
        InvalidValueError
            The number of days or the note cannot be.
        ConflictError
            The product is not published, its release is not open to everybody, or there are too many links.
        """
        if not 1 <= days <= _MOST_DAYS:
            message = f"A link can hold 1 to {_MOST_DAYS} days, not {days}."
            raise InvalidValueError(message, field="days")
        if len(note) > _LONGEST_NOTE:
            message = f"A note may have at most {_LONGEST_NOTE} characters."
            raise InvalidValueError(message, field="note")
        secret, now = secrets.token_urlsafe(32), utc_now()
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_manage(identity, row)
            _check_linkable(session, row)
            held = select(ProductLinkRow.id).where(ProductLinkRow.product_id == row.id, ProductLinkRow.expires_at > now)
            if len(session.scalars(held).all()) >= _MOST_LINKS:
                message = f"There are {_MOST_LINKS} links to this product already; end some of them first."
                raise ConflictError(message)
            link = ProductLinkRow(
                product_id=row.id,
                secret_hash=_digest(secret),
                note=note.strip(),
                created_by=identity.require(Scope.WRITE),
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            session.add(link)
            session.flush()
            session.refresh(link)
            record_product(session, identity, "make link", row, link=link.id, days=days)
            return IssuedLink(_link(link), secret)

    def revoke(self, identity: Identity, product_id: int, link_id: int) -> None:
        """End a link at once."""
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_manage(identity, row)
            link = session.get(ProductLinkRow, link_id)
            if link is None or link.product_id != row.id:
                message = f"This product has no link number {link_id}."
                raise NotFoundError(message)
            session.delete(link)
            record_product(session, identity, "end link", row, link=link_id)

    def follow(self, secret: str) -> Identity:
        """Return the identity of somebody who has a link: nobody, who may read one product.

        Raises
        ------
        NotFoundError
            In the same words whether the link was never made, was ended, or its time is over, and when the product
            is gone or its maker may no longer share it.
        """
        now = utc_now()
        with self._database.read() as session:
            link = session.scalar(
                select(ProductLinkRow)
                .join(UserRow, UserRow.id == ProductLinkRow.created_by)
                .where(ProductLinkRow.secret_hash == _digest(secret), ProductLinkRow.expires_at > now)
                .where(UserRow.is_active)
            )
            identity = ANONYMOUS if link is None else Identity(linked_product=link.product_id)
            reads = readable(identity)
            product = link and session.scalar(select(ProductRow.id).where(ProductRow.id == link.product_id, reads))
        if link is None or product is None:
            message = "This link leads nowhere: it has ended, or never was. Ask whoever gave it to you for a new one."
            raise NotFoundError(message)
        if link.last_used_at is None or now - link.last_used_at > _LAST_USED_STEP:
            with self._database.write() as session:
                session.execute(update(ProductLinkRow).where(ProductLinkRow.id == link.id).values(last_used_at=now))
        return identity


def _check_linkable(session: Session, row: ProductRow) -> None:
    if row.status != ProductStatus.PUBLISHED:
        message = "Only a published product can have a link; finish its registration first."
        raise ConflictError(message)
    visitor = Identity(linked_product=row.id)
    if session.scalar(select(ProductRow.id).where(ProductRow.id == row.id, readable(visitor))) is None:
        message = "The release of this product is open to some groups only, so that no link can show it to others."
        raise ConflictError(message)


def _digest(secret: str) -> str:
    # The secrets are 256 random bits, so a fast hash without salt is enough.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _link(row: ProductLinkRow) -> ProductLink:
    return ProductLink(row.id, row.note, row.creator.name, row.created_at, row.expires_at, row.last_used_at)
