"""Lists of the REST API: pages, orderings, searches, and links to the next and the previous page.

A list is complete unless a page is requested: clients of today's Photo-z Server never request one.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import JSONResponse

from core.errors import InvalidValueError, NotFoundError
from core.settings import Settings
from webui.api.parameters import INTEGER, Parameter, choice, declared, whole_number
from webui.api.representations.products import Json

__all__ = ["PAGING", "Listing", "Paging", "check_ordering", "list_response", "ordering_parameter"]

_MAX_PAGE_SIZE = 1000
_PAGE_SIZE = 100

_Item = TypeVar("_Item")

#: Query parameters of the pages of every list.
PAGING: Mapping[str, Parameter] = {
    "page": Parameter("Page, from 1; without page and page_size the list is complete.", INTEGER),
    "page_size": Parameter(
        f"Entries per page, at most {_MAX_PAGE_SIZE}; {_PAGE_SIZE} when only page is given.", INTEGER
    ),
}


@dataclass(frozen=True, slots=True)
class Paging:
    """The requested page of a list; without a size it is the whole list."""

    number: int = 1
    size: int | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Paging":
        """Parse the parameters of a request."""
        number, size = whole_number(parameters, "page"), whole_number(parameters, "page_size")
        if number is None and size is None:
            return cls()
        return cls(number or 1, min(size or _PAGE_SIZE, _MAX_PAGE_SIZE))

    @property
    def offset(self) -> int:
        """The number of entries on earlier pages."""
        return (self.number - 1) * (self.size or 0)

    def of_items(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """Return the entries of a whole list that are on the page."""
        return items if self.size is None else items[self.offset : self.offset + self.size]

    def check(self, count: int) -> None:
        """Raise NotFoundError when a list of this length does not have the page; it always has the first one."""
        if self.offset and self.offset >= count:
            message = "Invalid page."
            raise NotFoundError(message, field="page")


def list_response(
    settings: Settings, request: Request, count: int, results: Sequence[Json], paging: Paging
) -> JSONResponse:
    """Return the response with a page of a list, and the addresses of its neighbours, in the body and as links.

    It is serialised directly: a list may have all products, and FastAPI would validate each of them.

    Parameters
    ----------
    count
        Length of the whole list.
    """
    paging.check(count)
    base = f"{settings.public_url}{request.url.path}"

    def address(number: int) -> str:
        return f"{base}?{urlencode({**request.query_params, 'page': number})}"

    has_next = paging.size is not None and paging.offset + paging.size < count
    following = address(paging.number + 1) if has_next else None
    previous = address(paging.number - 1) if paging.number > 1 else None
    links = [f'<{url}>; rel="{rel}"' for url, rel in ((following, "next"), (previous, "prev")) if url is not None]
    body = {"count": count, "next": following, "previous": previous, "results": results}
    return JSONResponse(body, headers={"Link": ", ".join(links)} if links else None)


def ordering_parameter(orderings: Iterable[str]) -> Parameter:
    """Return the parameter that orders a list."""
    names = [*orderings]
    return Parameter("A - before the name reverses the order.", choice([*names, *(f"-{name}" for name in names)]))


def check_ordering(ordering: str, orderings: Iterable[str]) -> str:
    """Return the name of an ordering without its sign, or raise InvalidValueError."""
    names, name = [*orderings], ordering.removeprefix("-")
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"The orderings are {', '.join(names)}."
    message = f"The list cannot be ordered by '{name[:80]}'. {hint}"
    raise InvalidValueError(message, field="ordering")


class Listing(Generic[_Item]):
    """A short list that is ordered, searched and cut into pages in memory.

    Parameters
    ----------
    orderings
        Values by which the list can be ordered, by name, smaller ones and missing ones (None) first; without an
        ordering the list stays as it is.
    words
        Returns the texts of an entry that are searched.
    """

    def __init__(
        self,
        settings: Settings,
        orderings: Mapping[str, Callable[[_Item], Any]],
        words: Callable[[_Item], Iterable[str | None]],
    ) -> None:
        self._settings = settings
        self._orderings = orderings
        self._words = words

    @property
    def parameters(self) -> dict[str, Any]:
        """The OpenAPI description of the parameters, for ``openapi_extra`` of the route."""
        search = Parameter("Words that an entry contains, separated by blanks or commas.")
        return declared({"search": search, "ordering": ordering_parameter(self._orderings), **PAGING})

    def response(self, request: Request, items: Iterable[_Item], represent: Callable[[_Item], Json]) -> JSONResponse:
        """Return the response to a request for the list."""
        parameters, paging = request.query_params, Paging.of(request.query_params)
        words = parameters.get("search", "").lower().replace(",", " ").split()
        found = [item for item in items if not words or self._has(item, words)]
        if ordering := parameters.get("ordering"):
            value_of = self._orderings[check_ordering(ordering, self._orderings)]
            found.sort(key=lambda item: _sort_key(value_of(item)), reverse=ordering[0] == "-")
        results = [represent(item) for item in paging.of_items(found)]
        return list_response(self._settings, request, len(found), results, paging)

    def _has(self, item: _Item, words: Sequence[str]) -> bool:
        text = "\n".join(each for each in self._words(item) if each).lower()
        return all(word in text for word in words)


def _sort_key(value: Any) -> tuple[bool, Any]:  # whatever can be compared
    """Return a key that puts entries without a value before all others."""
    return value is not None, value
