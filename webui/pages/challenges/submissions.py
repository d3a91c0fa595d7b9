"""Pages of submissions: the form that submits, one submission with its scores, and its withdrawal."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity, Scope
from core.errors import ConflictError, InvalidValueError, NotFoundError, TooLargeError, TooManyRequestsError
from core.web.routes import close_unread
from pipelines.challenges.definition import PRIVATE, PUBLIC, WHOLE
from pipelines.challenges.exports.charts import OVERLAYS, distribution_names
from pipelines.challenges.models import Submission, SubmissionState
from pipelines.validation.metrics import METRICS
from webui.api.challenges.submissions import receive_submission
from webui.pages.challenges.challenges import challenge_page, product_or_none
from webui.pages.forms import FormState, see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_REFUSALS = (InvalidValueError, ConflictError, TooLargeError, TooManyRequestsError, NotFoundError)
_FIELDS = ("file", "product", "method", "description", "task_set", "authors", "code", "seconds", "training_set")


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the form of a submission, and the page of each submission."""
    authenticate, submissions = services.authenticate, services.pipelines.challenges.submissions

    @router.post("/challenges/{name}/submissions")
    async def submit(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        await run_in_threadpool(services.pipelines.challenges.service.get, identity, name)
        entered: dict[str, str] = {}
        try:
            made = await receive_submission(services, identity, name, request, entered)
        except _REFUSALS as error:
            form = FormState.refused(entered, error, *_FIELDS)
            page = await run_in_threadpool(challenge_page, services, renderer, identity, name, form)
            close_unread(page, error)
            return page
        return see_other(f"/challenges/{name}/submissions/{made.id}")

    @router.get("/challenges/{name}/submissions/{number}")
    def one_submission(name: str, number: int, identity: Identity = Depends(authenticate)) -> Response:
        found = submissions.get(identity, name, number)
        scores: dict[str, dict[str, object]] = {}
        for score in submissions.scores(identity, name, number):
            scores.setdefault(score.subset, {})[score.metric] = score
        part = next((each for each in (WHOLE, PUBLIC, PRIVATE) if each in scores), "")
        return renderer.page(
            "challenges/submission.html",
            identity,
            distributions=_distributions(services, identity, found, part),
            overlays=OVERLAYS,
            part=part,
            challenge=services.pipelines.challenges.service.get(identity, name),
            submission=found,
            product=product_or_none(services, identity, found.product_id),
            training_set=product_or_none(services, identity, found.method.training_set),
            scores=scores,
            metrics=METRICS,
            log=submissions.log(identity, name, number),
            is_waiting=found.state.is_waiting,
        )

    @router.post("/challenges/{name}/submissions/{number}/withdraw")
    def withdraw(name: str, number: int, identity: Identity = Depends(authenticate)) -> Response:
        submissions.withdraw(identity, name, number)
        return see_other(f"/challenges/{name}/submissions/{number}")

    @router.post("/challenges/{name}/submissions/{number}/score")
    def score_again(name: str, number: int, identity: Identity = Depends(authenticate)) -> Response:
        submissions.score_again(identity, name, number)
        return see_other(f"/challenges/{name}/submissions/{number}")


def _distributions(services: WebServices, identity: Identity, submission: Submission, part: str) -> tuple[str, ...]:
    """Return the names of the figures of distributions of a submission on a part of the truth."""
    if submission.state is not SubmissionState.SCORED or not part:
        return ()
    comparisons = services.pipelines.challenges.comparisons
    return distribution_names(
        comparisons.compare(
            identity,
            submission.challenge,
            task_set=submission.task_set,
            subset=part,
            submissions=(submission.id,),
        )
    )
