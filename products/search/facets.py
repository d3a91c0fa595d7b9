"""Facets of a search: counts of products by type, release, owner, redshifts, rows and sky area."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Case, ColumnElement, CompoundSelect, case, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.auth.models import Identity
from core.auth.schema import UserRow
from core.database import Database
from products.access import readable
from products.product_types import all_types
from products.schema import ProductRow, ProductTableRow, ReleaseRow
from products.search.queries import ProductQuery, query_conditions, spectroscopic

__all__ = ["AREA_RANGES", "ROW_RANGES", "Facet", "FacetService", "FacetValue", "Range"]

_MOST_OWNERS = 20
_DIVIDED = ("type", "release", "owner", "redshifts", "rows", "area")


@dataclass(frozen=True, slots=True)
class Range:
    """A range of numbers with its key in query strings; None is no limit."""

    key: str
    label: str
    low: float | None
    high: float | None


#: Ranges of rows.
ROW_RANGES = (
    Range("1e3", "under 1 000", None, 1e3),
    Range("1e4", "1 000 to 10 000", 1e3, 1e4),
    Range("1e5", "10 000 to 100 000", 1e4, 1e5),
    Range("1e6", "100 000 to a million", 1e5, 1e6),
    Range("more", "a million and more", 1e6, None),
)

#: Ranges of sky area in square degrees.
AREA_RANGES = (
    Range("1", "under 1 deg²", None, 1.0),
    Range("10", "1 to 10 deg²", 1.0, 10.0),
    Range("100", "10 to 100 deg²", 10.0, 100.0),
    Range("1000", "100 to 1 000 deg²", 100.0, 1000.0),
    Range("more", "1 000 deg² and more", 1000.0, None),
)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet with the number of products that have it.

    Parameters
    ----------
    key
        Value in query strings.
    """

    key: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet with its values; values without products are left out."""

    name: str
    label: str
    values: tuple[FacetValue, ...]


class FacetService:
    """Count the products of a search by facet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def facets(self, identity: Identity, query: ProductQuery) -> tuple[Facet, ...]:
        """Return the facets of the products that a query finds and the identity may read."""
        with self._database.read() as session:
            counts: list[Counter[Any]] = [Counter() for _ in _DIVIDED]
            for facet, value, number in session.execute(_statement(identity, query)):
                counts[facet][value] = number
            types, releases, owners, redshifts, rows, areas = counts
            return (
                Facet("type", "Type", _types(session, types)),
                Facet("release", "Release", _releases(session, releases)),
                Facet("owner", "Owner", _owners(session, owners)),
                Facet("redshifts", "Spectroscopic redshifts", _yes_no(redshifts)),
                Facet("rows", "Rows", _ranges(rows, ROW_RANGES)),
                Facet("area", "Sky area", _ranges(areas, AREA_RANGES)),
            )


def _statement(identity: Identity, query: ProductQuery) -> CompoundSelect[*tuple[Any, ...]]:
    """Return the statement for (number of the facet, value, number of products), with one evaluation of the query."""

    def ranges(column: ColumnElement[Any] | InstrumentedAttribute[Any], known: Sequence[Range]) -> Case[Any]:
        last = [(column.is_not(None), len(known) - 1)]
        return case(*((column < r.high, i) for i, r in enumerate(known) if r.high is not None), *last)

    found = (
        select(
            ProductRow.product_type_id.label("type"),
            ProductRow.release_id.label("release"),
            ProductRow.owner_id.label("owner"),
            case((spectroscopic(), 1), else_=0).label("redshifts"),
            ranges(ProductTableRow.rows, ROW_RANGES).label("rows"),
            ranges(ProductTableRow.area_deg2, AREA_RANGES).label("area"),
        )
        .outerjoin(ProductTableRow, ProductTableRow.product_id == ProductRow.id)
        .where(readable(identity), *query_conditions(query))
        .cte("found")
    )
    return union_all(
        *(
            select(literal(index), found.c[name], func.count()).group_by(found.c[name])
            for index, name in enumerate(_DIVIDED)
        )
    )


def _types(session: Session, counts: Counter[int]) -> tuple[FacetValue, ...]:
    kinds = all_types(session)
    return tuple(FacetValue(kind.name, kind.display_name, counts[kind.id]) for kind in kinds if counts[kind.id])


def _releases(session: Session, counts: Counter[int | None]) -> tuple[FacetValue, ...]:
    rows = session.execute(
        select(ReleaseRow.id, ReleaseRow.name, ReleaseRow.display_name)
        .where(ReleaseRow.id.in_([key for key in counts if key is not None]))
        .order_by(ReleaseRow.display_name)
    )
    values = tuple(FacetValue(name, label, counts[number]) for number, name, label in rows)
    return (*values, FacetValue("none", "Without release", counts[None])) if counts[None] else values


def _owners(session: Session, counts: Counter[int]) -> tuple[FacetValue, ...]:
    most = dict(counts.most_common(_MOST_OWNERS))
    rows = session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(most)))
    values = [FacetValue(name, name, most[number]) for number, name in rows]
    return tuple(sorted(values, key=lambda value: (-value.count, value.key)))


def _yes_no(counts: Counter[int]) -> tuple[FacetValue, ...]:
    named = (("yes", "with", 1), ("no", "without", 0))
    return tuple(FacetValue(key, label, counts[value]) for key, label, value in named if counts[value])


def _ranges(counts: Counter[int | None], known: Sequence[Range]) -> tuple[FacetValue, ...]:
    return tuple(FacetValue(r.key, r.label, counts[i]) for i, r in enumerate(known) if counts[i])
