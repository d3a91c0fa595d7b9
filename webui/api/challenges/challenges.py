"""REST resources of challenges: list, make, change, open, close, publish, delete; and their boards."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.models import Identity
from core.charts.chart import Chart
from core.errors import InvalidValueError
from pipelines.challenges.board import Board
from pipelines.challenges.definition import parse_definition
from pipelines.challenges.exports.archive import board_zip
from pipelines.challenges.exports.charts import REDSHIFTS, figure_chart, ranking_chart
from pipelines.challenges.exports.tables import board_csv, board_ecsv, board_latex
from pipelines.challenges.models import Challenge
from webui.api.bodies import parse_body, read_fields
from webui.api.challenges.bodies import ChallengeBody, ChallengePatch
from webui.api.challenges.representations import board_json, challenge_json
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.parameters import chosen_format
from webui.api.representations.products import Json
from webui.services import WebServices

__all__ = ["CSV", "routes", "submission_numbers"]

_LONGEST = 10

#: Media type of CSV.
CSV = "text/csv; charset=utf-8"

#: Forms of a board as a table or a chart: what writes it, its media type, and the ending of its file.
_FORMS: Mapping[str, tuple[Callable[[Board], str | bytes], str, str]] = {
    "csv": (board_csv, CSV, "csv"),
    "ecsv": (board_ecsv, "application/x-ecsv; charset=utf-8", "ecsv"),
    "latex": (board_latex, "application/x-latex; charset=utf-8", "tex"),
    "svg": (lambda board: ranking_chart(board).svg(), "image/svg+xml", "svg"),
    "pdf": (lambda board: ranking_chart(board).pdf(), "application/pdf", "pdf"),
}

_BOARD_FORMS = ("json", *_FORMS, "zip")

#: Forms of a figure.
_DRAWN: Mapping[str, Callable[[Chart], bytes]] = {"svg": Chart.svg, "pdf": Chart.pdf}


def routes(services: WebServices) -> APIRouter:
    """Return the routes of challenges and boards."""
    router = api_router("challenges")
    _add_reading(router, services)
    _add_changes(router, services)
    return router


def _add_reading(router: APIRouter, services: WebServices) -> None:
    authenticate, challenges = services.authenticate, services.pipelines.challenges
    listing = Listing[Challenge](
        services.settings,
        {"name": lambda each: each.name, "created_at": lambda each: each.created_at},
        lambda each: (each.name, each.definition.title, each.definition.description),
    )

    @router.get(
        "/challenges", summary="The challenges that the caller may see, newest first", openapi_extra=listing.parameters
    )
    def list_challenges(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return listing.response(request, challenges.service.list(identity), lambda each: challenge_json(services, each))

    @router.get("/challenges/{name}", summary="One challenge")
    def one_challenge(name: str, identity: Identity = Depends(authenticate)) -> Json:
        return challenge_json(services, challenges.service.get(identity, name))

    @router.get("/challenges/{name}/board", summary="Submissions ranked by a metric, as JSON, a table or a chart")
    def board(
        name: str,
        task_set: str = "",
        subset: str = "",
        metric: str = "",
        figure: str = "",
        submissions: str = Query(
            "", description="Numbers, such as 3,4.", json_schema_extra={"pattern": "^([0-9]{1,9}(,[0-9]{1,9})*)?$"}
        ),
        format: str = Query("json", json_schema_extra={"enum": [*_BOARD_FORMS]}),  # noqa: A002 - its name on the wire
        identity: Identity = Depends(authenticate),
    ) -> Response:
        form = chosen_format(format, _BOARD_FORMS)
        chosen = {"task_set": task_set, "subset": subset, "metric": metric}
        if form == "zip" or figure or submissions:
            numbers = submission_numbers(submissions) or submission_numbers(_own_number(figure))
            return _figures(identity, name, form, figure, numbers, chosen)
        found = challenges.boards.board(identity, name, **chosen)
        if form == "json":
            return JSONResponse(board_json(found))
        write, media, ending = _FORMS[form]
        return Response(write(found), media_type=media, headers=_attached(f"{name}_{found.task.name}_board.{ending}"))

    def _figures(
        identity: Identity, name: str, form: str, figure: str, numbers: tuple[int, ...], chosen: Mapping[str, str]
    ) -> Response:
        whole = challenges.boards.board(identity, name, **chosen)
        compared = challenges.comparisons.of_board(whole, numbers)
        if form == "zip":
            headers = _attached(f"{name}_{whole.task.name}_board.zip")
            return Response(board_zip(whole, compared), media_type="application/zip", headers=headers)
        if figure and form in _DRAWN:
            chart = figure_chart(compared, figure)
            headers = _attached(f"{name}_{figure}.{form}")
            return Response(_DRAWN[form](chart), media_type=_FORMS[form][1], headers=headers)
        if figure:
            raise InvalidValueError(f"A figure has the format {' or '.join(_DRAWN)}, not {form}.", field="format")
        if form == "json":
            return JSONResponse(board_json(compared.board))
        write, media, ending = _FORMS[form]
        return Response(write(compared.board), media_type=media, headers=_attached(f"{name}_board.{ending}"))


def submission_numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of submissions in a text such as ``3,4``.

    Raises
    ------
    InvalidValueError
        One of them is no number.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        if not (part.isascii() and part.isdecimal() and len(part) < _LONGEST):
            raise InvalidValueError(f"'{part:.40}' is no number of a submission.", field="submissions")
    return tuple(map(int, parts))


def _own_number(figure: str) -> str:
    """Return the number in the name of a figure of one submission, such as ``redshifts-3``; else nothing."""
    first, _, number = figure.rpartition("-")
    return number if first == REDSHIFTS else ""


def _attached(file_name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file_name}"'}


def _add_changes(router: APIRouter, services: WebServices) -> None:
    authenticate, challenges = services.authenticate, services.pipelines.challenges

    @router.post("/challenges", status_code=201, summary="Make a challenge, as a draft; administrators only")
    async def create(request: Request, identity: Identity = Depends(authenticate)) -> Json:
        body = parse_body(ChallengeBody, await read_fields(request))

        def work() -> Challenge:
            service = challenges.service
            service.require_maker(identity)
            definition = parse_definition(body.definition)
            return service.create(
                identity, body.name, definition, organisers=body.organisers or (), groups=body.groups or ()
            )

        return challenge_json(services, await run_in_threadpool(work))

    @router.patch("/challenges/{name}", summary="Change a challenge, or its state; organisers only")
    async def change(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        fields = await read_fields(request)

        def work() -> Challenge:
            service = challenges.service
            found = service.require_manager(identity, name)
            body = parse_body(ChallengePatch, fields)
            if body.definition or body.organisers is not None or body.groups is not None:
                whole = found.definition.model_dump(mode="json") | dict(body.definition)
                definition = parse_definition(whole) if body.definition else None
                found = service.change(
                    identity, name, definition=definition, organisers=body.organisers, groups=body.groups
                )
            return found if body.state is None else service.set_state(identity, name, body.state)

        return challenge_json(services, await run_in_threadpool(work))

    @router.delete("/challenges/{name}", status_code=204, summary="Delete a draft")
    def delete(name: str, identity: Identity = Depends(authenticate)) -> None:
        challenges.service.delete(identity, name)
