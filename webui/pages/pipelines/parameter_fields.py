"""Form fields for the parameters of a pipeline, derived from its Pydantic model."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipelines.declarations import ParameterHint
from pipelines.models import AnyPipeline

__all__ = ["ParameterField", "entered_parameters", "parameter_fields"]

_NO_HINT = ParameterHint()


@dataclass(frozen=True, slots=True)
class ParameterField:
    """Form field of one parameter.

    Parameters
    ----------
    name
        Name of the job parameter: keys joined by dots.
    kind
        ``choice``, ``flag``, ``number``, ``text`` or ``yaml``.
    default
        Default as the form shows it; empty for none.
    choices
        Values and their labels.
    of_release
        Attribute of releases with the values that they have.
    """

    name: str
    label: str
    help: str
    kind: Literal["choice", "flag", "number", "text", "yaml"]
    default: str
    choices: tuple[tuple[str, str], ...] = ()
    low: float | None = None
    high: float | None = None
    integer: bool = False
    advanced: bool = False
    of_release: Literal["fluxes", "dereddening"] | None = None


def parameter_fields(pipeline: AnyPipeline) -> tuple[ParameterField, ...]:
    """Return the form fields of a pipeline, in the order of its model."""
    return tuple(_fields(pipeline.parameters, pipeline.parameters(), "", pipeline.form))


def entered_parameters(pipeline: AnyPipeline, values: Mapping[str, str]) -> dict[str, str]:
    """Return the job parameters of a submitted form, without those that have their default."""
    given = {}
    for field in parameter_fields(pipeline):
        # A browser omits a checkbox that is not checked.
        entered = ("true" if field.name in values else "false") if field.kind == "flag" else values.get(field.name, "")
        if entered.strip() and entered.strip() != field.default:
            given[field.name.upper()] = entered.strip()
    return given


def _fields(
    model: type[BaseModel], defaults: BaseModel, prefix: str, hints: Mapping[str, ParameterHint]
) -> Iterator[ParameterField]:
    for key, info in model.model_fields.items():
        name, default = f"{prefix}{key}", getattr(defaults, key)
        hint = hints.get(name, _NO_HINT)
        if hint.hidden:
            continue
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _fields(info.annotation, default, f"{name}.", hints)
        else:
            yield _field(name, info, default, hint)


def _field(name: str, info: FieldInfo, default: Any, hint: ParameterHint) -> ParameterField:
    kinds = _alternatives(info.annotation)
    label = hint.label or name.rpartition(".")[2].replace("_", " ").capitalize()
    field = ParameterField(
        name, label, info.description or "", "yaml", "", advanced=hint.advanced, of_release=hint.of_release
    )
    if hint.choices:
        return replace(field, kind="choice", default="" if default is None else str(default), choices=hint.choices)
    if get_origin(kinds[0]) is Literal:
        values = [str(value) for value in get_args(kinds[0])]
        words = tuple((value, hint.words.get(value, value)) for value in values)
        return replace(field, kind="choice", default=str(default), choices=words)
    if kinds == [bool]:
        return replace(field, kind="flag", default="true" if default else "false")
    if all(kind in {int, float} for kind in kinds):
        low, high = _bounds(info)
        text = "" if default is None else f"{default:g}"
        return replace(field, kind="number", default=text, low=low, high=high, integer=kinds == [int])
    if kinds == [str]:
        return replace(field, kind="text", default=default or "")
    return replace(field, default="" if not default else json.dumps(default))


def _alternatives(annotation: Any) -> list[Any]:
    arguments = [each for each in get_args(annotation) if each is not NoneType]
    is_union = get_origin(annotation) is not Literal and NoneType in get_args(annotation)
    return arguments if is_union else [annotation]


def _bounds(info: FieldInfo) -> tuple[float | None, float | None]:
    low = next(
        (each.ge if isinstance(each, Ge) else each.gt for each in info.metadata if isinstance(each, Ge | Gt)), None
    )
    high = next(
        (each.le if isinstance(each, Le) else each.lt for each in info.metadata if isinstance(each, Le | Lt)), None
    )
    return (None if low is None else float(low)), (None if high is None else float(high))  # type: ignore[arg-type]
