"""Pages of pipelines: list of pipelines and of runs, and the form that runs a pipeline."""

from dataclasses import replace

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError
from pipelines.declarations import InputSlot
from pipelines.definitions import pipeline_by_name
from pipelines.handlers.forms import read_multipart
from pipelines.models import AnyPipeline, RunRequest
from pipelines.outputs import OUTPUT_LABELS
from pipelines.runs.requests import request_of_parameters
from pipelines.storage import RunQuery
from products.models import Product, ProductStatus, Release, Visibility
from products.product_types import product_type_by_name
from products.search.queries import ProductQuery
from vospace.storage import HOME
from webui.pages.forms import FormState, see_other
from webui.pages.pipelines.parameter_fields import entered_parameters, parameter_fields
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_MAX_RUNS = 100
_OWN = {"display_name": "NAME", "description": "DESCRIPTION", "visibility": "VISIBILITY", "output_format": "FORMAT"}
#: Fields of the form with inputs: selected products, and URIs of files.
_INPUTS = ("inputs", "files")
_FIELDS = ("display_name", "description", "inputs", "objects", "visibility", "output_format", "RULES", "CONFIGURATION")


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of pipelines and runs, and the form of each pipeline."""
    authenticate, definitions = services.authenticate, services.pipelines.definitions

    @router.get("/pipelines")
    def overview(identity: Identity = Depends(authenticate)) -> Response:
        runs = () if identity.is_anonymous else services.pipelines.service.list(identity, RunQuery())[:_MAX_RUNS]
        return renderer.page("pipelines/pipelines.html", identity, pipelines=tuple(definitions.values()), runs=runs)

    @router.get("/run/{name}")
    def run_form(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        pipeline = pipeline_by_name(name, definitions)
        identity.require(Scope.WRITE)
        # A link may select inputs: /run/combine_redshift_dedup?inputs=12&inputs=15.
        form = FormState({"inputs": ";".join(request.query_params.getlist("inputs"))})
        return _form_page(services, renderer, identity, pipeline, form)

    @router.post("/run/{name}")
    async def run(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        pipeline = pipeline_by_name(name, definitions)
        identity.require(Scope.WRITE)
        pairs = await read_multipart(request)
        return await run_in_threadpool(_submit, services, renderer, identity, pipeline, pairs)


def _submit(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    pipeline: AnyPipeline,
    pairs: list[tuple[str, str]],
) -> Response:
    values = dict(pairs) | {"inputs": ";".join(value for name, value in pairs if name in _INPUTS)}
    try:
        made = services.pipelines.service.submit(identity, pipeline, _request(pipeline, values))
    except InvalidValueError as error:
        form = replace(FormState.refused(values, error), field=_field_of(pipeline, error.field))
        return _form_page(services, renderer, identity, pipeline, form)
    return see_other(f"/runs/{made.id}")


def _field_of(pipeline: AnyPipeline, location: str | None) -> str | None:
    """Return the form field of an error: the parameter that has the value, or contains it."""
    fields = [*_FIELDS, *(field.name for field in parameter_fields(pipeline))]
    return next((name for name in fields if location == name or (location or "").startswith(f"{name}.")), None)


def _request(pipeline: AnyPipeline, values: dict[str, str]) -> RunRequest:
    given = entered_parameters(pipeline, values)
    given |= {parameter: values[name].strip() for name, parameter in _OWN.items() if values.get(name, "").strip()}
    given |= {name: values[name] for name in ("RULES", "CONFIGURATION") if values.get(name, "").strip()}
    if values["inputs"]:
        given["INPUTS"] = values["inputs"]
    kind, _, key = values.get("objects", "").partition(":")
    if file := values.get("objects_file", "").strip():
        if key:
            raise InvalidValueError("Choose a listed object catalogue or enter a file, not both.", field="objects")
        given["OBJECTS"] = file
    if key and kind in {"product", "release"}:
        given["OBJECTS" if kind == "product" else "RELEASE"] = key
    if pipeline.inputs.maximum != 1 and not given.get("INPUTS") and not given.get("CONFIGURATION"):
        raise InvalidValueError("Choose at least one catalogue.", field="inputs")
    return request_of_parameters(pipeline, given)


def _form_page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    pipeline: AnyPipeline,
    form: FormState,
) -> Response:
    fields, given = parameter_fields(pipeline), [part.strip() for part in form.value("inputs").split(";")]
    return renderer.form(
        "pipelines/run_form.html",
        identity,
        form,
        pipeline=pipeline,
        chosen=frozenset(given),
        addresses="; ".join(part for part in given if part.lower().startswith("vos:")),
        home=services.vospace.nodes.uris.of((HOME, identity.name or "")),
        catalogues=_published(services, identity, pipeline.inputs),
        objects=() if pipeline.objects is None else _published(services, identity, pipeline.objects),
        releases=_releases(services, identity, pipeline),
        fields=[field for field in fields if not field.advanced],
        advanced=[field for field in fields if field.advanced],
        formats=OUTPUT_LABELS.items(),
        visibilities=[each for each in Visibility if each is not Visibility.GROUPS],
    )


def _releases(services: WebServices, identity: Identity, pipeline: AnyPipeline) -> list[Release]:
    """Return the releases whose object catalogues the pipeline may read."""
    if pipeline.objects is None or not pipeline.objects.takes_release:
        return []
    checker = services.pipelines.checker
    return [
        release for release in services.products.service.releases(identity) if checker.catalogue_of(release) is not None
    ]


def _published(services: WebServices, identity: Identity, slot: InputSlot) -> tuple[Product, ...]:
    query = ProductQuery(
        product_types=tuple(product_type_by_name(name).id for name in slot.product_types),
        statuses=(ProductStatus.PUBLISHED,),
        ordering="display_name",
    )
    return services.products.service.list(identity, query).products
