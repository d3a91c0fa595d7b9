"""Comparison of the published identifiers with the public products and services, and pages of them.

The public products are found by the access rule each time that the catalogue has changed, so that every way to publish
or to withdraw a product counts: also the end of an embargo, or a group that a release is closed to. What differs is
stored with the time at which it was seen, under a lock: who reads the table afterwards finds nothing earlier than that
time which was not there before.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from core.auth.models import ANONYMOUS
from core.database import in_parts, utc_now
from products.access import readable
from products.attribution.models import Attribution
from products.lifecycle.change_log import version_of_product
from products.models import ProductStatus
from products.provenance.schema import ActivityRow, UsedEntityRow
from products.schema import ProductRow
from registry.identifiers import product_path
from registry.models import Window
from registry.schema import RegistryRow

__all__ = [
    "Differences",
    "count_records",
    "differences",
    "page_of_records",
    "public_versions",
    "record_of_path",
    "store_differences",
    "time_of_first_change",
]

_LOCK = 7_402_133_902


@dataclass(frozen=True, slots=True)
class Differences:
    """Numbers of the products whose records differ from them, and whether records of services differ."""

    changed: tuple[int, ...]
    withdrawn: tuple[int, ...]
    services: bool

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.changed or self.withdrawn or self.services)


def differences(session: Session, today: date, services: Mapping[str, str]) -> Differences:
    """Return how published identifiers differ from the public products, and from the services by path."""
    return Differences(
        tuple(product for _, product, *_ in session.execute(_new_or_changed(today))),
        tuple(product for _, product in session.execute(_gone(today)) if product is not None),
        services=_services_that_differ(session, services) != ({}, []),
    )


def store_differences(session: Session, today: date, services: Mapping[str, str], found: Differences) -> None:
    """Store the records that are new or have changed, and mark those as deleted whose product is not public.

    Parameters
    ----------
    services
        Versions of the records that describe no product, by their paths.
    found
        Which products to look at again, now that nobody else stores differences.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    now = _now_in_seconds(session)
    moved: list[int] = []
    fresh: list[dict[str, object]] = []
    changed = [
        row
        for some in in_parts(found.changed)
        for row in session.execute(_new_or_changed(today).where(ProductRow.id.in_(some)))
    ]
    for number, product, name, version, is_deleted in changed:
        if number is None or is_deleted:
            moved.append(product)
        if number is None:
            fresh.append(_new_row(product_path(name or str(product)), product, str(version), now))
        else:
            _renew(session, number, str(version), now)
    if fresh:
        session.execute(insert(RegistryRow), fresh)
    for some in in_parts(found.withdrawn):
        for number, withdrawn in session.execute(_gone(today).where(RegistryRow.product_id.in_(some))).all():
            moved.append(withdrawn or 0)
            _delete(session, number, now)
    _store_services(session, services, now)
    _renew_related(session, moved, now)


def public_versions(session: Session, products: Collection[int], today: date) -> dict[int, str]:
    """Return the versions of those of the products that are public now."""
    query = select(ProductRow.id, version_of_product(today)).where(ProductRow.id.in_(products), _is_public(today))
    return {number: str(version) for number, version in session.execute(query)}


def page_of_records(session: Session, window: Window, after: int, size: int) -> Sequence[RegistryRow]:
    """Return the records of a window that follow a number, in their order."""
    query = select(RegistryRow).where(_within(window), RegistryRow.id > after)
    return session.scalars(query.order_by(RegistryRow.id).limit(size)).all()


def count_records(session: Session, window: Window) -> int:
    """Return the number of records in a window, deleted ones too."""
    return session.scalar(select(func.count()).select_from(RegistryRow).where(_within(window))) or 0


def record_of_path(session: Session, path: str) -> RegistryRow | None:
    """Return the record with a path."""
    return session.scalar(select(RegistryRow).where(RegistryRow.path == path))


def time_of_first_change(session: Session) -> datetime | None:
    """Return the time of the earliest change that a record has."""
    return session.scalar(select(func.min(RegistryRow.changed_at)))


def _is_public(today: date) -> ColumnElement[bool]:
    return and_(ProductRow.status == ProductStatus.PUBLISHED, readable(ANONYMOUS, today))


def _new_or_changed(today: date) -> Select[int, int, str | None, int, bool]:
    version = version_of_product(today)
    return (
        select(RegistryRow.id, ProductRow.id, ProductRow.internal_name, version, RegistryRow.is_deleted)
        .select_from(ProductRow)
        .outerjoin(RegistryRow, RegistryRow.product_id == ProductRow.id)
        .where(
            _is_public(today),
            or_(
                RegistryRow.id.is_(None),
                RegistryRow.is_deleted.is_(True),
                RegistryRow.version != cast(version, String(64)),
            ),
        )
        .order_by(ProductRow.id)
    )


def _gone(today: date) -> Select[int, int | None]:
    return select(RegistryRow.id, RegistryRow.product_id).where(
        RegistryRow.is_deleted.is_(False),
        RegistryRow.product_id.is_not(None),
        RegistryRow.product_id.not_in(select(ProductRow.id).where(_is_public(today))),
    )


def _within(window: Window) -> ColumnElement[bool]:
    conditions = [RegistryRow.id > 0]
    if window.since is not None:
        conditions.append(RegistryRow.changed_at >= window.since)
    if window.until is not None:
        conditions.append(RegistryRow.changed_at <= window.until)
    if window.products_only:
        conditions.append(RegistryRow.product_id.is_not(None))
    return and_(*conditions)


def _now_in_seconds(session: Session) -> datetime:
    """Return the time in whole seconds; never before the last change, so that nothing is hidden by a clock set back."""
    last = session.scalar(select(func.max(RegistryRow.changed_at)))
    now = utc_now().replace(microsecond=0)
    return now if last is None else max(now, last)


def _new_row(path: str, product: int | None, version: str, now: datetime) -> dict[str, object]:
    times = {"created_at": now, "changed_at": now}
    return {"path": path, "product_id": product, "version": version, "is_deleted": False, **times}


def _renew(session: Session, number: int, version: str, now: datetime) -> None:
    values = {"version": version, "changed_at": now, "is_deleted": False}
    session.execute(update(RegistryRow).where(RegistryRow.id == number).values(values))


def _delete(session: Session, number: int, now: datetime) -> None:
    session.execute(update(RegistryRow).where(RegistryRow.id == number).values(is_deleted=True, changed_at=now))


def _services_that_differ(session: Session, services: Mapping[str, str]) -> tuple[dict[str, str], list[int]]:
    """Return the services whose record is new or has changed, and the numbers of the records of those that ended."""
    stored = {row.path: row for row in session.scalars(select(RegistryRow).where(RegistryRow.product_id.is_(None)))}
    fresh = {
        path: version
        for path, version in services.items()
        if path not in stored or stored[path].is_deleted or stored[path].version != version
    }
    return fresh, [row.id for path, row in stored.items() if path not in services and not row.is_deleted]


def _store_services(session: Session, services: Mapping[str, str], now: datetime) -> None:
    fresh, ended = _services_that_differ(session, services)
    for path, version in fresh.items():
        row = record_of_path(session, path)
        if row is None:
            session.execute(insert(RegistryRow), [_new_row(path, None, version, now)])
        else:
            _renew(session, row.id, version, now)
    for number in ended:
        _delete(session, number, now)


def _renew_related(session: Session, moved: Sequence[int], now: datetime) -> None:
    """Give a new time to the records that name, or may name from now on, a product that was published or withdrawn."""
    numbers = set(_naming(session, set(moved))) if moved else set[int]()
    for some in in_parts(moved):
        derived = (
            select(ActivityRow.product_id)
            .join(UsedEntityRow, UsedEntityRow.activity_id == ActivityRow.id)
            .where(UsedEntityRow.product_id.in_(some))
        )
        newer = select(ProductRow.id).where(ProductRow.previous_id.in_(some))
        older = select(ProductRow.previous_id).where(ProductRow.id.in_(some))
        for query in (derived, newer, older):
            numbers.update(number for number in session.scalars(query) if number is not None)
    for part in in_parts(sorted(numbers)):
        of_part = (RegistryRow.product_id.in_(part), RegistryRow.is_deleted.is_(False))
        # A second change within a second has to be told from the first one, by the time alone.
        last = session.scalar(select(func.max(RegistryRow.changed_at)).where(*of_part))
        later = now if last is None or last < now else last + timedelta(seconds=1)
        session.execute(update(RegistryRow).where(*of_part).values(changed_at=later))


def _naming(session: Session, products: Collection[int]) -> Iterator[int]:
    """Yield the products whose attribution names one of the products."""
    query = select(ProductRow.id, ProductRow.attribution).where(
        ProductRow.status == ProductStatus.PUBLISHED, cast(ProductRow.attribution, String).contains('"related"')
    )
    for number, attribution in session.execute(query):
        related = Attribution.model_validate(attribution).related
        if any(relation.product in products for relation in related):
            yield number
