"""Submission of estimates to a challenge, in the last step of the wizard."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Response

from core.auth.models import Identity
from core.database import utc_now
from core.errors import InvalidValueError, PhotozError
from pipelines.challenges.definition import TaskSet
from pipelines.challenges.models import Challenge
from pipelines.challenges.submissions import NewSubmission
from products.models import Product
from webui.api.bodies import parse_body
from webui.api.challenges.bodies import SubmissionBody
from webui.pages.forms import see_other
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["SUBMISSION_FIELDS", "ChosenTask", "chosen_task", "open_tasks", "submit_to"]

#: Fields of the form.
SUBMISSION_FIELDS = ("challenge", "method", "about_method", "authors", "code", "training_set", "seconds")

_ESTIMATES = "photoz_estimates"
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class ChosenTask:
    """A task set of a challenge that accepts submissions, and what is submitted to it.

    Parameters
    ----------
    new
        The submission; None before it is chosen.
    """

    challenge: Challenge
    task: TaskSet
    new: NewSubmission | None = None

    @property
    def key(self) -> str:
        """Value of the field ``challenge``."""
        return f"{self.challenge.name}/{self.task.name}"

    @property
    def label(self) -> str:
        """The name in the form."""
        title = self.challenge.definition.title
        return title if len(self.challenge.definition.tasks) == 1 else f"{title}: {self.task.title or self.task.name}"


def open_tasks(services: WebServices, identity: Identity, product: Product) -> tuple[ChosenTask, ...]:
    """Return the task sets to which the caller can submit a product now; none unless it has estimates."""
    if product.product_type.name != _ESTIMATES:
        return ()
    now, found = utc_now(), services.pipelines.challenges.service.list(identity)
    return tuple(
        ChosenTask(challenge, task)
        for challenge in found
        if challenge.takes_part and challenge.accepts_at(now)
        for task in challenge.definition.tasks
    )


def chosen_task(
    services: WebServices, identity: Identity, product: Product, fields: Mapping[str, str]
) -> ChosenTask | None:
    """Return the submission that a form asks for, or None if it asks for none.

    Raises
    ------
    InvalidValueError
        The challenge accepts no submissions of the caller, or a field is not valid.
    """
    key = fields.get("challenge", "")
    if not key:
        return None
    task = next((each for each in open_tasks(services, identity, product) if each.key == key), None)
    if task is None:
        raise InvalidValueError(
            f"The challenge '{key:.100}' accepts no submission of this product from you now; choose another one, or "
            "none.",
            field="challenge",
        )
    given = {name: fields.get(name, "") for name in SUBMISSION_FIELDS if name not in {"challenge", "about_method"}}
    described = given | {"description": fields.get("about_method", ""), "task_set": task.task.name}
    return ChosenTask(task.challenge, task.task, parse_body(SubmissionBody, described).new)


def submit_to(
    services: WebServices, renderer: PageRenderer, identity: Identity, chosen: ChosenTask, product: Product
) -> Response:
    """Submit a product that is published now; return the page of the submission, or one that says why it is refused."""
    assert chosen.new is not None  # noqa: S101 - of `chosen_task`
    try:
        made = services.pipelines.challenges.submissions.submit_product(
            identity, chosen.challenge.name, chosen.new, product.id
        )
    except PhotozError as error:
        if error.status >= _SERVER_ERROR:
            raise
        return renderer.page(
            "wizard/not_submitted.html", identity, status=error.status, chosen=chosen, product=product,
            refusal=error.message,
        )  # fmt: skip
    return see_other(f"/challenges/{chosen.challenge.name}/submissions/{made.id}")
