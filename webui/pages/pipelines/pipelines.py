"""Pages of pipelines: list of pipelines and of runs, and the form that runs a pipeline, previews and saves it."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from core.errors import ConflictError, InvalidValueError
from pipelines.definitions import pipeline_by_name
from pipelines.handlers.forms import read_multipart
from pipelines.models import AnyPipeline
from pipelines.storage import RunQuery
from webui.pages.forms import FormState, see_other
from webui.pages.pipelines.run_form import RunForm, entered_values, field_of_error, run_request
from webui.pages.pipelines.run_values import values_of_preset, values_of_run
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_MAX_RUNS = 100
_MAX_DIGITS = 9
#: What an address may choose, and what stays in the form when its parameters are saved as a preset.
_CHOSEN = ("inputs", "objects", "objects_file", "display_name", "description", "visibility")
#: Bytes of a description that fit into an address.
_LONGEST_IN_ADDRESS = 1500


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of pipelines and runs, and the form of each pipeline."""
    _add_form(router, services, RunForm(services, renderer))
    _add_submissions(router, services, RunForm(services, renderer))

    @router.get("/pipelines")
    def overview(identity: Identity = Depends(services.authenticate)) -> Response:
        runs = () if identity.is_anonymous else services.pipelines.service.list(identity, RunQuery(limit=_MAX_RUNS))
        definitions = services.pipelines.definitions
        return renderer.page("pipelines/pipelines.html", identity, pipelines=tuple(definitions.values()), runs=runs)


def _add_form(router: APIRouter, services: WebServices, page: RunForm) -> None:
    authenticate, definitions = services.authenticate, services.pipelines.definitions

    @router.get("/run/{name}")
    def run_form(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        """Show the form; an address may choose inputs, an earlier run, a preset, and a page of the list of inputs."""
        pipeline = pipeline_by_name(name, definitions)
        identity.require(Scope.WRITE)
        given = request.query_params
        values = _earlier_values(services, identity, pipeline, given.get("again", ""), given.get("preset", ""))
        # A link may select inputs: /run/combine_redshift_dedup?inputs=12&inputs=15.
        if chosen := given.getlist("inputs"):
            values["inputs"] = ";".join(chosen)
        values |= {name: given[name] for name in (*_CHOSEN[1:], "search", "page") if name in given}
        return page.show(identity, pipeline, FormState(values))


def _add_submissions(router: APIRouter, services: WebServices, page: RunForm) -> None:
    authenticate, pipelines = services.authenticate, services.pipelines

    async def submitted(
        name: str, request: Request, identity: Identity, act: Callable[[AnyPipeline, dict[str, str]], Response]
    ) -> Response:
        """Read a form and act on it; a value that is refused is shown in the form."""
        pipeline = pipeline_by_name(name, pipelines.definitions)
        identity.require(Scope.WRITE)
        values = entered_values(await read_multipart(request))
        try:
            return await run_in_threadpool(act, pipeline, values)
        except (InvalidValueError, ConflictError) as error:
            form = replace(FormState.refused(values, error), field=field_of_error(pipeline, error.field))
            return await run_in_threadpool(page.show, identity, pipeline, form)

    @router.post("/run/{name}")
    async def run(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        def act(pipeline: AnyPipeline, values: dict[str, str]) -> Response:
            return see_other(f"/runs/{pipelines.service.submit(identity, pipeline, run_request(pipeline, values)).id}")

        return await submitted(name, request, identity, act)

    @router.post("/run/{name}/form")
    async def search(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        def act(pipeline: AnyPipeline, values: dict[str, str]) -> Response:
            return page.show(identity, pipeline, FormState(values))

        return await submitted(name, request, identity, act)

    @router.post("/run/{name}/preview")
    async def preview(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        def act(pipeline: AnyPipeline, values: dict[str, str]) -> Response:
            checked = pipelines.checker.check(identity, pipeline, run_request(pipeline, values))
            found = pipelines.previewer.preview(identity, checked)
            return page.show(identity, pipeline, FormState(values), found)

        return await submitted(name, request, identity, act)

    @router.post("/run/{name}/presets")
    async def save(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        def act(pipeline: AnyPipeline, values: dict[str, str]) -> Response:
            wanted = run_request(pipeline, values, needs_inputs=False)
            saved = pipelines.presets.save(identity, pipeline, values.get("preset_name", ""), wanted)
            kept = {name: values[name] for name in _CHOSEN if 0 < len(values.get(name, "")) <= _LONGEST_IN_ADDRESS}
            return see_other(f"/run/{pipeline.name}?{urlencode({'preset': saved.key, **kept})}")

        return await submitted(name, request, identity, act)

    @router.post("/run/{name}/presets/{key}/delete")
    def delete(name: str, key: str, identity: Identity = Depends(authenticate)) -> Response:
        pipeline = pipeline_by_name(name, pipelines.definitions)
        pipelines.presets.delete(identity, pipeline, key)
        return see_other(f"/run/{pipeline.name}")


def _earlier_values(
    services: WebServices, identity: Identity, pipeline: AnyPipeline, again: str, preset: str
) -> dict[str, str]:
    """Return the values of an earlier run, or of a preset."""
    if again:
        if not (again.isascii() and again.isdecimal() and len(again) <= _MAX_DIGITS):
            raise InvalidValueError(f"'{again:.60}' is not the number of a run.", field="again")
        run = services.pipelines.service.get(identity, int(again))
        if run.pipeline.name != pipeline.name:
            message = f"Run {run.id} is one of {run.pipeline.display_name}, not of {pipeline.display_name}."
            raise InvalidValueError(message, field="again")
        return values_of_run(services, identity, run)
    if preset:
        found = services.pipelines.presets.find(pipeline, preset)
        return values_of_preset(pipeline, found) | {"preset_name": found.name, "preset": found.key}
    return {}
