"""Query parameters of the REST API: declarations of those that handlers parse themselves, and the check of all names.

A parameter that the operation does not have is an error: a misspelt filter would otherwise return the whole list.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Query
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from core.errors import InvalidValueError

__all__ = [
    "INTEGER",
    "TRUTH",
    "Number",
    "Parameter",
    "check_names",
    "choice",
    "chosen_format",
    "declared",
    "parameter_names",
    "parse_truth",
    "whole_number",
]

#: A query parameter with the number of a resource.
Number = Annotated[int, Query(ge=1, le=2**63 - 1)]

#: Schema of a whole number above zero.
INTEGER: Mapping[str, object] = {"type": "integer", "minimum": 1, "maximum": 999_999_999}

_TEXT: Mapping[str, object] = {"type": "string"}
_MAX_DIGITS = 9

#: Schema of a value that is true or false.
TRUTH: Mapping[str, object] = {"type": "string", "enum": ["true", "false", "True", "False", "1", "0", ""]}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter that a handler parses itself: its description, and its JSON schema."""

    description: str = ""
    schema: Mapping[str, object] = field(default_factory=lambda: _TEXT)


def parse_truth(value: str, name: str) -> bool:
    """Parse the value of a parameter that is true or false."""
    if value.lower() in {"true", "1"}:
        return True
    if value.lower() in {"false", "0"}:
        return False
    message = f"'{value[:40]}' is neither true nor false."
    raise InvalidValueError(message, field=name)


def chosen_format(name: str, formats: Collection[str]) -> str:
    """Return which of some formats, in small letters, a parameter named ``format`` chooses."""
    if name.lower() in formats:
        return name.lower()
    message = f"There is no format '{name:.40}'; choose one of {', '.join(formats)}."
    raise InvalidValueError(message, field="format")


def choice(values: Sequence[str]) -> Mapping[str, object]:
    """Return the schema of one of some values; an empty one is the same as none."""
    return {"type": "string", "enum": [*values, ""]}


def declared(parameters: Mapping[str, Parameter]) -> dict[str, Any]:  # JSON of OpenAPI
    """Return the OpenAPI description of parameters, for ``openapi_extra`` of a route, which accepts them then."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": dict(each.schema),
                **({"description": each.description} if each.description else {}),
            }
            for name, each in parameters.items()
        ]
    }


def parameter_names(route: APIRoute) -> tuple[str, ...]:
    """Return the names of the query parameters of a route, in the order of its description."""
    further = (each["name"] for each in (route.openapi_extra or {}).get("parameters", ()))
    return (*_declared_names(route.dependant), *further)


def check_names(given: Sequence[str], known: Collection[str]) -> None:
    """Check the names of the query parameters of a request.

    Raises
    ------
    InvalidValueError
        A name is unknown, or given more than once.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"The parameters are {', '.join(known)}."
            message = f"There is no parameter '{name[:80]}'. {hint if known else 'This address has no parameters.'}"
            raise InvalidValueError(message, field=name[:80])
    if len(set(given)) < len(given):
        name = next(name for name in given if given.count(name) > 1)
        message = f"The parameter {name} is given {given.count(name)} times. Give it once."
        raise InvalidValueError(message, field=name)


def whole_number(parameters: Mapping[str, str], name: str) -> int | None:
    """Parse a whole number above zero; None when the parameter is missing."""
    value = parameters.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > _MAX_DIGITS or int(value) < 1:
        message = f"'{value[:40]}' is not a whole number above zero."
        raise InvalidValueError(message, field=name)
    return int(value)


def _declared_names(dependant: Dependant) -> Iterator[str]:
    yield from (each.alias for each in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from _declared_names(dependency)
