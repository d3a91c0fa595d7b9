"""Query parameters of the list of products: filters, search, orderings, pages."""

import math
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import ColumnElement, and_, or_, select

from core.auth.schema import UserRow
from core.errors import InvalidValueError
from products.product_types import PRODUCT_TYPES
from products.schema import ProductRow, ProductTypeRow, ReleaseRow
from products.search.coverage import Region, region_of_moc, region_of_text
from products.search.queries import ProductQuery

__all__ = ["CONTENT_FILTER_NAMES", "FILTER_NAMES", "ORDERINGS", "parse_region", "product_query"]

ORDERINGS = ("id", "display_name", "product_type", "created_at")

_MAX_PAGE_SIZE = 1000
_MAX_DIGITS = 9
_EXACT = ("internal_name", "display_name", "release", "product_type", "official_product", "status", "user")
_BY_WORDS = ("uploaded_by", "product_type_name", "release_name", "product_name")

#: Filters by content, which today's Photo-z Server does not have.
CONTENT_FILTER_NAMES = ("has_redshift", "rows__gte", "rows__lt", "area__gte", "area__lt", "covers", "overlaps")

#: Every other filter of the list of products.
FILTER_NAMES = (
    *_EXACT,
    *(f"{name}__in" for name in _EXACT),
    "release__isnull",
    *_BY_WORDS,
    *(f"{name}__or" for name in _BY_WORDS),
)


def product_query(parameters: Mapping[str, str]) -> ProductQuery:
    """Parse the parameters of a request; unknown ones are ignored.

    Raises
    ------
    InvalidValueError
        A value is not valid for its filter, which the error names.
    """
    size = _number(parameters, "page_size")
    page = _number(parameters, "page") or 1
    limit = None if size is None else max(1, min(size, _MAX_PAGE_SIZE))
    if limit is None and "page" in parameters:
        limit = 100
    official = _values(parameters, "official_product")
    return ProductQuery(
        product_types=_numbers(parameters, "product_type"),
        releases=_numbers(parameters, "release"),
        without_release=_boolean(parameters, "release__isnull"),
        statuses=_numbers(parameters, "status"),
        owners=_numbers(parameters, "user"),
        internal_names=_values(parameters, "internal_name"),
        display_names=_values(parameters, "display_name"),
        official=_truth(official[0], "official_product") if len(official) == 1 else None,
        text=parameters.get("search", ""),
        with_redshift=_boolean(parameters, "has_redshift"),
        rows=(_measure(parameters, "rows__gte"), _measure(parameters, "rows__lt")),
        area=(_measure(parameters, "area__gte"), _measure(parameters, "area__lt")),
        conditions=tuple(_word_conditions(parameters)),
        ordering=parameters.get("ordering", "-created_at"),
        offset=(page - 1) * (limit or 0),
        limit=limit,
    )


def _values(parameters: Mapping[str, str], name: str) -> tuple[str, ...]:
    values = [parameters[name]] if parameters.get(name) else []
    values += [value.strip() for value in parameters.get(f"{name}__in", "").split(",") if value.strip()]
    return tuple(values)


def _numbers(parameters: Mapping[str, str], name: str) -> tuple[int, ...]:
    try:
        return tuple(int(value) for value in _values(parameters, name))
    except ValueError as e:
        message = f"'{(parameters.get(name) or parameters.get(f'{name}__in', ''))[:40]}' is not a number."
        raise InvalidValueError(message, field=name) from e


def _number(parameters: Mapping[str, str], name: str) -> int | None:
    value = parameters.get(name)
    if not value:
        return None
    if not value.isdecimal() or len(value) > _MAX_DIGITS or int(value) < 1:
        message = f"'{value[:40]}' is not a whole number above zero."
        raise InvalidValueError(message, field=name)
    return int(value)


def parse_region(parameters: Mapping[str, str]) -> Region | None:
    """Parse the region that the products overlap: a position or circle (``covers``), or a MOC (``overlaps``)."""
    if parameters.get("covers"):
        return region_of_text(parameters["covers"])
    return region_of_moc(parameters["overlaps"]) if parameters.get("overlaps") else None


def _measure(parameters: Mapping[str, str], name: str) -> float | None:
    value = parameters.get(name)
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        message = f"'{value[:40]}' is not a number."
        raise InvalidValueError(message, field=name)
    return number


def _boolean(parameters: Mapping[str, str], name: str) -> bool | None:
    return _truth(parameters[name], name) if parameters.get(name) else None


def _truth(value: str, name: str) -> bool:
    if value.lower() in {"true", "1"}:
        return True
    if value.lower() in {"false", "0"}:
        return False
    message = f"'{value}' is neither true nor false."
    raise InvalidValueError(message, field=name)


def _word_conditions(parameters: Mapping[str, str]) -> Iterable[ColumnElement[bool]]:
    makers: dict[str, Callable[[str], ColumnElement[bool]]] = {
        "uploaded_by": _owner_has,
        "product_type_name": _type_has,
        "release_name": _release_has,
        "product_name": lambda word: ProductRow.display_name.icontains(word, autoescape=True),
    }
    for name, maker in makers.items():
        for key, joined in ((name, and_), (f"{name}__or", or_)):
            words = [word.strip() for word in parameters.get(key, "").split(",") if word.strip()]
            if words:
                yield joined(*(maker(word) for word in words))


def _owner_has(word: str) -> ColumnElement[bool]:
    names = (UserRow.name, UserRow.first_name, UserRow.last_name)
    return ProductRow.owner_id.in_(
        select(UserRow.id).where(or_(*(name.icontains(word, autoescape=True) for name in names)))
    )


def _release_has(word: str) -> ColumnElement[bool]:
    names = (ReleaseRow.name, ReleaseRow.display_name)
    return ProductRow.release_id.in_(
        select(ReleaseRow.id).where(or_(*(name.icontains(word, autoescape=True) for name in names)))
    )


def _type_has(word: str) -> ColumnElement[bool]:
    lower = word.lower()
    number, kinds, renamed = ProductRow.product_type_id, PRODUCT_TYPES.values(), ProductTypeRow.display_name
    return or_(
        number.in_([kind.id for kind in kinds if lower in kind.name.lower()]),
        number.in_(select(ProductTypeRow.type_id).where(renamed.icontains(word, autoescape=True))),
        and_(
            number.in_([kind.id for kind in kinds if lower in kind.display_name.lower()]),
            number.not_in(select(ProductTypeRow.type_id).where(renamed.is_not(None))),
        ),
    )
