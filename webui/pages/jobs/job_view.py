"""View of a job for its pages: its kind, what it is about, times and results."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.auth.models import Identity
from core.database import utc_now
from core.errors import NotFoundError
from uws import Job, JobKind
from webui.addresses import product_address
from webui.services import WebServices

__all__ = ["JobView"]

_LONGEST_TITLE = 80
#: Parameters that tell best what a job is about.
_TITLES = ("NAME", "QUERY", "TABLE", "TARGET", "INPUTS")


@dataclass(frozen=True, slots=True)
class JobView:
    """A job for the templates.

    Parameters
    ----------
    title
        What the job is about.
    target
        Page of what the job works on or makes, if the caller may see it, and its name.
    resource
        Path of the job as a UWS resource; None when it is none.
    parameters
        Parameters of the client.
    """

    job: Job
    kind: str
    title: str
    target: tuple[str, str] | None
    resource: str | None
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, services: WebServices, identity: Identity, job: Job) -> "JobView":
        """Return the view of a job that the caller may see."""
        kind = services.jobs.kinds.get(job.kind) or JobKind(job.kind, _nothing)
        parameters = {name: value for name, value in job.parameters.items() if not name.startswith(".")}
        target = _target(services, identity, job)
        named = target[1] if target is not None else next((parameters[key] for key in _TITLES if key in parameters), "")
        return cls(
            job=job,
            kind=kind.label or kind.name,
            title=_short(job.run_id or named or job.id),
            target=target,
            resource=None if kind.path is None else f"{kind.path}/{job.id}",
            parameters=parameters,
        )

    @property
    def percent(self) -> int:
        """The progress in percent."""
        return round(100 * self.job.progress)

    @property
    def seconds(self) -> float | None:
        """How long the job ran, or runs by now."""
        if self.job.started is None:
            return None
        end: datetime = self.job.ended or utc_now()
        return max((end - self.job.started).total_seconds(), 0.0)

    def result_address(self, name: str) -> str | None:
        """Return the address of a result, if it has one."""
        return None if self.resource is None else f"{self.resource}/results/{name}"


def _target(services: WebServices, identity: Identity, job: Job) -> tuple[str, str] | None:
    """Return the page of the run or of the product of a job, and its name."""
    run = services.pipelines.service.of_job(job.id) if job.kind in services.pipelines.definitions else None
    number = job.parameters.get("product", "") if run is None else str(run.product_id)
    if not number.isdecimal():
        return None
    try:
        product = services.products.service.get(identity, int(number))
    except NotFoundError:
        return None
    return (product_address(product.internal_name) if run is None else f"/runs/{run.id}"), product.display_name


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1]}…"


def _nothing(_context: object) -> None:
    """Do the work of a kind that this server no longer has."""
