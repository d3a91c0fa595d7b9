"""Lists of products: a `ProductQuery` as SQL conditions, its order and its pages."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.auth.schema import UserRow
from products.access import readable
from products.models import Product
from products.product_types import PRODUCT_TYPES
from products.schema import ProductRow, ProductTableRow, ReleaseRow
from products.storage import product_of_row

__all__ = ["Page", "ProductQuery", "list_products", "product_names", "query_conditions", "spectroscopic"]


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """Query of a list of products: exact values, substrings, order and page.

    Parameters
    ----------
    text
        Words that must all occur in the name, the description, the owner's name or the names of the columns.
    with_redshift
        Whether the product has spectroscopic redshifts: a catalogue or training set with a column of redshift.
    rows, area
        Half-open range of the number of rows, or of square degrees; None is no limit.
    numbers
        Numbers of the products to which the search is restricted.
    ordering
        Column name of the order, with ``-`` before it for the reverse.
    offset, limit
        Offset and length of the page; without a limit the whole list is returned.
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

    @property
    def looks_closely(self) -> bool:
        """Whether there are conditions on descriptions or tables, which take longer than to sort what they find."""
        limits = {*self.rows, *self.area} - {None}
        return bool(self.text or self.conditions or limits) or self.with_redshift is not None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, with the length of the list."""

    count: int
    products: tuple[Product, ...]


def _looked_up(value: Any, condition: ColumnElement[bool], default: object) -> SQLColumnExpression[Any]:
    """Return a value of another table, for the order of a list."""
    return func.coalesce(select(value).where(condition).correlate(ProductRow).scalar_subquery(), default)


#: Types of products whose redshifts are spectroscopic.
_SPECTROSCOPIC = tuple(kind.id for kind in PRODUCT_TYPES.values() if kind.has_spectroscopic_redshifts)

_ORDERINGS: dict[str, SQLColumnExpression[Any]] = {
    "id": ProductRow.id,
    "display_name": func.lower(ProductRow.display_name),
    "product_type": ProductRow.product_type_id,
    "created_at": ProductRow.created_at,
    # Products without a release or rows come first.
    "owner": _looked_up(UserRow.name, UserRow.id == ProductRow.owner_id, ""),
    "release": _looked_up(func.lower(ReleaseRow.display_name), ReleaseRow.id == ProductRow.release_id, ""),
    "rows": _looked_up(ProductTableRow.rows, ProductTableRow.product_id == ProductRow.id, -1),
}


def list_products(session: Session, identity: Identity, query: ProductQuery) -> Page:
    """List products that the identity may read."""
    conditions, ordering = (readable(identity), *query_conditions(query)), _ordering(query)
    if query.limit is None:
        rows = session.scalars(select(ProductRow).where(*conditions).order_by(*ordering)).all()
        return Page(len(rows), tuple(product_of_row(row) for row in rows))
    # Only the numbers are sorted; the full rows are read for the page alone.
    ordered, end = select(ProductRow.id).where(*conditions).order_by(*ordering), query.offset + (query.limit or 0)
    if query.looks_closely:
        # It looks at all products anyway, so it runs once and its results are counted.
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
    """Return number and internal name of the products that a query finds and the identity may read, in its order."""
    statement = select(ProductRow.id, ProductRow.internal_name).where(readable(identity), *query_conditions(query))
    rows = session.execute(statement.order_by(*_ordering(query)).offset(query.offset).limit(query.limit))
    return {number: name or "" for number, name in rows}


def spectroscopic() -> ColumnElement[bool]:
    """Return the condition under which a product has spectroscopic redshifts."""
    with_z = select(ProductTableRow.product_id).where(ProductTableRow.z.is_not(None))
    return and_(ProductRow.product_type_id.in_(_SPECTROSCOPIC), ProductRow.id.in_(with_z))


def query_conditions(query: ProductQuery) -> list[ColumnElement[bool]]:
    """Return the conditions under which a query finds a product that may be read."""
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
