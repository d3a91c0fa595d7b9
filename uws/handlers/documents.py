"""XML documents of UWS 1.1 §2.2.3: job list, job, parameters, results."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from pydantic_xml import BaseXmlModel, element
from vo_models.uws.models import (
    NSMAP,
    ErrorSummary,
    Jobs,
    JobSummary,
    Parameter,
    ResultReference,
    Results,
    ShortJobDescription,
)
from vo_models.uws.types import ErrorType, ExecutionPhase
from vo_models.voresource.types import UTCTimestamp

from core.votable.texts import ILLEGAL_IN_XML
from uws.models import Job, JobEntry, JobResult, Phase

__all__ = ["job_document", "jobs_document", "parameters_document", "results_document", "time_text"]

_ILLEGAL = re.compile(ILLEGAL_IN_XML + "|[\ud800-\udfff]")


class _Parameters(BaseXmlModel, tag="parameters", ns="uws", nsmap=NSMAP):
    """Parameters of any names; the class of vo-models needs to know the names."""

    parameters: list[Parameter] = element(tag="parameter", default_factory=list)


class _JobInfo(BaseXmlModel, tag="jobInfo"):
    """Progress and message of a job. UWS does not define these elements; they are not in its namespace."""

    progress: float = element()
    message: str = element(default="")


class _Job(JobSummary[_Parameters], tag="job", ns="uws", nsmap=NSMAP):
    """Document of a job; its jobInfo holds elements, because the schema allows no text there."""

    job_info: _JobInfo | None = element(tag="jobInfo", ns="uws", default=None)  # type: ignore[assignment]  # vo-models has texts


def jobs_document(jobs: Iterable[Job | JobEntry], base: str) -> bytes:
    """Write a job list.

    Parameters
    ----------
    base
        Address of the list, without a trailing slash.
    """
    listed = [
        ShortJobDescription(
            job_id=job.id,
            href=f"{base}/{job.id}",
            phase=ExecutionPhase(job.phase.value),
            run_id=_legal(job.run_id),
            owner_id=_legal(job.owner),
            creation_time=_time(job.created),
        )
        for job in jobs
    ]
    return _to_xml(Jobs(jobref=listed))


def job_document(job: Job, base: str, names: Collection[str], *, has_detail: bool) -> bytes:
    """Write a job.

    Parameters
    ----------
    names
        The parameters that a client may see.
    has_detail
        Whether ``/error`` has more details about the error of the job.
    """
    error = None
    if job.error is not None:
        error = ErrorSummary(message=_legal(job.error) or "", type=ErrorType.FATAL, has_detail=has_detail)
    return _to_xml(
        _Job(
            job_id=job.id,
            run_id=_legal(job.run_id),
            owner_id=_legal(job.owner),
            phase=ExecutionPhase(job.phase.value),
            quote=_time(job.quote),
            creation_time=_time(job.created),
            start_time=_time(job.started),
            end_time=_time(job.ended),
            execution_duration=job.execution_duration,
            destruction=_time(job.destruction),
            parameters=_parameters(job.parameters, names),
            results=_results(job, base),
            error_summary=error,
            job_info=_job_info(job),
        )
    )


def parameters_document(job: Job, names: Collection[str]) -> bytes:
    """Write the parameters of a job that a client may see."""
    return _to_xml(_parameters(job.parameters, names))


def results_document(job: Job, base: str) -> bytes:
    """Write the results of a job."""
    return _to_xml(_results(job, base))


def time_text(time: datetime | None) -> str:
    """Format a time as UWS requires, with Z; empty for None."""
    return "" if time is None else time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _parameters(parameters: Mapping[str, str], names: Collection[str]) -> _Parameters:
    shown = ((name, value) for name, value in parameters.items() if name in names)
    return _Parameters(parameters=[Parameter(id=name, value=_legal(value)) for name, value in shown])


def _results(job: Job, base: str) -> Results:
    return Results(results=[_result(job, result, base) for result in job.results])


def _result(job: Job, result: JobResult, base: str) -> ResultReference:
    own = f"{base}/{job.id}/results/{quote(result.id, safe='')}"
    href = result.href if ":" in result.href else own  # an identifier, or an address elsewhere
    return ResultReference(id=result.id, href=href, size=result.size, mime_type=result.mime_type)


def _job_info(job: Job) -> _JobInfo | None:
    if job.phase is Phase.PENDING:
        return None
    return _JobInfo(progress=round(job.progress, 4), message=_legal(job.message) or "")


def _time(time: datetime | None) -> UTCTimestamp | None:
    return None if time is None else UTCTimestamp.fromisoformat(time_text(time))


def _legal(text: str | None) -> str | None:
    return None if text is None else _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


def _to_xml(model: BaseXmlModel) -> bytes:
    xml = model.to_xml(skip_empty=False, encoding="UTF-8", xml_declaration=True)
    return xml if isinstance(xml, bytes) else xml.encode()
