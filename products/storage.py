"""Queries of the catalogue's tables, conversion of their rows to models, and audit entries of product changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, exists, func, inspect, select
from sqlalchemy.orm import Session, lazyload
from sqlalchemy.orm.attributes import set_committed_value

from core.auth.audit import Subject, record
from core.auth.models import Identity
from core.columns import Column
from core.database import utc_today
from core.errors import NotFoundError
from products.access import readable
from products.attribution.models import Attribution
from products.models import (
    ColumnSummary,
    FileRole,
    InspectionState,
    Product,
    ProductColumn,
    ProductFile,
    ProductStatus,
    ProductTable,
    Release,
    Visibility,
)
from products.product_types import type_of_row
from products.schema import (
    ProductColumnRow,
    ProductFileRow,
    ProductRow,
    ProductTableRow,
    ReleaseRow,
    product_co_owners,
    product_groups,
)

__all__ = [
    "ProductSize",
    "column_of_row",
    "effective_visibility",
    "file_of_row",
    "find_product",
    "main_file_row",
    "product_columns",
    "product_files",
    "product_of_row",
    "product_sizes",
    "product_table",
    "readable_files",
    "record_changes",
    "record_product",
    "release_of_row",
    "table_of_row",
]


@dataclass(frozen=True, slots=True)
class ProductSize:
    """Size of a product: rows of its main file, when that is a table, and bytes of all its files."""

    rows: int | None = None
    size: int = 0


def find_product(session: Session, identity: Identity, key: int | str, *, lock: bool = False) -> ProductRow:
    """Find a product that the identity may read, by number or internal name.

    Parameters
    ----------
    lock
        Whether to lock the row until the transaction ends, for callers that change it. SQLite has one writer at a time
        anyway.

    Raises
    ------
    NotFoundError
        It does not exist or may not be read; the message is the same.
    """
    statement = _finding(identity, utc_today(), by_number=isinstance(key, int))
    found = session.execute(statement.with_for_update(of=ProductRow) if lock else statement, {"key": key}).one_or_none()
    if found is None:
        message = f"There is no product '{key}'."
        raise NotFoundError(message)
    row: ProductRow = found[0]
    for name, is_filled in zip(_COLLECTIONS, found[1:], strict=True):
        if is_filled:
            getattr(row, name)  # loads it
        elif name in inspect(row).unloaded:
            set_committed_value(row, name, [])
    return row


_COLLECTIONS = ("groups", "co_owners")


@lru_cache(maxsize=256)  # nearly every request about a product needs it
def _finding(identity: Identity, today: date, *, by_number: bool) -> Select[ProductRow, bool, bool]:
    """Return the statement that finds a product, with whether it has groups, and co-owners.

    Most products have none, and to load an empty collection takes as long as to find the product.
    """
    column = ProductRow.id if by_number else ProductRow.internal_name
    has_groups, has_co_owners = (
        exists().where(pairs.c.product_id == ProductRow.id).correlate(ProductRow)
        for pairs in (product_groups, product_co_owners)
    )
    return (
        select(ProductRow, has_groups, has_co_owners)
        .where(column == bindparam("key"), readable(identity, today))
        .options(lazyload(ProductRow.groups), lazyload(ProductRow.co_owners))
    )


def product_files(session: Session, product_id: int) -> tuple[ProductFile, ...]:
    """Return the files of a product, the main file first."""
    rows = session.scalars(
        select(ProductFileRow)
        .where(ProductFileRow.product_id == product_id)
        .order_by(ProductFileRow.role, ProductFileRow.id)
    )
    return tuple(file_of_row(row) for row in rows)


def readable_files(
    session: Session, identity: Identity, file_id: int | None
) -> tuple[tuple[ProductFile, Product], ...]:
    """Return the files of all products that the identity may read, or one of them, each with its product."""
    statement = select(ProductFileRow, ProductRow).join(ProductRow, ProductRow.id == ProductFileRow.product_id)
    if file_id is not None:
        statement = statement.where(ProductFileRow.id == file_id)
    rows = session.execute(statement.where(readable(identity)).order_by(ProductFileRow.id))
    return tuple((file_of_row(row), product_of_row(product)) for row, product in rows)


def product_sizes(session: Session, product_ids: Sequence[int]) -> dict[int, ProductSize]:
    """Return the size of each product; those without files are left out."""
    main_rows = func.max(case((ProductFileRow.role == FileRole.MAIN, ProductFileRow.rows)))
    found = session.execute(
        select(ProductFileRow.product_id, main_rows, func.sum(ProductFileRow.size))
        .where(ProductFileRow.product_id.in_(product_ids))
        .group_by(ProductFileRow.product_id)
    )
    return {product_id: ProductSize(rows, int(size)) for product_id, rows, size in found}


def main_file_row(session: Session, product_id: int) -> ProductFileRow | None:
    """Return the main file of a product, or None."""
    return session.scalar(
        select(ProductFileRow).where(ProductFileRow.product_id == product_id, ProductFileRow.role == FileRole.MAIN)
    )


def product_columns(session: Session, product_ids: Sequence[int]) -> tuple[ProductColumn, ...]:
    """Return the columns of products, in the order of the table."""
    # Rows without identities: there are many columns, and objects of the session take several times as long.
    rows = session.execute(
        select(*(column for column in ProductColumnRow.__table__.columns if column.name != "stated"))
        .where(ProductColumnRow.product_id.in_(product_ids))
        .order_by(ProductColumnRow.product_id, ProductColumnRow.position)
    )
    return tuple(column_of_row(row) for row in rows)


def product_table(session: Session, product_id: int) -> ProductTable | None:
    """Return the derived rows of a product, or None."""
    row = session.get(ProductTableRow, product_id)
    return None if row is None else table_of_row(row)


def product_of_row(row: ProductRow) -> Product:
    """Return the model of a stored product."""
    visibility = effective_visibility(row)
    return Product(
        id=row.id,
        internal_name=row.internal_name or "",
        display_name=row.display_name,
        product_type=type_of_row(row.product_type_id, row.type_changes),
        release=None if row.release is None else release_of_row(row.release),
        owner_id=row.owner_id,
        owner=row.owner.name,
        description=row.description,
        pz_code=row.pz_code,
        official=row.official,
        visibility=visibility,
        status=ProductStatus(row.status),
        origin=row.origin,
        release_year=row.release_year,
        inspection_state=InspectionState(row.inspection_state),
        inspection_job=row.inspection_job,
        inspection_error=row.inspection_error,
        created_at=row.created_at,
        updated_at=row.updated_at,
        published_at=row.published_at,
        co_owners=tuple(user.name for user in row.co_owners),
        co_owner_ids=row.co_owner_ids,
        groups=tuple(group.name for group in row.groups),
        previous_id=row.previous_id,
        attribution=Attribution.model_validate(row.attribution),
        embargo_date=row.embargo_date if visibility == row.visibility else None,
        is_hidden=row.is_hidden,
    )


def effective_visibility(row: ProductRow) -> Visibility:
    """Return who may read a product today: everyone from its embargo date on."""
    is_over = row.embargo_date is not None and row.embargo_date <= utc_today()
    return Visibility.PUBLIC if is_over else Visibility(row.visibility)


def release_of_row(row: ReleaseRow) -> Release:
    """Return the model of a stored release."""
    return Release(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        description=row.description,
        is_public=row.is_public,
        created_at=row.created_at,
        indexing_column=row.indexing_column,
        has_magnitudes=row.has_mag_hats,
        has_fluxes=row.has_flux_hats,
        dereddening=row.dereddening,
        fluxes=row.fluxes,
    )


def file_of_row(row: ProductFileRow) -> ProductFile:
    """Return the model of a stored file."""
    return ProductFile(
        id=row.id,
        product_id=row.product_id,
        role=FileRole(row.role),
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        rows=row.rows,
        extension=row.extension,
        details=row.details,
        md5=row.md5,
        sha256=row.sha256,
        stored_id=row.stored_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def column_of_row(row: ProductColumnRow | Row[Any]) -> ProductColumn:
    """Return the model of a stored column."""
    column = Column(
        name=row.name,
        datatype=row.datatype,
        arraysize=row.arraysize,
        xtype=row.xtype,
        unit=row.unit,
        ucd=row.ucd,
        utype=row.utype,
        description=row.description,
        frame=row.frame,
        density=row.density,
    )
    summary = (
        None
        if row.null_count is None
        else ColumnSummary(row.null_count, row.min_value, row.max_value, row.distinct_count)
    )
    return ProductColumn(row.id, row.product_id, row.position, column, row.alias, summary)


def table_of_row(row: ProductTableRow) -> ProductTable:
    """Return the model of a product's derived rows."""
    return ProductTable(
        product_id=row.product_id,
        schema=row.table_schema,
        name=row.table_name,
        stored_id=row.stored_id,
        rows=row.rows,
        ra=row.ra,
        dec=row.dec,
        z=row.z,
        footprint=row.footprint,
        options=row.options,
        size=row.size,
    )


_LONGEST_VALUE = 200


def record_product(session: Session, identity: Identity, action: str, row: ProductRow, **details: object) -> None:
    """Add an entry about a product to the audit log, in the transaction of the change."""
    record(session, identity, action, Subject.PRODUCT, row.id, row.internal_name or row.display_name, **details)


def record_changes(session: Session, identity: Identity, before: Product, row: ProductRow) -> None:
    """Add an entry with the changed metadata, old and new values, to the audit log; none when nothing changed."""
    pairs = {
        "display_name": (before.display_name, row.display_name),
        "description": (before.description, row.description),
        "release": (None if before.release is None else before.release.id, row.release_id),
        "pz_code": (before.pz_code, row.pz_code),
        "official": (before.official, row.official),
        "visibility": (before.visibility.value, row.visibility),
        "groups": (list(before.groups), [group.name for group in row.groups]),
        "release_year": (before.release_year, row.release_year),
        "attribution": (before.attribution.model_dump_json(exclude_defaults=True), _json_of(row.attribution)),
        "embargo_date": (_iso(before.embargo_date), _iso(row.embargo_date)),
    }
    changed = {name: [_brief(old), _brief(new)] for name, (old, new) in pairs.items() if old != new}
    if changed:
        record_product(session, identity, "change", row, **changed)


def _json_of(attribution: Mapping[str, object]) -> str:
    return Attribution.model_validate(attribution).model_dump_json(exclude_defaults=True)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _brief(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return value[:_LONGEST_VALUE] + "…"
    return value
