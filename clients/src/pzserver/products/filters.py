"""Filters of lists of products, as the server's OpenAPI document has them; unknown ones are refused before sending."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pzserver.errors import InvalidValueError
from pzserver.tables.records import RecordList

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pzserver.connections.connection import Connection

__all__ = ["Filter", "FilterList", "ProductFilters"]

_PATH = "/api/products"
_PAGES = frozenset({"page", "page_size"})
#: Filters whose values are numbers on the wire, and the resource that has the names.
_NUMBERED = {"product_type": "product-types", "release": "releases"}


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of lists of products."""

    name: str
    description: str


class FilterList(RecordList[Filter]):
    """Filters, also by name."""

    _fields = ("name", "description")
    _noun = "filter"


class ProductFilters:
    """The filters of one server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def known(self) -> FilterList:
        """The filters that the server describes, without those of pages."""
        paths: Mapping[str, Mapping[str, Mapping[str, object]]] = self._connection.json("GET", "openapi.json")["paths"]
        operation = next(paths[path]["get"] for path in (_PATH, f"{_PATH}/") if path in paths)
        parameters = operation.get("parameters")
        found = parameters if isinstance(parameters, list) else []
        return FilterList(
            Filter(str(each["name"]), str(each.get("description", "")))
            for each in found
            if each["in"] == "query" and each["name"] not in _PAGES
        )

    def parameters(self, filters: Mapping[str, object]) -> dict[str, str]:
        """Return filters as parameters of a request.

        Parameters
        ----------
        filters
            Names to values. Several values are a list; product types and releases may be given by their names.

        Raises
        ------
        InvalidValueError
            The server has no such filter, product type or release.
        """
        found: dict[str, str] = {}
        for name, value in filters.items():
            if value is None:
                continue
            values = _values(name, value)
            sent = f"{name}__in" if len(values) != 1 and f"{name}__in" in self.known.names else name
            if sent not in self.known.names:
                raise InvalidValueError(f"'{name}' is not a filter{self._hint(name)}")
            what = _NUMBERED.get(name.removesuffix("__in"))
            if what is not None and not all(map(str.isdecimal, values)):
                values = self._numbers(what, values)
            found[sent] = ",".join(values)
        return found

    def _hint(self, name: str) -> str:
        near = get_close_matches(name, self.known.names, n=1)
        names = ", ".join(self.known.names)
        return f"; did you mean '{near[0]}'? The filters are {names}." if near else f"; the filters are {names}."

    def _numbers(self, what: str, values: Iterable[str]) -> list[str]:
        """Return the numbers of product types or releases that are given by one of their names, or by their numbers."""
        results = self._connection.json("GET", f"{what}/")["results"]
        return [value if value.isdecimal() else _number(what, value, results) for value in values]


def _number(what: str, name: str, results: Iterable[Mapping[str, Any]]) -> str:
    for each in results:
        if name.casefold() in {each["name"].casefold(), each["display_name"].casefold()}:
            return str(each["id"])
    names = ", ".join(str(each["name"]) for each in results) or "none"
    raise InvalidValueError(f"'{name}' is not one of the {what.replace('-', ' ')} of this server; they are {names}.")


def _values(name: str, value: object) -> list[str]:
    if hasattr(value, "icrs"):  # a position of astropy
        return [f"{float(value.icrs.ra.deg)!r} {float(value.icrs.dec.deg)!r}"]
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [str(value)]
    if name == "covers":  # right ascension, declination and an optional radius
        return [" ".join(str(float(each)) for each in value)]
    return [str(each) for each in value]
