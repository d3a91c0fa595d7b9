"""Name of the result of a run, and its description in Markdown: those of the request, or generated ones."""

from collections.abc import Sequence

from pipelines.runs.checks import CheckedRun

__all__ = ["default_name", "description_of", "name_of"]


def description_of(checked: CheckedRun) -> str:
    """Return the description of the resulting product."""
    return checked.request.description or checked.pipeline.describe(checked.configuration, checked.inputs)


def name_of(checked: CheckedRun) -> str:
    """Return the name of the resulting product."""
    labels = [each.label if each.is_open else None for each in checked.inputs.catalogues]
    return checked.request.display_name or default_name(checked.pipeline.display_name, labels)


def default_name(made_by: str, labels: Sequence[str | None]) -> str:
    """Return a name of the pipeline and its inputs.

    It becomes part of the permanent internal name, so it must not name an input that others cannot read.

    Parameters
    ----------
    labels
        Labels of the inputs; None for one that is not open to every registered user.
    """
    first, count = labels[0], len(labels)
    if first is None:
        return made_by
    if count == 1:
        return f"{made_by} of {first}"
    second = labels[1] if count == 2 and labels[1] is not None else f"{count - 1} more"
    return f"{made_by} of {first} and {second}"
