"""What a job may do in the name of its owner: no more than everybody could who set it up.

A job runs later, in another process, when the request that made it is gone. The scope of that request is kept with the
job; when a request with a smaller scope changes the parameters of the job, or runs it, the scope shrinks with it.
"""

from core.auth.models import Identity, Scope
from uws.models import Job

__all__ = ["SCOPE_PARAMETER", "least_scope", "scope_of_job", "scope_of_request"]

#: Where the scope stands among a job's parameters; no parameter that a client may set begins with a dot.
SCOPE_PARAMETER = ".scope"


def scope_of_request(identity: Identity) -> dict[str, str]:
    """Give the parameter that keeps the scope of a request."""
    return {SCOPE_PARAMETER: identity.scope.value}


def scope_of_job(job: Job) -> Scope:
    """Give the scope that a job has; the smallest when nothing was kept."""
    kept = job.parameters.get(SCOPE_PARAMETER)
    return Scope.READ if kept is None else Scope(kept)


def least_scope(job: Job, identity: Identity) -> dict[str, str]:
    """Give the parameter that keeps the smaller of the two scopes; nothing when it is there already."""
    if identity.scope.includes(scope_of_job(job)):
        return {}
    return scope_of_request(identity)
