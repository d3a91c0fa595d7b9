"""Parser of requests for runs: job parameters, JSON and configuration files."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from core.errors import InvalidValueError
from pipelines.inputs.yaml_documents import read_yaml
from pipelines.models import AnyPipeline, RunRequest
from pipelines.outputs import output_format_of

__all__ = [
    "JOB_PARAMETERS",
    "REPEATED",
    "checked_request",
    "job_parameters",
    "parameters_of",
    "parse_request",
    "request_of_parameters",
]

#: Parameters that jobs of every pipeline have, beside those of the pipeline itself.
JOB_PARAMETERS = (
    "NAME", "DESCRIPTION", "INPUTS", "OBJECTS", "RELEASE", "FORMAT", "VISIBILITY", "COLUMNS", "PARAM", "RULES",
    "CONFIGURATION",
)  # fmt: skip
#: Those of them that may be given repeatedly.
REPEATED = ("INPUTS",)

_FIELDS = {
    "NAME": "display_name", "DESCRIPTION": "description", "OBJECTS": "objects", "RELEASE": "release",
    "FORMAT": "output_format", "VISIBILITY": "visibility", "RULES": "rules",
}  # fmt: skip
#: Key of the object catalogue in a configuration file of a pipeline that takes none, so that it is refused.
_OBJECTS = "dataset"
#: Keys of a configuration file that the server ignores.
_IGNORED = frozenset({"executor", "output_root_dir", "output_dir", "output_name"})


def parameters_of(pipeline: AnyPipeline) -> Mapping[str, tuple[tuple[str, ...], bool]]:
    """Return the job parameters of a pipeline: upper-case name to its path of keys, and whether it is a text.

    A parameter inside another one is written with a dot: ``CROSSMATCH.RADIUS_ARCSEC``; the group ``CROSSMATCH`` may be
    given as a mapping as well, and comes first.
    """
    return {".".join(path).upper(): (path, is_text) for path, is_text in _leaves(pipeline.parameters, ())}


def request_of_parameters(pipeline: AnyPipeline, given: Mapping[str, str]) -> RunRequest:
    """Parse the parameters of a job.

    Single parameters take precedence over PARAM, and PARAM over CONFIGURATION.

    Raises
    ------
    InvalidValueError
        A parameter is not valid, or a configuration file has unknown keys.
    """
    fields: dict[str, Any] = {}
    if text := given.get("CONFIGURATION"):
        has_inputs = bool(given.get("INPUTS"))
        fields = _of_configuration(pipeline, read_yaml(text, "CONFIGURATION"), has_inputs=has_inputs)
    fields |= {_FIELDS[name]: given[name] for name in _FIELDS if given.get(name)}
    if given.get("INPUTS"):
        fields["inputs"] = [part for part in given["INPUTS"].replace(",", ";").split(";") if part.strip()]
    if given.get("COLUMNS"):
        fields["columns"] = _mapping(given["COLUMNS"], "COLUMNS")
    param = dict(fields.get("param", {}))
    if given.get("PARAM"):
        param |= _mapping(given["PARAM"], "PARAM")
    for name, (path, is_text) in parameters_of(pipeline).items():
        if given.get(name):
            _put(param, path, given[name] if is_text else read_yaml(given[name], name))
    return parse_request(fields | {"param": param})


def parse_request(fields: Mapping[str, Any]) -> RunRequest:
    """Parse a request in JSON.

    Raises
    ------
    InvalidValueError
        A key is unknown, or a value has a wrong type.
    """
    values = dict(fields)
    for key in ("objects", "release"):
        values[key] = None if values.get(key) in {None, ""} else str(values[key]).strip()
    inputs = values.get("inputs") or []
    values["inputs"] = [str(each).strip() for each in (inputs if isinstance(inputs, list | tuple) else [inputs])]
    try:
        return RunRequest.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]["loc"]
        raise InvalidValueError(
            f"The request is not valid: {_with_values(error, RunRequest)}", field=str(first[0]) if first else None
        ) from error


def job_parameters(request: RunRequest) -> dict[str, str]:
    """Return the job parameters of a request, the inverse of `request_of_parameters`."""
    values = {name: str(value) for name, field in _FIELDS.items() if (value := getattr(request, field)) is not None}
    values["INPUTS"] = ";".join(request.inputs)
    values["PARAM"] = json.dumps(dict(request.param))
    if request.columns:
        values["COLUMNS"] = json.dumps({name: dict(columns) for name, columns in request.columns.items()})
    return {name: value for name, value in values.items() if value}


def checked_request(pipeline: AnyPipeline, request: RunRequest) -> RunRequest:
    """Check the parameters, the format and the rules of a request, without its inputs.

    Returns
    -------
    RunRequest
        The request without parameters that have no effect; its ``ignored`` names them.

    Raises
    ------
    InvalidValueError
        Names the parameter and its value.
    """
    request = _without_ignored(pipeline, request)
    try:
        pipeline.parameters.model_validate(dict(request.param))
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InvalidValueError(
            f"The parameters of {pipeline.display_name} are not valid: {_with_values(error, pipeline.parameters)}",
            field=place or "param",
        ) from error
    if request.output_format not in {None, "specz", "hats"}:
        output_format_of(str(request.output_format))
    if request.rules is not None:
        pipeline.check_rules(request.rules)
    return request


def _without_ignored(pipeline: AnyPipeline, request: RunRequest) -> RunRequest:
    """Remove the parameters that clients of the public server send without effect."""
    param: Mapping[str, Any] = request.param
    sentences = list(request.ignored)
    for name, reason in pipeline.without_effect.items():
        if (fewer := _without(param, name.split("."))) != param:
            param = fewer
            sentences.append(f"The parameter '{name}' has no effect here: {reason}.")
    return request.model_copy(update={"param": dict(param), "ignored": tuple(sentences)})


def _without(values: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    """Return nested mappings without one key."""
    first, *rest = path
    if not rest:
        return {key: value for key, value in values.items() if key != first}
    inner = values.get(first)
    return {**values, first: _without(inner, rest)} if isinstance(inner, Mapping) else values


def _leaves(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bool]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield (*path, name), False
            yield from _leaves(kind, (*path, name))
        else:
            yield (*path, name), _is_text(kind)


def _is_text(kind: object) -> bool:
    """Return whether all values except None are texts, which are not parsed as YAML."""
    if kind is str:
        return True
    arguments = [each for each in get_args(kind) if each is not type(None)]
    if get_origin(kind) in {tuple, Mapping, dict} or not arguments:
        return False
    return all(isinstance(each, str) or _is_text(each) for each in arguments)


def _put(target: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        inner = target.get(key)
        target[key] = dict(inner) if isinstance(inner, Mapping) else {}
        target = target[key]
    old = target.get(path[-1])
    if isinstance(old, Mapping) and isinstance(value, Mapping):
        value = {**old, **value}
    target[path[-1]] = value


def _mapping(text: str, name: str) -> dict[str, Any]:
    value = read_yaml(text, name)
    if not isinstance(value, dict):
        raise InvalidValueError(f"{name} must be a mapping in JSON or YAML, not {text[:80]!r}.", field=name)
    return value


def _of_configuration(pipeline: AnyPipeline, document: object, *, has_inputs: bool) -> dict[str, Any]:
    """Parse a whole configuration file, or one with parameters only; other inputs may take the place of its own."""
    if not isinstance(document, dict):
        raise InvalidValueError("A configuration must be a mapping of keys to values.", field="CONFIGURATION")
    if not {"param", "inputs"} & document.keys():
        whole = {"output_format", *_IGNORED}
        if not whole & document.keys():
            return {"param": document}
    known = {"param", "inputs", "output_format", *_IGNORED}
    if unknown := sorted(map(str, document.keys() - known)):
        raise InvalidValueError(
            f"The configuration has the unknown key '{unknown[0]}'; the keys are {', '.join(sorted(known))}.",
            field="CONFIGURATION",
        )
    fields: dict[str, Any] = {"param": document.get("param") or {}, "output_format": document.get("output_format")}
    inputs = document.get("inputs") or {}
    if not isinstance(inputs, dict) or not isinstance(fields["param"], dict):
        raise InvalidValueError("'inputs' and 'param' of a configuration must be mappings.", field="CONFIGURATION")
    _read_inputs(pipeline, inputs, fields, has_inputs=has_inputs)
    return fields


def _read_inputs(pipeline: AnyPipeline, inputs: Mapping[str, Any], fields: dict[str, Any], *, has_inputs: bool) -> None:
    catalogues = [each for each in inputs.get(pipeline.inputs.key) or [] if isinstance(each, dict)]
    if pipeline.inputs.maximum == 1:
        catalogues = catalogues[-1:]
    named = [(name, each) for each in catalogues if (name := _reference(each))]
    if len(named) < len(catalogues) and not has_inputs:
        lost = next(each for each in catalogues if not _reference(each))
        raise InvalidValueError(
            f"The catalogue '{str(lost.get('path') or '')[:100]}' of the configuration is neither a product nor a file "
            "in the VOSpace; give its 'internal_name', its vos: address as 'path', or INPUTS.",
            field="CONFIGURATION",
        )
    fields["inputs"] = [name for name, _ in named]
    fields["columns"] = {name: each["columns"] for name, each in named if each.get("columns")}
    dataset = inputs.get(_OBJECTS if pipeline.objects is None else pipeline.objects.key)
    if isinstance(dataset, dict) and (objects := _reference(dataset)):
        fields["objects"] = objects
        # The owner of a product declared it, and configurations of the public server may name a column that does not
        # exist.
        if objects == dataset.get("path") and dataset.get("columns"):
            fields["columns"][objects] = dataset["columns"]


def _reference(entry: Mapping[str, Any]) -> str | None:
    """Return the reference in an entry of a configuration: the URI of a file, or the internal name of a product."""
    path = str(entry.get("path") or "")
    return path if path.lower().startswith("vos:") else str(entry.get("internal_name") or "") or None


def _with_values(error: ValidationError, model: type[BaseModel]) -> str:
    faults = []
    for found in error.errors(include_url=False)[:5]:
        place = ".".join(str(part) for part in found["loc"]) or "param"
        what = found["msg"].removeprefix("Value error, ")
        if found["type"] == "extra_forbidden":
            faults.append(f"there is no parameter '{place}'{_nearest(found['loc'], model)}")
        else:
            faults.append(f"{place}: {what} (found {_brief(found['input'])})")
    return "; ".join(faults) + "."


def _nearest(place: Sequence[int | str], model: type[BaseModel]) -> str:
    """Return a hint at the parameter that is most like an unknown one, or at all of them."""
    for part in place[:-1]:
        inner = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        models = [each for each in (inner, *get_args(inner)) if isinstance(each, type) and issubclass(each, BaseModel)]
        if not models:
            return ""
        model = models[0]
    known = sorted(model.model_fields)
    near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else f" (the parameters are {', '.join(known)})"


def _brief(value: object) -> str:
    try:
        return json.dumps(value)[:80]
    except (TypeError, ValueError):
        return repr(value)[:80]
