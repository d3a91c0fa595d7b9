"""Parameters of a pipeline, checked against the JSON schema in the server's own description of it.

What is checked are names, types, choices, bounds and patterns; the server checks the rest.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from pzserver.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Parameter", "ParameterList", "Value"]

#: A value of a parameter: a scalar, a list, or a mapping for a group of parameters.
Value: TypeAlias = "bool | int | float | str | Sequence[Value] | Mapping[str, Value] | None"

_Schema = Mapping[str, Any]  # a JSON schema, whose keywords have values of many types

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict, Mapping),
    "null": (type(None),),
}
_BOUNDS = (
    ("minimum", "at least", operator.ge),
    ("exclusiveMinimum", "larger than", operator.gt),
    ("maximum", "at most", operator.le),
    ("exclusiveMaximum", "smaller than", operator.lt),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a pipeline.

    Parameters
    ----------
    name
        Its name; a parameter in a group is written with a dot, as in ``crossmatch.radius_arcsec``.
    default
        Its value when none is given.
    choices
        The allowed values, where they are few.
    """

    name: str
    description: str
    default: Value
    choices: tuple[Value, ...] = ()


class ParameterList(Mapping[str, Parameter]):
    """The parameters of a pipeline, by name."""

    def __init__(self, title: str, schema: _Schema) -> None:
        self._title = title
        self._schema = schema
        self._found = {each.name: each for each in self._leaves(schema, "")}

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._found:
            raise InvalidValueError(_unknown(self._title, name, self._found))
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return "\n".join(f"{each.name} = {each.default!r}: {each.description}" for each in self._found.values())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(each.name)}</td><td>{escape(repr(each.default))}</td><td>{escape(each.description)}</td></tr>"
            for each in self._found.values()
        )
        return f"<table><tr><th>Parameter</th><th>Default</th><th>Description</th></tr>{rows}</table>"

    def checked(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Return parameters as the server takes them: names with dots become groups.

        Raises
        ------
        InvalidValueError
            There is no such parameter, or its value is not allowed; the message names both.
        """
        nested: dict[str, Value] = {}
        for name, value in given.items():
            group, _, inner = name.partition(".")
            if inner:
                old = nested.get(group)
                nested[group] = {**(old if isinstance(old, Mapping) else {}), inner: _plain(value)}
            else:
                nested[name] = _plain(value)
        self._check(self._schema, nested, "")
        return nested

    def _leaves(self, schema: _Schema, prefix: str) -> Iterator[Parameter]:
        for name, item in schema.get("properties", {}).items():
            found = self._resolved(item)
            if "properties" in found:
                yield from self._leaves(found, f"{prefix}{name}.")
                continue
            options = [self._resolved(each) for each in found.get("anyOf", ())]
            choices = found.get("enum") or next((each["enum"] for each in options if "enum" in each), ())
            yield Parameter(f"{prefix}{name}", str(item.get("description", "")), item.get("default"), tuple(choices))

    def _resolved(self, schema: _Schema) -> _Schema:
        while "$ref" in schema:
            schema = self._schema["$defs"][schema["$ref"].rpartition("/")[2]]
        return schema

    def _check(self, schema: _Schema, value: Any, name: str) -> None:  # Any: values of all types are checked
        schema = self._resolved(schema)
        if options := schema.get("anyOf"):
            self._check_options(options, value, name)
            return
        if "enum" in schema and value not in schema["enum"]:
            raise _invalid(name, value, f"it is one of {', '.join(map(str, schema['enum']))}")
        if "const" in schema and value != schema["const"]:
            raise _invalid(name, value, f"it is {schema['const']!r}")
        kind = schema.get("type")
        if kind is not None and not _is_of(kind, value):
            raise _invalid(name, value, f"it is a value of type {kind}")
        for keyword, words, holds in _BOUNDS:
            if keyword in schema and kind in {"number", "integer"} and not holds(value, schema[keyword]):
                raise _invalid(name, value, f"it is {words} {schema[keyword]}")
        if kind == "string" and "pattern" in schema and not re.search(schema["pattern"], value):
            raise _invalid(name, value, f"it matches {schema['pattern']}")
        if kind == "array" and isinstance(schema.get("items"), Mapping):
            for at, each in enumerate(value):
                self._check(schema["items"], each, f"{name}[{at}]")
        if kind == "object" and "properties" in schema:
            self._check_object(schema, value, name)

    def _check_object(self, schema: _Schema, value: Mapping[str, Any], name: str) -> None:
        known = schema["properties"]
        for key, each in value.items():
            path = f"{name}.{key}" if name else key
            if key in known:
                self._check(known[key], each, path)
            elif schema.get("additionalProperties") is False:
                names = self._found if not name else [f"{name}.{each}" for each in known]
                raise InvalidValueError(_unknown(self._title, path, names))

    def _check_options(self, options: Sequence[_Schema], value: Any, name: str) -> None:
        """Check a value that one of several schemas must allow; report the fault of the one with its type."""
        first: InvalidValueError | None = None
        for option in options:
            try:
                self._check(option, value, name)
            except InvalidValueError as e:
                kind = self._resolved(option).get("type")
                first = e if first is None or (kind is not None and _is_of(kind, value)) else first
            else:
                return
        if first is not None:
            raise first


def _is_of(kind: str, value: object) -> bool:
    if isinstance(value, bool) and kind in {"integer", "number"}:
        return False
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, (object,)))


def _plain(value: Any) -> Any:  # Any: numpy's scalars and arrays become Python's
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _invalid(name: str, value: object, rule: str) -> InvalidValueError:
    return InvalidValueError(f"The parameter '{name}' cannot be {value!r:.80}: {rule}.")


def _unknown(title: str, name: str, known: Mapping[str, Parameter] | Sequence[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    hint = f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(known)}."
    return f"{title} has no parameter '{name}'{hint}"
