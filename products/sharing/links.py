"""Links through which people without an account read one product, until they expire.

The database has only the SHA-256 of the secret in the link. A link makes one product readable as if it were public; the
product does not appear in lists, TAP or VOSpace.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.schema import UserRow
from core.database import Database, ignoring_storage_errors, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from core.telemetry.logs import add_log_field
from products.access import readable, require_manage
from products.models import ProductStatus
from products.schema import ProductRow
from products.sharing.schema import ProductLinkRow
from products.storage import find_product, record_product

__all__ = ["IssuedLink", "LinkService", "ProductLink"]

_MOST_DAYS = 365
_LONGEST_NOTE = 200
_MOST_LINKS = 100
_LAST_USED_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ProductLink:
    """A link to a product, without its secret."""

    id: int
    note: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A new link, with the secret that is shown only once."""

    link: ProductLink
    secret: str = field(repr=False)


class LinkService:
    """Create, list, revoke and follow links to products."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def links(self, identity: Identity, product_id: int) -> tuple[ProductLink, ...]:
        """Return the valid links to a product, the newest first; for its owner."""
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
        """Create a link to a published product; it ends with the credential that makes it at the latest.

        Raises
        ------
        InvalidValueError
            The number of days or the note is invalid.
        ConflictError
            The product is not published, its release is not open to everybody, or there are too many links.
        """
        if not 1 <= days <= _MOST_DAYS:
            message = f"A link can be valid for 1 to {_MOST_DAYS} days, not {days}."
            raise InvalidValueError(message, field="days")
        if len(note) > _LONGEST_NOTE:
            message = f"A note may have at most {_LONGEST_NOTE} characters."
            raise InvalidValueError(message, field="note")
        secret, now, parent = secrets.token_urlsafe(32), utc_now(), identity.credential
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_manage(identity, row)
            _check_linkable(session, row)
            held = select(ProductLinkRow.id).where(ProductLinkRow.product_id == row.id, ProductLinkRow.expires_at > now)
            if len(session.scalars(held).all()) >= _MOST_LINKS:
                message = f"There are {_MOST_LINKS} links to this product already; revoke some of them first."
                raise ConflictError(message)
            link = ProductLinkRow(
                product_id=row.id,
                secret_hash=_digest(secret),
                note=note.strip(),
                created_by=identity.require(Scope.WRITE),
                created_at=now,
                expires_at=parent.earliest(now + timedelta(days=days)),
                parent_token_id=parent.token_id,
                parent_session_id=parent.session_id,
            )
            session.add(link)
            session.flush()
            session.refresh(link)
            record_product(session, identity, "make link", row, link=link.id, days=days)
            return IssuedLink(_link(link), secret)

    def revoke(self, identity: Identity, product_id: int, link_id: int) -> None:
        """Revoke a link."""
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
        """Return the identity of somebody who has a link: anonymous, and may read one product.

        Raises
        ------
        NotFoundError
            The link does not exist, was revoked or has expired, or its product was deleted or may no longer be shared
            by the link's creator; the message is the same.
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
            message = (
                "This link leads nowhere: it has expired, was revoked, or never existed. Ask its sender for a new one."
            )
            raise NotFoundError(message)
        add_log_field("product", link.product_id)
        add_log_field("link_id", link.id)
        if link.last_used_at is None or now - link.last_used_at > _LAST_USED_STEP:
            with ignoring_storage_errors(), self._database.write() as session:
                session.execute(update(ProductLinkRow).where(ProductLinkRow.id == link.id).values(last_used_at=now))
        return identity


def _check_linkable(session: Session, row: ProductRow) -> None:
    if row.status != ProductStatus.PUBLISHED:
        message = "Only a published product can have a link; finish its registration first."
        raise ConflictError(message)
    visitor = Identity(linked_product=row.id)
    if session.scalar(select(ProductRow.id).where(ProductRow.id == row.id, readable(visitor))) is None:
        message = "The release of this product is restricted to groups, so it cannot have a link."
        raise ConflictError(message)


def _digest(secret: str) -> str:
    # The secrets are 256 random bits, so a fast hash without salt is enough.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _link(row: ProductLinkRow) -> ProductLink:
    return ProductLink(row.id, row.note, row.creator.name, row.created_at, row.expires_at, row.last_used_at)
