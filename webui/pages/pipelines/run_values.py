"""Values of the form of a pipeline, taken from an earlier run or from a preset."""

import json
from collections.abc import Mapping
from typing import Any

from core.auth.models import Identity
from pipelines.models import AnyPipeline, Run
from pipelines.runs.presets import Preset
from products.models import Product
from webui.pages.pipelines.parameter_fields import ParameterField, parameter_fields
from webui.runs import input_products
from webui.services import WebServices

__all__ = ["input_files", "values_of_preset", "values_of_run"]


def values_of_run(services: WebServices, identity: Identity, run: Run) -> dict[str, str]:
    """Return the values of the form that would run a pipeline again, without inputs that the caller may not read."""
    settings, products = run.settings, input_products(services, identity, run)
    files = input_files(services, identity, run)
    objects = next((product for product in products if _names(settings.objects, product)), None)
    catalogues = [product for product in products if product is not objects]
    uris = [uri for uri in files if uri != settings.objects]
    readable = {*files, *(product.internal_name for product in products)}
    columns = {name: dict(chosen) for name, chosen in settings.columns.items() if name in readable}
    values = {
        **_parameter_values(run.pipeline, settings.param),
        "inputs": ";".join([*(str(product.id) for product in catalogues), *uris]),
        "output_format": settings.output_format or "",
        "visibility": "" if settings.visibility is None else settings.visibility.value,
        "RULES_TEXT": settings.rules or "",
        "COLUMNS": json.dumps(columns) if columns else "",
    }
    if objects is not None:
        values["objects"] = f"product:{objects.id}"
    elif settings.objects in files:
        values["objects_file"] = settings.objects or ""
    elif settings.release is not None:
        values["objects"] = f"release:{_release_name(services, identity, settings.release)}"
    return {name: value for name, value in values.items() if value}


def values_of_preset(pipeline: AnyPipeline, preset: Preset) -> dict[str, str]:
    """Return the values of the form that a preset has."""
    request = preset.request
    values = {
        **_parameter_values(pipeline, request.param),
        "output_format": request.output_format or "",
        "RULES_TEXT": request.rules or "",
    }
    return {name: value for name, value in values.items() if value}


def input_files(services: WebServices, identity: Identity, run: Run) -> tuple[str, ...]:
    """Return the VOSpace URIs of the input files of a run that the identity may read."""
    sources = services.products.provenance.of(identity, run.product_id).sources
    return tuple(each.entity.name for each in sources if each.entity is not None and each.entity.is_file)


def _names(reference: str | None, product: Product) -> bool:
    return reference in {str(product.id), product.internal_name}


def _release_name(services: WebServices, identity: Identity, release: str) -> str:
    known = services.products.service.releases(identity)
    return next((each.name for each in known if release in {each.name, str(each.id)}), release)


def _parameter_values(pipeline: AnyPipeline, param: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of the fields; parameters without a field are in ``PARAM``, as JSON."""
    left, values = json.loads(json.dumps(dict(param))), {}
    for field in parameter_fields(pipeline):
        found, value = _take(left, field.name.split("."))
        if found:
            values[field.name] = _text(field, value)
    remaining = _without_empty(left)
    return values | ({"PARAM": json.dumps(remaining)} if remaining else {})


def _take(values: dict[str, Any], path: list[str]) -> tuple[bool, Any]:
    """Remove a value from nested objects; return whether it was there, and the value."""
    for key in path[:-1]:
        inner = values.get(key)
        if not isinstance(inner, dict):
            return False, None
        values = inner
    return (True, values.pop(path[-1])) if path[-1] in values else (False, None)


def _text(field: ParameterField, value: Any) -> str:
    if value is None:
        return ""
    if field.kind == "flag":
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return json.dumps(value) if field.kind == "yaml" else str(value)


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    kept = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in kept.items() if value != {}}
