"""The form that runs a pipeline: its choice of inputs, its parameters, and the request that it makes."""

from collections.abc import Mapping, Sequence

from fastapi import Response

from core.auth.models import Identity
from core.errors import InvalidValueError
from pipelines.models import AnyPipeline, RunRequest
from pipelines.outputs import OUTPUT_LABELS
from pipelines.runs.preview import RunPreview
from pipelines.runs.requests import request_of_parameters
from products.models import Release, Visibility
from vospace.storage import HOME
from webui.pages.forms import FormState
from webui.pages.pipelines.input_choosers import choose_inputs, choose_objects
from webui.pages.pipelines.parameter_fields import entered_parameters, parameter_fields
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["RunForm", "entered_values", "field_of_error", "run_request"]

_OWN = {"display_name": "NAME", "description": "DESCRIPTION", "visibility": "VISIBILITY", "output_format": "FORMAT"}
#: Fields of the form with inputs: selected products, and URIs of files.
_INPUTS = ("inputs", "files")
_FIELDS = (
    "display_name", "description", "inputs", "objects", "visibility", "output_format", "RULES", "CONFIGURATION",
    "COLUMNS", "PARAM", "preset_name",
)  # fmt: skip
#: Files of the form, whose text is kept when the form is shown again.
_FILES = ("RULES", "CONFIGURATION")


class RunForm:
    """The page with the form of a pipeline."""

    def __init__(self, services: WebServices, renderer: PageRenderer) -> None:
        self._services = services
        self._renderer = renderer

    def show(
        self, identity: Identity, pipeline: AnyPipeline, form: FormState, preview: RunPreview | None = None
    ) -> Response:
        """Render the form with the values that it has."""
        fields, given = parameter_fields(pipeline), [part.strip() for part in form.value("inputs").split(";")]
        services, objects = self._services, choose_objects(self._services, identity, pipeline, form)
        return self._renderer.form(
            "pipelines/run_form.html",
            identity,
            form,
            pipeline=pipeline,
            preview=preview,
            presets=services.pipelines.presets.list(identity, pipeline),
            chooser=choose_inputs(services, identity, pipeline.inputs, form),
            addresses="; ".join(part for part in given if part.lower().startswith("vos:")),
            home=services.vospace.nodes.uris.of((HOME, identity.name or "")),
            objects=objects,
            suggested={} if objects is None else _suggestions(pipeline, objects.releases),
            fields=[field for field in fields if not field.advanced],
            advanced=[field for field in fields if field.advanced],
            formats=OUTPUT_LABELS.items(),
            visibilities=[each for each in Visibility if each is not Visibility.GROUPS],
        )


def entered_values(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the values of a submitted form; the texts of its files stay when it is shown again."""
    values = dict(pairs)
    given = [part.strip() for name, value in pairs if name in _INPUTS for part in value.split(";")]
    values["inputs"] = ";".join(dict.fromkeys(part for part in given if part))
    for name in _FILES:
        values[f"{name}_TEXT"] = values.pop(name, "").strip() or values.get(f"{name}_TEXT", "").strip()
    return values


def field_of_error(pipeline: AnyPipeline, location: str | None) -> str | None:
    """Return the form field of an error: the parameter that has the value, or contains it."""
    fields = [*_FIELDS, *(field.name for field in parameter_fields(pipeline))]
    return next((name for name in fields if location == name or (location or "").startswith(f"{name}.")), None)


def run_request(pipeline: AnyPipeline, values: Mapping[str, str], *, needs_inputs: bool = True) -> RunRequest:
    """Return the request of a submitted form.

    Raises
    ------
    InvalidValueError
        A value is invalid; the field is named.
    """
    given = entered_parameters(pipeline, values)
    given |= {parameter: values[name].strip() for name, parameter in _OWN.items() if values.get(name, "").strip()}
    given |= {name: values[name] for name in ("COLUMNS", "PARAM") if values.get(name, "").strip()}
    given |= {name: values[f"{name}_TEXT"] for name in _FILES if values.get(f"{name}_TEXT", "").strip()}
    if values.get("inputs"):
        given["INPUTS"] = values["inputs"]
    kind, _, key = values.get("objects", "").partition(":")
    if file := values.get("objects_file", "").strip():
        if key:
            raise InvalidValueError("Choose a listed object catalogue or enter a file, not both.", field="objects")
        given["OBJECTS"] = file
    if key and kind in {"product", "release"}:
        given["OBJECTS" if kind == "product" else "RELEASE"] = key
    is_missing = not given.get("INPUTS") and not given.get("CONFIGURATION")
    if needs_inputs and pipeline.inputs.maximum != 1 and is_missing:
        raise InvalidValueError("Choose at least one catalogue.", field="inputs")
    return request_of_parameters(pipeline, given)


def _suggestions(
    pipeline: AnyPipeline, releases: Sequence[Release]
) -> dict[str, list[tuple[str, list[tuple[str, str]]]]]:
    """Return the values that releases have of parameters: by parameter and release, names and labels."""
    found = {}
    for field in parameter_fields(pipeline):
        by_release = [(release, getattr(release, field.of_release) or ()) for release in releases if field.of_release]
        found[field.name] = [
            (release.display_name, [(str(each["name"]), str(each["display_name"])) for each in choices])
            for release, choices in by_release
            if choices
        ]
    return {name: listed for name, listed in found.items() if listed}
