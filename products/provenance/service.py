"""Service of provenance: jobs record it, readers of a product retrieve it."""

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.database import Database
from products.access import readable
from products.models import Product
from products.provenance.models import Activity, Provenance, SourceProduct, UsedEntity
from products.provenance.schema import ActivityRow, UsedEntityRow
from products.schema import ProductRow
from products.service import ProductService
from products.storage import product_of_row

__all__ = ["ProvenanceService", "add_activity", "add_used"]


class ProvenanceService:
    """Record and return the provenance of products.

    Parameters
    ----------
    may_read_file
        Returns whether an identity may read the file at a ``vos:`` address; without it nobody may.
    """

    def __init__(
        self,
        database: Database,
        products: ProductService,
        may_read_file: Callable[[Identity, str], bool] | None = None,
    ) -> None:
        self._database = database
        self._products = products
        self._may_read_file = may_read_file

    def record(self, product_id: int, activity: Activity) -> None:
        """Store the activity that made a product, replacing an earlier record, without a check of access.

        For jobs of this server. A job that runs a second time after its worker died records the same again.
        """
        with self._database.write() as session:
            old = session.scalar(select(ActivityRow).where(ActivityRow.product_id == product_id))
            if old is not None:
                session.delete(old)
                session.flush()
            session.add(_row_of_activity(product_id, activity))

    def activity(self, product_id: int) -> Activity | None:
        """Return the activity of this server that made a product, without what it used and a check of access."""
        with self._database.read() as session:
            row = session.scalar(select(ActivityRow).where(ActivityRow.product_id == product_id))
            return None if row is None else _activity_of_row(row)

    def of(self, identity: Identity, key: int | str) -> Provenance:
        """Return the provenance of a product, or raise NotFoundError.

        Inputs that the identity may not read are listed without their names.
        """
        details = self._products.details(identity, key)
        with self._database.read() as session:
            row = session.scalar(select(ActivityRow).where(ActivityRow.product_id == details.product.id))
            before = _readable(session, identity, [details.product.previous_id])
            previous = next(iter(before.values()), None)
            if row is None:
                return Provenance(details, None, (), previous)
            readable_inputs = _readable(session, identity, [item.product_id for item in row.used])
            used, activity = tuple(row.used), _activity_of_row(row)
        sources = tuple(self._source(identity, item, readable_inputs) for item in used)
        return Provenance(details, activity, sources, previous)

    def _source(self, identity: Identity, item: UsedEntityRow, products: dict[int, Product]) -> SourceProduct:
        if item.product_id is not None:
            product = products.get(item.product_id)
            return SourceProduct(None if product is None else _entity_of_row(item), product)
        entity = _entity_of_row(item)
        if entity.is_file and (self._may_read_file is None or not self._may_read_file(identity, item.name)):
            return SourceProduct(None)
        return SourceProduct(entity)


def add_activity(session: Session, product_id: int, activity: Activity) -> None:
    """Store the activity that made a new product, in the transaction that makes it."""
    session.add(_row_of_activity(product_id, activity))


def add_used(session: Session, product_id: int, entity: UsedEntity) -> None:
    """Add an entity to those that the activity of a product used, if it has one."""
    row = session.scalar(select(ActivityRow).where(ActivityRow.product_id == product_id))
    if row is not None:
        row.used.append(_row_of_entity(entity))


def _readable(session: Session, identity: Identity, numbers: Sequence[int | None]) -> dict[int, Product]:
    ids = [number for number in numbers if number is not None]
    if not ids:
        return {}
    rows = session.scalars(select(ProductRow).where(ProductRow.id.in_(ids), readable(identity)))
    return {row.id: product_of_row(row) for row in rows}


def _row_of_activity(product_id: int, activity: Activity) -> ActivityRow:
    return ActivityRow(
        product_id=product_id,
        name=activity.name,
        code_name=activity.code_name,
        code_version=activity.code_version,
        configuration=dict(activity.configuration),
        timings=dict(activity.timings),
        job_id=activity.job_id,
        started_at=activity.started_at,
        ended_at=activity.ended_at,
        used=[_row_of_entity(entity) for entity in activity.used],
    )


def _row_of_entity(entity: UsedEntity) -> UsedEntityRow:
    return UsedEntityRow(
        product_id=entity.product_id,
        role=entity.role,
        name=entity.name,
        version=entity.version,
        sha256=entity.sha256,
    )


def _activity_of_row(row: ActivityRow) -> Activity:
    """Return the activity without the entities that it used, which are returned separately."""
    return Activity(
        name=row.name,
        code_name=row.code_name,
        code_version=row.code_version,
        started_at=row.started_at,
        ended_at=row.ended_at,
        configuration=row.configuration,
        timings=row.timings,
        job_id=row.job_id,
    )


def _entity_of_row(row: UsedEntityRow) -> UsedEntity:
    return UsedEntity(row.role, row.name, row.product_id, row.version, row.sha256)
