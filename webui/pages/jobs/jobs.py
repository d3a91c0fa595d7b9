"""My jobs: jobs of all kinds with their phase, progress and log, and forms that abort and delete them.

Users have their own jobs; administrators those of all users.
"""

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity, Scope
from uws import Job, UnknownJobError
from webui.pages.forms import see_other
from webui.pages.jobs.job_filters import PAGE_SIZE, JobFilters
from webui.pages.jobs.job_view import JobView
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of jobs, the page of a job, and the forms that abort and delete it."""
    authenticate, jobs = services.authenticate, services.jobs

    @router.get("/jobs")
    def overview(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.READ)
        filters = JobFilters.of(request.query_params, identity, jobs.kinds)
        found = jobs.page(
            filters.owner_condition,
            kinds=filters.kinds,
            phases=filters.phases,
            offset=(filters.page - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
        return renderer.page(
            "jobs/jobs.html",
            identity,
            filters=filters,
            jobs=[JobView.of(services, identity, job) for job in found.jobs],
            count=found.count,
            pages=max(1, -(-found.count // PAGE_SIZE)),
            kinds=jobs.kinds.values(),
        )

    @router.get("/jobs/{job_id}")
    def job_page(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        job = _job(services, identity, job_id)
        view = JobView.of(services, identity, job)
        return renderer.page("jobs/job.html", identity, view=view, job=job, log=jobs.log(job.id, owner=job.owner))

    @router.post("/jobs/{job_id}/abort")
    def abort(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        job = _job(services, identity, job_id)
        jobs.abort(job.id, owner=job.owner)
        return see_other(f"/jobs/{job.id}")

    @router.post("/jobs/{job_id}/delete")
    def delete(job_id: str, identity: Identity = Depends(authenticate)) -> Response:
        identity.require(Scope.WRITE)
        job = _job(services, identity, job_id)
        jobs.delete(job.id, owner=job.owner)
        return see_other("/jobs")


def _job(services: WebServices, identity: Identity, job_id: str) -> Job:
    """Return a job of the caller, or of anybody for administrators; raise UnknownJobError otherwise."""
    identity.require(Scope.READ)
    job = services.jobs.find(job_id)
    if job.owner != identity.name and not identity.acts_as_admin:
        raise UnknownJobError(job_id)
    return job
