"""Query parameters of the list of runs: filters and orderings."""

from collections.abc import Iterable, Mapping

from core.errors import InvalidValueError
from pipelines.models import AnyPipeline, Run
from pipelines.storage import RunQuery
from webui.api.lists import PAGING, check_ordering, ordering_parameter
from webui.api.names import Names
from webui.api.parameters import INTEGER, TRUTH, Parameter, choice, parse_truth, whole_number
from webui.api.representations.products import STATUSES

__all__ = ["PARAMETERS", "process_query", "selected"]

_ORDERINGS = ("id", "created_at")
_STATUSES = tuple(dict.fromkeys(STATUSES.values()))

#: Query parameters of the list of runs.
PARAMETERS: Mapping[str, Parameter] = {
    "id": Parameter("Number of the run.", INTEGER),
    "pipeline": Parameter("Words in the name of the pipeline, separated by commas."),
    "pipeline__or": Parameter("As pipeline, with any of the words."),
    "status": Parameter("Status.", choice(_STATUSES)),
    "release": Parameter("Release, by number or name."),
    "release__isnull": Parameter("true for runs without a release.", TRUTH),
    "release_name": Parameter("Words in the name of the release, separated by commas."),
    "release_name__or": Parameter("As release_name, with any of the words."),
    "upload": Parameter("Resulting product, by number or internal name."),
    "user": Parameter("Owner, by number or name."),
    "search": Parameter("Words in the name of the result or of the pipeline, separated by blanks or commas."),
    "ordering": ordering_parameter(_ORDERINGS),
    **PAGING,
}


def process_query(parameters: Mapping[str, str], definitions: Mapping[str, AnyPipeline], names: Names) -> RunQuery:
    """Parse the parameters of a request.

    Parameters
    ----------
    definitions
        The pipelines, by name.
    """
    isnull, ordering = parameters.get("release__isnull"), parameters.get("ordering") or "-created_at"
    check_ordering(ordering, _ORDERINGS)
    number = whole_number(parameters, "id")
    return RunQuery(
        numbers=() if number is None else (number,),
        pipelines=_pipelines(parameters, definitions),
        releases=(names.release(parameters["release"]),) if parameters.get("release") else (),
        without_release=parse_truth(isnull, "release__isnull") if isnull else None,
        products=(names.product(parameters["upload"], "upload"),) if parameters.get("upload") else (),
        owners=(names.user(parameters["user"]),) if parameters.get("user") else (),
        oldest_first=not ordering.startswith("-"),
    )


def selected(runs: Iterable[Run], parameters: Mapping[str, str], names: Names) -> tuple[Run, ...]:
    """Return the runs that have the requested status, a release of the requested name, and the words of a search."""
    status = parameters.get("status")
    if status and status not in _STATUSES:
        message = f"'{status[:40]}' is not a status; the statuses are {', '.join(_STATUSES)}."
        raise InvalidValueError(message, field="status")
    found = tuple(run for run in runs if not status or STATUSES[run.phase] == status)
    for key, enough in (("release_name", all), ("release_name__or", any)):
        if words := _words(parameters, key):
            numbers = names.releases_with(words, enough)
            found = tuple(run for run in found if run.release_id in numbers)
    words = parameters.get("search", "").lower().replace(",", " ").split()
    texts = {run.id: f"{run.display_name}\n{run.pipeline.display_name}".lower() for run in found}
    return tuple(run for run in found if all(word in texts[run.id] for word in words))


def _pipelines(parameters: Mapping[str, str], definitions: Mapping[str, AnyPipeline]) -> tuple[str, ...] | None:
    """Return the pipelines whose names contain all words, or with ``__or`` at least one."""
    chosen: tuple[str, ...] | None = None
    for key, enough in (("pipeline", all), ("pipeline__or", any)):
        if words := _words(parameters, key):
            names = {each.name: f"{each.id} {each.name} {each.display_name}".lower() for each in definitions.values()}
            chosen = tuple(name for name, text in names.items() if enough(word in text for word in words))
    return chosen


def _words(parameters: Mapping[str, str], name: str) -> list[str]:
    return [word.strip().lower() for word in parameters.get(name, "").split(",") if word.strip()]
