"""What a client may change of a job that is there, within the limits of the service (UWS 1.1 §2.2.3)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.errors import InvalidValueError
from uws.models import Job, JobLimits, Phase
from uws.owners import parameters_size
from uws.storage import clean_text

__all__ = ["alterable_phases", "altered_values", "check_parameters"]


def check_parameters(parameters: Mapping[str, str], limits: JobLimits) -> None:
    """Refuse parameters that are too long together, or raise InvalidValueError."""
    length, limit = sum(map(len, parameters.values())), limits.parameter_characters
    if length > limit:
        raise InvalidValueError(f"The parameters of the job have {length} characters; {limit} are allowed.")


def altered_values(
    job: Job,
    limits: JobLimits,
    *,
    parameters: Mapping[str, str] | None = None,
    run_id: str | None = None,
    execution_duration: int | None = None,
    destruction: datetime | None = None,
) -> dict[str, Any]:
    """Give the new values of columns; times beyond the limits become the limits."""
    values: dict[str, Any] = {}
    if parameters is not None:
        values["parameters"] = dict(job.parameters) | dict(parameters)
        values["parameter_bytes"] = parameters_size(values["parameters"])
        check_parameters(values["parameters"], limits)
    if run_id is not None:
        values["run_id"] = clean_text(run_id)
    if execution_duration is not None:
        longest = limits.longest_seconds
        values["execution_duration"] = min(execution_duration, longest) if execution_duration > 0 else longest
    if destruction is not None:
        values["destruction"] = min(destruction, job.created + timedelta(days=limits.longest_days))
    return values


def alterable_phases(values: Mapping[str, Any]) -> frozenset[Phase]:
    """Give the phases in which these columns may change: the destruction time in all but one, others in one alone."""
    return frozenset(Phase) - {Phase.ARCHIVED} if values.keys() <= {"destruction"} else frozenset({Phase.PENDING})
