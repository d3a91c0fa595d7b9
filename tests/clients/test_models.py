"""The library's models of responses are those of the server's OpenAPI components, key by key and type by type."""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any

import pytest
from pzserver import models
from pzserver.models import Model

from webui.api.openapi.operations import OPERATIONS
from webui.api.openapi.responses import components

_SIMPLE = {int: "integer", str: "string", float: "number", bool: "boolean"}
_NAMES = sorted(set(models.__all__) - {"Json", "Model"})
_SCHEMAS: Mapping[str, Any] = components()[1]["schemas"]
_EXAMPLES = {
    operation.model.__name__: operation.response
    for operation in OPERATIONS.values()
    if getattr(operation.model, "__name__", None) in _NAMES and operation.response is not None
}


@pytest.mark.parametrize("name", _NAMES)
def test_a_model_of_the_library_has_the_keys_and_types_of_the_component(name: str):
    model, schema = getattr(models, name), _SCHEMAS[name]
    hints, own = typing.get_type_hints(model), {field.name: field for field in fields(model)}
    assert set(own) == set(schema["properties"])
    assert {key for key, field in own.items() if field.default is MISSING} == set(schema.get("required", ()))
    for key, described in schema["properties"].items():
        assert _is_alike(hints[key], described), (key, hints[key], described)


@pytest.mark.parametrize("name", sorted(_EXAMPLES))
def test_a_model_is_made_of_the_example_of_its_response_and_ignores_further_keys(name: str):
    example = _EXAMPLES[name]
    model: type[Model] = getattr(models, name)
    assert model.from_json({**example, "a_key_of_tomorrow": 1}) == model.from_json(example)
    with pytest.raises(ValueError, match=name):
        model.from_json({})


def _is_alike(hint: Any, schema: Mapping[str, Any]) -> bool:  # a type, as Python writes it
    """Tell whether a type is that of the values of a schema."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return hint.__name__ == name if _is_model(hint) else _is_alike(hint, _SCHEMAS[name])
    if "anyOf" in schema:
        return origin is types.UnionType and all(
            any(_is_alike(argument, choice) for argument in arguments) for choice in schema["anyOf"]
        ) and len(arguments) == len(schema["anyOf"])  # fmt: skip
    if schema.get("type") == "array":
        return origin is tuple and _is_alike(arguments[0], schema["items"])
    if schema.get("type") == "object":
        return origin is not None and issubclass(origin, Mapping)
    if schema.get("type") == "null":
        return hint is types.NoneType
    if schema.get("format") in {"date", "date-time"}:
        return hint is {"date": date, "date-time": datetime}[schema["format"]]
    return _SIMPLE.get(hint) == schema.get("type")


def _is_model(hint: Any) -> bool:  # the same
    return isinstance(hint, type) and issubclass(hint, Model)
