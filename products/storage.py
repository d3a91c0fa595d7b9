"""Between the catalogue's values and what the database stores of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.auth.schema import UserRow
from core.columns import Column
from core.errors import NotFoundError
from products.access import readable
from products.models import (
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
from products.product_types import PRODUCT_TYPES, type_of_row
from products.schema import ProductColumnRow, ProductFileRow, ProductRow, ProductTableRow, ReleaseRow

__all__ = [
    "Page",
    "ProductQuery",
    "ProductSize",
    "column_of_row",
    "file_of_row",
    "find_product",
    "list_products",
    "main_file_row",
    "product_columns",
    "product_files",
    "product_names",
    "product_of_row",
    "product_sizes",
    "product_table",
    "query_conditions",
    "readable_files",
    "release_of_row",
    "spectroscopic",
    "table_of_row",
]


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """What a list of products is asked for: exact values, substrings, order and page.

    Parameters
    ----------
    text
        Words that must all occur in the name, the description, the owner's name or the names of the columns.
    with_redshift
        Whether the product has spectroscopic redshifts: a catalogue or training set with a column of redshift.
    rows, area
        From how many rows, or square degrees, up to, not including, how many; None is no limit.
    numbers
        Numbers of the only products that are looked at.
    ordering
        Column name of the order, with ``-`` before it for the reverse.
    offset, limit
        Where a page begins and how long it is; without a limit the list is whole.
    """

    product_types: tuple[int, ...] = ()
    releases: tuple[int, ...] = ()
    without_release: bool | None = None
    statuses: tuple[int, ...] = ()
    owners: tuple[int, ...] = ()
    internal_names: tuple[str, ...] = ()
    display_names: tuple[str, ...] = ()
    official: bool | None = None
    with_redshift: bool | None = None
    rows: tuple[float | None, float | None] = (None, None)
    area: tuple[float | None, float | None] = (None, None)
    numbers: tuple[int, ...] | None = None
    text: str = ""
    conditions: tuple[ColumnElement[bool], ...] = ()
    ordering: str = "-created_at"
    offset: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, and how long the list is."""

    count: int
    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class ProductSize:
    """How much a product holds: rows of its main file, when that is a table, and bytes of all its files."""

    rows: int | None = None
    size: int = 0


#: Types of products whose redshifts are spectroscopic.
_SPECTROSCOPIC = tuple(k.id for k in PRODUCT_TYPES.values() if k.name in {"redshift_catalog", "training_set"})

_ORDERINGS = {
    "id": ProductRow.id,
    "display_name": func.lower(ProductRow.display_name),
    "product_type": ProductRow.product_type_id,
    "created_at": ProductRow.created_at,
}


def find_product(session: Session, identity: Identity, key: int | str, *, lock: bool = False) -> ProductRow:
    """Find a product that the identity may read, by number or internal name.

    Parameters
    ----------
    lock
        Whether nobody else may change the row until the transaction ends; for those who change it themselves. SQLite
        has one writer at a time anyway.

    Raises
    ------
    NotFoundError
        In the same words whether it does not exist or may not be read.
    """
    condition = ProductRow.id == key if isinstance(key, int) else ProductRow.internal_name == key
    statement = select(ProductRow).where(condition, readable(identity))
    row = session.scalar(statement.with_for_update(of=ProductRow) if lock else statement)
    if row is None:
        message = f"There is no product '{key}'."
        raise NotFoundError(message)
    return row


def list_products(session: Session, identity: Identity, query: ProductQuery) -> Page:
    """List products that the identity may read."""
    conditions, ordering = (readable(identity), *query_conditions(query)), _ordering(query)
    if query.limit is None:
        rows = session.scalars(select(ProductRow).where(*conditions).order_by(*ordering)).all()
        return Page(len(rows), tuple(product_of_row(row) for row in rows))
    # The list is ordered by its numbers alone; only the page is read with its texts.
    ordered, end = select(ProductRow.id).where(*conditions).order_by(*ordering), query.offset + (query.limit or 0)
    if query.text:
        # A search reads every description, so it is made once, and counted by what it found.
        found = session.scalars(ordered).all()
        count, numbers = len(found), found[query.offset : end]
    else:
        count = session.scalar(select(func.count(ProductRow.id)).where(*conditions)) or 0
        numbers = session.scalars(ordered.offset(query.offset).limit(query.limit)).all()
    by_id = {
        row.id: product_of_row(row) for row in session.scalars(select(ProductRow).where(ProductRow.id.in_(numbers)))
    }
    # A product that was deleted between the statements is left out.
    return Page(count, tuple(by_id[number] for number in numbers if number in by_id))


def product_names(session: Session, identity: Identity, query: ProductQuery) -> dict[int, str]:
    """Number and internal name of the products that a query finds and the identity may read, in the query's order."""
    statement = select(ProductRow.id, ProductRow.internal_name).where(readable(identity), *query_conditions(query))
    rows = session.execute(statement.order_by(*_ordering(query)).offset(query.offset).limit(query.limit))
    return {number: name or "" for number, name in rows}


def product_files(session: Session, product_id: int) -> tuple[ProductFile, ...]:
    """The files of a product, the main file first."""
    rows = session.scalars(
        select(ProductFileRow)
        .where(ProductFileRow.product_id == product_id)
        .order_by(ProductFileRow.role, ProductFileRow.id)
    )
    return tuple(file_of_row(row) for row in rows)


def readable_files(
    session: Session, identity: Identity, file_id: int | None
) -> tuple[tuple[ProductFile, Product], ...]:
    """The files of all products that the identity may read, or one of them, each with its product."""
    statement = select(ProductFileRow, ProductRow).join(ProductRow, ProductRow.id == ProductFileRow.product_id)
    if file_id is not None:
        statement = statement.where(ProductFileRow.id == file_id)
    rows = session.execute(statement.where(readable(identity)).order_by(ProductFileRow.id))
    return tuple((file_of_row(row), product_of_row(product)) for row, product in rows)


def product_sizes(session: Session, product_ids: Sequence[int]) -> dict[int, ProductSize]:
    """How much each of some products holds; those without files are left out."""
    main_rows = func.max(case((ProductFileRow.role == FileRole.MAIN, ProductFileRow.rows)))
    found = session.execute(
        select(ProductFileRow.product_id, main_rows, func.sum(ProductFileRow.size))
        .where(ProductFileRow.product_id.in_(product_ids))
        .group_by(ProductFileRow.product_id)
    )
    return {product_id: ProductSize(rows, int(size)) for product_id, rows, size in found}


def main_file_row(session: Session, product_id: int) -> ProductFileRow | None:
    """The main file of a product, if it was sent."""
    return session.scalar(
        select(ProductFileRow).where(ProductFileRow.product_id == product_id, ProductFileRow.role == FileRole.MAIN)
    )


def product_columns(session: Session, product_ids: Sequence[int]) -> tuple[ProductColumn, ...]:
    """The columns of products, in the order of the table."""
    rows = session.scalars(
        select(ProductColumnRow)
        .where(ProductColumnRow.product_id.in_(product_ids))
        .order_by(ProductColumnRow.product_id, ProductColumnRow.position)
    )
    return tuple(column_of_row(row) for row in rows)


def product_table(session: Session, product_id: int) -> ProductTable | None:
    """The derived rows of a product, if there are any."""
    row = session.get(ProductTableRow, product_id)
    return None if row is None else table_of_row(row)


def spectroscopic() -> ColumnElement[bool]:
    """Give the condition under which a product has spectroscopic redshifts."""
    with_z = select(ProductTableRow.product_id).where(ProductTableRow.z.is_not(None))
    return and_(ProductRow.product_type_id.in_(_SPECTROSCOPIC), ProductRow.id.in_(with_z))


def query_conditions(query: ProductQuery) -> list[ColumnElement[bool]]:
    """Give the conditions under which a query finds a product that may be read."""
    conditions = list(query.conditions)
    choices = (
        (ProductRow.product_type_id, query.product_types),
        (ProductRow.release_id, query.releases),
        (ProductRow.status, query.statuses),
        (ProductRow.owner_id, query.owners),
        (ProductRow.internal_name, query.internal_names),
        (ProductRow.display_name, query.display_names),
    )
    conditions += [column.in_(values) for column, values in choices if values]
    if query.without_release is not None:
        conditions.append(ProductRow.release_id.is_(None) == query.without_release)
    if query.official is not None:
        conditions.append(ProductRow.official.is_(query.official))
    if query.with_redshift is not None:
        conditions.append(spectroscopic() if query.with_redshift else not_(spectroscopic()))
    for column, (low, high) in ((ProductTableRow.rows, query.rows), (ProductTableRow.area_deg2, query.area)):
        limits = [column >= low] if low is not None else []
        limits += [column < high] if high is not None else []
        if limits:
            conditions.append(ProductRow.id.in_(select(ProductTableRow.product_id).where(*limits)))
    if query.numbers is not None:
        conditions.append(ProductRow.id.in_(query.numbers))
    for word in query.text.replace(",", " ").split():
        owners = select(UserRow.id).where(
            or_(
                UserRow.name.icontains(word, autoescape=True),
                UserRow.first_name.icontains(word, autoescape=True),
                UserRow.last_name.icontains(word, autoescape=True),
            )
        )
        conditions.append(
            or_(
                ProductRow.display_name.icontains(word, autoescape=True),
                ProductRow.owner_id.in_(owners),
                ProductRow.column_names.icontains(word, autoescape=True),
                ProductRow.description.icontains(word, autoescape=True),  # last, because it is long
            )
        )
    return conditions


def _ordering(query: ProductQuery) -> tuple[SQLColumnExpression[Any], ...]:  # of columns of several types
    order = _ORDERINGS.get(query.ordering.removeprefix("-"), ProductRow.created_at)
    descending = query.ordering.startswith("-")
    return (order.desc(), ProductRow.id.desc()) if descending else (order, ProductRow.id)


def product_of_row(row: ProductRow) -> Product:
    """Give the value of a stored product."""
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
        visibility=Visibility(row.visibility),
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
    )


def release_of_row(row: ReleaseRow) -> Release:
    """Give the value of a stored release."""
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
    """Give the value of a stored file."""
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


def column_of_row(row: ProductColumnRow) -> ProductColumn:
    """Give the value of a stored column."""
    column = Column(
        name=row.name,
        datatype=row.datatype,
        arraysize=row.arraysize,
        xtype=row.xtype,
        unit=row.unit,
        ucd=row.ucd,
        utype=row.utype,
        description=row.description,
    )
    return ProductColumn(row.id, row.product_id, row.position, column, row.alias)


def table_of_row(row: ProductTableRow) -> ProductTable:
    """Give the value of a product's stored rows."""
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
    )
