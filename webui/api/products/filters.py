"""Query parameters of the list of products: filters, search, orderings, pages."""

import math
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import ColumnElement, and_, or_, select

from core.auth.schema import UserRow
from core.errors import InvalidValueError
from products.product_types import PRODUCT_TYPES
from products.schema import ProductRow, ProductTypeRow, ReleaseRow
from products.search.coverage import Region, region_of_moc, region_of_text
from products.search.positions import PositionReader
from products.search.queries import ProductQuery
from webui.api.lists import PAGING, Paging, check_ordering, ordering_parameter
from webui.api.names import Names
from webui.api.parameters import TRUTH, Parameter, parse_truth

__all__ = [
    "CONTENT_FILTER_NAMES",
    "FILTERS",
    "FILTER_NAMES",
    "ORDERINGS",
    "PARAMETERS",
    "parse_region",
    "product_query",
]

#: Orderings that today's Photo-z Server has, too.
ORDERINGS = ("id", "display_name", "product_type", "created_at")

_ORDERINGS = (*ORDERINGS, "owner", "release", "rows")
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


_NUMBER: Mapping[str, object] = {"type": "number"}
_SEVERAL = "Several values of {}, separated by commas."
_WORDS = "Words that {} contains, separated by commas."

#: Query parameters that choose products.
FILTERS: Mapping[str, Parameter] = {
    "internal_name": Parameter("Internal name."),
    "display_name": Parameter("Display name, as a whole."),
    "release": Parameter("Release, by number or name."),
    "product_type": Parameter("Product type, by number or name."),
    "official_product": Parameter("Whether the project has made it.", TRUTH),
    "status": Parameter("0 registering, 1 published, 3 processing, 9 failed; or these words."),
    "user": Parameter("Owner, by number or name."),
    **{f"{name}__in": Parameter(_SEVERAL.format(name)) for name in _EXACT},
    "release__isnull": Parameter("true for products without a release.", TRUTH),
    "uploaded_by": Parameter(_WORDS.format("the owner's name")),
    "product_type_name": Parameter(_WORDS.format("the name of the product type")),
    "release_name": Parameter(_WORDS.format("the name of the release")),
    "product_name": Parameter(_WORDS.format("the display name")),
    **{f"{name}__or": Parameter(f"As {name}, with any of the words.") for name in _BY_WORDS},
    "has_redshift": Parameter("Whether it has spectroscopic redshifts.", TRUTH),
    "rows__gte": Parameter("Minimum number of rows.", _NUMBER),
    "rows__lt": Parameter("Number of rows below which it has.", _NUMBER),
    "area__gte": Parameter("Minimum area in square degrees.", _NUMBER),
    "area__lt": Parameter("Area in square degrees below which it has.", _NUMBER),
    "covers": Parameter("Position or circle that it covers: ra,dec or ra,dec,radius in degrees (ICRS)."),
    "overlaps": Parameter("MOC that it overlaps, as text such as 6/1234-1240."),
    "search": Parameter("Words that occur in the name, the description, the columns or the owner's name."),
}

#: Query parameters of the lists of products.
PARAMETERS: Mapping[str, Parameter] = {
    **FILTERS,
    "ordering": ordering_parameter(_ORDERINGS),
    **PAGING,
}


def product_query(parameters: Mapping[str, str], names: Names) -> ProductQuery:
    """Parse the parameters of a request.

    Raises
    ------
    InvalidValueError
        A value is not valid for its filter, which the error names.
    """
    paging, ordering = Paging.of(parameters), parameters.get("ordering") or "-created_at"
    check_ordering(ordering, _ORDERINGS)
    official = {parse_truth(value, "official_product") for value in _values(parameters, "official_product")}
    return ProductQuery(
        product_types=_numbers(parameters, "product_type", names.product_type),
        releases=_numbers(parameters, "release", names.release),
        without_release=_boolean(parameters, "release__isnull"),
        statuses=_numbers(parameters, "status", names.status),
        owners=_numbers(parameters, "user", names.user),
        internal_names=_values(parameters, "internal_name"),
        display_names=_values(parameters, "display_name"),
        official=official.pop() if len(official) == 1 else None,
        text=parameters.get("search", ""),
        with_redshift=_boolean(parameters, "has_redshift"),
        rows=(_measure(parameters, "rows__gte"), _measure(parameters, "rows__lt")),
        area=(_measure(parameters, "area__gte"), _measure(parameters, "area__lt")),
        conditions=tuple(_word_conditions(parameters)),
        ordering=ordering,
        offset=paging.offset,
        limit=paging.size,
    )


def _values(parameters: Mapping[str, str], name: str) -> tuple[str, ...]:
    values = [parameters[name]] if parameters.get(name) else []
    values += [value.strip() for value in parameters.get(f"{name}__in", "").split(",") if value.strip()]
    return tuple(values)


def _numbers(parameters: Mapping[str, str], name: str, number_of: Callable[[str], int]) -> tuple[int, ...]:
    return tuple(number_of(value) for value in _values(parameters, name))


def parse_region(parameters: Mapping[str, str], read: PositionReader) -> Region | None:
    """Parse the region that the products overlap: a position or circle (``covers``), or a MOC (``overlaps``)."""
    if parameters.get("covers"):
        return region_of_text(parameters["covers"], read)
    return region_of_moc(parameters["overlaps"]) if parameters.get("overlaps") else None


def _measure(parameters: Mapping[str, str], name: str) -> float | None:
    value = parameters.get(name)
    if value is None:
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
    return parse_truth(parameters[name], name) if parameters.get(name) else None


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
