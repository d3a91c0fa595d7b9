"""Description of the result of a run in Markdown: that of the request, or a generated one."""

from pipelines.runs.checks import CheckedRun

__all__ = ["description_of"]


def description_of(checked: CheckedRun) -> str:
    """Return the description of the resulting product."""
    return checked.request.description or checked.pipeline.describe(checked.configuration, checked.inputs)
