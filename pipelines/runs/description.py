"""The description of the result of a run, in Markdown: the owner's own, or one that its pipeline writes."""

from pipelines.runs.checks import CheckedRun

__all__ = ["description_of"]


def description_of(checked: CheckedRun) -> str:
    """Return the description of what a run makes."""
    return checked.request.description or checked.pipeline.describe(checked.configuration, checked.inputs)
