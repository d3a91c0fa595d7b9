"""Base of the models of responses: it makes them of JSON, and ignores the keys that it does not know."""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import Any, Self, TypeVar

__all__ = ["Json", "Model"]

#: JSON of any shape.
Json = Mapping[str, Any]

_Model = TypeVar("_Model", bound="Model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A response of the REST API, or a part of one."""

    @classmethod
    def from_json(cls, item: Mapping[str, object]) -> Self:
        """Make the model of an object of JSON; keys that the model does not have are ignored.

        Raises
        ------
        ValueError
            A key is missing, or a value cannot be converted.
        """
        return _made(cls, item)


def _made(model: type[_Model], item: Mapping[str, object]) -> _Model:
    values: dict[str, object] = {}
    for name, hint, is_required in _fields_of(model):  # type: ignore[arg-type]  # a class is hashable
        if name in item:
            values[name] = _converted(hint, item[name])
        elif is_required:
            message = f"The response of the server has no '{name}', which each {model.__name__} has."
            raise ValueError(message)
    return model(**values)


@cache
def _fields_of(model: type[Model]) -> tuple[tuple[str, Any, bool], ...]:
    """Return the fields of a model: name, type, and whether there is no default."""
    hints = typing.get_type_hints(model)
    return tuple((field.name, hints[field.name], field.default is MISSING) for field in fields(model))


def _converted(hint: Any, value: object) -> object:  # Any: a type, as Python writes them
    """Convert a value of JSON to what its field holds; what needs no conversion is returned as it is."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if value is None:
        return None
    if origin is types.UnionType or origin is typing.Union:
        return _converted(arguments[0], value)
    if origin is tuple and isinstance(value, list):
        return tuple(_converted(arguments[0], each) for each in value)
    if origin is Mapping and isinstance(value, Mapping):
        return {key: _converted(arguments[1], each) for key, each in value.items()}
    if isinstance(hint, type):
        if issubclass(hint, Model) and isinstance(value, Mapping):
            return _made(hint, value)
        if issubclass(hint, date) and isinstance(value, str):
            return (datetime if issubclass(hint, datetime) else date).fromisoformat(value)
    return value
