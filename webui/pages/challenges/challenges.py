"""Pages of challenges: list, one challenge with its rules and submissions, and its board."""

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.database import utc_now
from core.errors import NotFoundError
from pipelines.challenges.board import Board, BoardEntry
from pipelines.challenges.comparison import BINNED_BY, MOST_COMPARED
from pipelines.challenges.exports.charts import OVERLAYS, distribution_names
from pipelines.challenges.models import ChallengeState
from pipelines.challenges.storage import shown_parts
from pipelines.validation.metrics import METRICS
from products.models import Product
from products.search.queries import ProductQuery
from webui.pages.forms import FormState
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes", "challenge_page", "product_or_none"]

_LABELS = {metric.name: metric for metric in METRICS}


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of challenges, the page of each, and its board."""
    authenticate, challenges = services.authenticate, services.pipelines.challenges

    @router.get("/challenges")
    def list_challenges(identity: Identity = Depends(authenticate)) -> Response:
        found = challenges.service.list(identity)
        return renderer.page("challenges/list.html", identity, challenges=found, now=utc_now())

    @router.get("/challenges/{name}")
    def one_challenge(
        name: str, task_set: str = "", product: str = "", identity: Identity = Depends(authenticate)
    ) -> Response:
        form = FormState({"task_set": task_set, "product": product})
        return challenge_page(services, renderer, identity, name, form)

    @router.get("/challenges/{name}/board")
    def board(
        name: str,
        task_set: str = "",
        subset: str = "",
        metric: str = "",
        text: str = "",
        identity: Identity = Depends(authenticate),
    ) -> Response:
        found = challenges.boards.board(identity, name, task_set=task_set, subset=subset, metric=metric)
        entries = _filtered(found, text)
        chosen = [entry.submission.id for entry in (entries or found.entries)[:MOST_COMPARED]]
        compared = challenges.comparisons.of_board(found, chosen)
        return renderer.page(
            "challenges/board.html", identity, board=found, labels=_LABELS, entries=entries, text=text, chosen=chosen,
            figures=compared.figures, part=compared.part, binned_by=BINNED_BY,
            distributions=distribution_names(compared), overlays=OVERLAYS,
            products=_products_of(services, identity, found),
        )  # fmt: skip

    @router.get("/challenges/{name}/compare")
    def compare(
        name: str, first: int, second: int, task_set: str = "", identity: Identity = Depends(authenticate)
    ) -> Response:
        found, lines = challenges.comparisons.side_by_side(identity, name, first, second, task_set=task_set)
        return renderer.page(
            "challenges/compare.html", identity, board=found.board, figures=found.figures, part=found.part, lines=lines,
            labels=_LABELS, binned_by=BINNED_BY, first=first, second=second,
            distributions=distribution_names(found), overlays=OVERLAYS,
        )  # fmt: skip


def _filtered(board: Board, text: str) -> tuple[BoardEntry, ...]:
    """Return the entries whose method, authors or account have a text."""
    wanted = text.strip().casefold()

    def words(entry: BoardEntry) -> str:
        own = entry.submission
        return " ".join((own.method.method, own.user, *own.method.authors)).casefold()

    return tuple(entry for entry in board.entries if wanted in words(entry))


def _products_of(services: WebServices, identity: Identity, board: Board) -> Mapping[int, str]:
    """Return the internal names of the submitted products that the caller may read, by their numbers."""
    numbers = {entry.submission.product_id for entry in board.entries} - {None}
    if not numbers:
        return {}
    query = ProductQuery(numbers=tuple(number for number in numbers if number is not None))
    return services.products.service.internal_names(identity, query)


def challenge_page(
    services: WebServices, renderer: PageRenderer, identity: Identity, name: str, form: FormState
) -> Response:
    """Return the page of a challenge, with the form of a submission."""
    challenges = services.pipelines.challenges
    challenge = challenges.service.get(identity, name)
    own = () if identity.is_anonymous else challenges.submissions.list(identity, name)
    numbers = {number for task in challenge.definition.tasks for number in (*task.training, *task.test)}
    return renderer.form(
        "challenges/challenge.html",
        identity,
        form,
        challenge=challenge,
        submissions=own,
        products={
            number: found for number in sorted(numbers) if (found := product_or_none(services, identity, number))
        },
        accepts=challenge.accepts_at(utc_now()) and challenge.takes_part,
        shown=sorted(shown_parts(challenge)),
        states=[state for state in ChallengeState if state is not challenge.state],
        labels=_LABELS,
    )


def product_or_none(services: WebServices, identity: Identity, number: int | None) -> Product | None:
    """Return a product, or None if there is none or the caller may not read it."""
    if number is None:
        return None
    try:
        return services.products.service.get(identity, number)
    except NotFoundError:
        return None
