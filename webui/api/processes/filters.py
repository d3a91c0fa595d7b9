"""Query parameters of the list of runs: filters, orderings, pages."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from core.errors import InvalidValueError, NotFoundError
from pipelines.models import AnyPipeline
from pipelines.storage import RunQuery

__all__ = ["paged", "process_query"]

_MAX_PAGE_SIZE = 1000
_MAX_DIGITS = 9

_Item = TypeVar("_Item")


def process_query(parameters: Mapping[str, str], definitions: Mapping[str, AnyPipeline]) -> RunQuery:
    """Parse the parameters of a request; unknown ones are ignored.

    Parameters
    ----------
    definitions
        The pipelines, by name.
    """
    isnull = parameters.get("release__isnull", "").lower()
    return RunQuery(
        numbers=_numbers(parameters, "id"),
        pipelines=_pipelines(parameters, definitions),
        releases=_numbers(parameters, "release"),
        without_release={"true": True, "1": True, "false": False, "0": False}.get(isnull),
        products=_numbers(parameters, "upload"),
        owners=_numbers(parameters, "user"),
        oldest_first=parameters.get("ordering") in {"id", "created_at"},
    )


def paged(items: Sequence[_Item], parameters: Mapping[str, str]) -> Sequence[_Item]:
    """Return one page of a list, or the whole list when no page is requested."""
    if not parameters.get("page") and not parameters.get("page_size"):
        return items
    size = min(_whole(parameters, "page_size", 100), _MAX_PAGE_SIZE)
    start = (_whole(parameters, "page", 1) - 1) * size
    if start and start >= len(items):
        raise NotFoundError("Invalid page.", field="page")
    return items[start : start + size]


def _pipelines(parameters: Mapping[str, str], definitions: Mapping[str, AnyPipeline]) -> tuple[str, ...] | None:
    """Return the pipelines whose names contain all words, or with ``__or`` at least one."""
    chosen: tuple[str, ...] | None = None
    for key, enough in (("pipeline", all), ("pipeline__or", any)):
        words = [word.strip().lower() for word in parameters.get(key, "").split(",") if word.strip()]
        if words:
            names = {each.name: f"{each.id} {each.name} {each.display_name}".lower() for each in definitions.values()}
            chosen = tuple(name for name, text in names.items() if enough(word in text for word in words))
    return chosen


def _numbers(parameters: Mapping[str, str], name: str) -> tuple[int, ...]:
    return (_whole(parameters, name, 0),) if parameters.get(name) else ()


def _whole(parameters: Mapping[str, str], name: str, default: int) -> int:
    value = parameters.get(name)
    if not value:
        return default
    if not (value.isascii() and value.isdecimal()) or len(value) > _MAX_DIGITS or int(value) < 1:
        raise InvalidValueError(f"'{value[:40]}' is not a whole number above zero.", field=name)
    return int(value)
