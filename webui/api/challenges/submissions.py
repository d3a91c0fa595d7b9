"""REST resources of submissions: submit a product or a file, list, withdraw, score again, scores and log."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError, TooLargeError
from core.files import Staging
from core.web.multipart import announces_more, receive_form
from pipelines.challenges.exports.tables import scores_csv
from pipelines.challenges.models import Score, Submission
from webui.addresses import product_key
from webui.api.bodies import parse_body, read_fields
from webui.api.challenges.bodies import SubmissionBody
from webui.api.challenges.challenges import CSV
from webui.api.challenges.representations import score_json, submission_json
from webui.api.errors import api_router
from webui.api.lists import Listing
from webui.api.parameters import chosen_format
from webui.api.representations.products import Json
from webui.services import WebServices

__all__ = ["receive_submission", "routes"]

_SCORE_FORMS = ("json", "csv")


def routes(services: WebServices) -> APIRouter:
    """Return the routes of submissions."""
    router = api_router("challenges")
    _add_reading(router, services)
    _add_submitting(router, services)
    return router


async def receive_submission(
    services: WebServices, identity: Identity, name: str, request: Request, entered: dict[str, str] | None = None
) -> Submission:
    """Submit what a request has: a product by its number or name, or a form with a file.

    Parameters
    ----------
    entered
        Receives the fields of the form that were read, also when the submission is refused.

    Raises
    ------
    PhotozError
        The submission is refused.
    """
    submissions = services.pipelines.challenges.submissions
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        fields = await read_fields(request)
        _keep(fields, entered)
        return await run_in_threadpool(_submit_product, services, identity, name, parse_body(SubmissionBody, fields))
    challenge = await run_in_threadpool(services.pipelines.challenges.service.get, identity, name)
    most = challenge.definition.limits.max_bytes

    def stage(fields: dict[str, str]) -> Staging:
        _keep(fields, entered)
        if announces_more(request, most):
            raise TooLargeError(f"The file is larger than the {most} bytes that the challenge accepts.", field="file")
        return submissions.stage(identity, name, parse_body(SubmissionBody, fields).task_set)

    form = await receive_form(request, stage)
    _keep(form.fields, entered)
    if not form.files:
        body = parse_body(SubmissionBody, form.fields)
        return await run_in_threadpool(_submit_product, services, identity, name, body)
    sent = form.files[0]
    try:
        new = parse_body(SubmissionBody, form.fields).new
    except InvalidValueError:  # of a field after the file
        await run_in_threadpool(submissions.discard, sent.stored)
        raise
    return await run_in_threadpool(submissions.submit_file, identity, name, new, sent.name, sent.stored)


def _add_reading(router: APIRouter, services: WebServices) -> None:
    authenticate, challenges = services.authenticate, services.pipelines.challenges
    listing = Listing[Submission](
        services.settings,
        {"task_set": lambda each: each.task_set, "submitted_at": lambda each: each.submitted_at},
        lambda each: (each.task_set, each.method.method, each.user, each.state.value),
    )

    @router.get(
        "/challenges/{name}/submissions",
        summary="The caller's submissions; all of them for organisers",
        openapi_extra=listing.parameters,
    )
    def list_submissions(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        return listing.response(request, challenges.submissions.list(identity, name), submission_json)

    @router.get("/challenges/{name}/submissions/{number}", summary="One submission, with its checks")
    def one_submission(name: str, number: int, identity: Identity = Depends(authenticate)) -> Json:
        return submission_json(challenges.submissions.get(identity, name, number))

    of_scores = Listing[Score](
        services.settings,
        {"metric": lambda score: score.metric, "subset": lambda score: score.subset},
        lambda score: (score.metric, score.subset),
    )

    @router.get(
        "/challenges/{name}/submissions/{number}/scores",
        summary="Its scores on all subsets that the caller may see, as JSON or CSV",
        openapi_extra=of_scores.parameters,
    )
    def scores(
        name: str,
        number: int,
        request: Request,
        format: str = Query("json", json_schema_extra={"enum": [*_SCORE_FORMS]}),  # noqa: A002 - its name on the wire
        identity: Identity = Depends(authenticate),
    ) -> Response:
        form = chosen_format(format, _SCORE_FORMS)
        found = challenges.submissions.scores(identity, name, number)
        if form == "csv":
            return Response(scores_csv(found), media_type=CSV)
        return of_scores.response(request, found, score_json)

    @router.get("/challenges/{name}/submissions/{number}/log", summary="The log of its checks and its scoring")
    def log(name: str, number: int, identity: Identity = Depends(authenticate)) -> Json:
        return {"lines": list(challenges.submissions.log(identity, name, number))}


def _add_submitting(router: APIRouter, services: WebServices) -> None:
    authenticate, challenges = services.authenticate, services.pipelines.challenges

    @router.post(
        "/challenges/{name}/submissions",
        status_code=201,
        summary="Submit a product, or a file in a form; a job checks and scores it",
    )
    async def submit(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.WRITE)
        return submission_json(await receive_submission(services, identity, name, request))

    @router.post("/challenges/{name}/submissions/{number}/withdraw", summary="Withdraw a submission")
    def withdraw(name: str, number: int, identity: Identity = Depends(authenticate)) -> Json:
        return submission_json(challenges.submissions.withdraw(identity, name, number))

    @router.post("/challenges/{name}/submissions/{number}/score", summary="Score a submission again; organisers only")
    def score_again(name: str, number: int, identity: Identity = Depends(authenticate)) -> Json:
        return submission_json(challenges.submissions.score_again(identity, name, number))


def _keep(fields: Mapping[str, Any], entered: dict[str, str] | None) -> None:
    if entered is not None:
        entered.update((name, value) for name, value in fields.items() if isinstance(value, str))


def _submit_product(services: WebServices, identity: Identity, name: str, body: SubmissionBody) -> Submission:
    if body.product is None:
        raise InvalidValueError("Send a file, or name a product of yours.", field="product")
    key = product_key(str(body.product).strip())
    return services.pipelines.challenges.submissions.submit_product(identity, name, body.new, key)
