"""New jobs, as they are stored."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from core.database import utc_now
from uws.kinds import JobKind
from uws.limits import parameters_size
from uws.models import JobLimits
from uws.schema import JobRow
from uws.storage import clean_text

__all__ = ["new_job"]


def new_job(
    kind: JobKind,
    parameters: Mapping[str, str],
    limits: JobLimits,
    *,
    owner: str | None,
    run_id: str | None,
    file_bytes: int,
    caller: str,
) -> JobRow:
    """Return the row of a new job, without a phase.

    Parameters
    ----------
    owner, caller
        Name of the user; for nobody, the key of the address of the request.
    file_bytes
        Size of the files that came with the parameters.
    """
    now = utc_now()
    return JobRow(
        id=secrets.token_hex(16),
        kind=kind.name,
        owner=owner,
        caller=caller if owner is None else "",
        long_running=kind.long_running,
        run_id=None if run_id is None else clean_text(run_id),
        parameters=dict(parameters),
        parameter_bytes=parameters_size(parameters),
        file_bytes=file_bytes,
        results=[],
        created=now,
        destruction=now + timedelta(days=limits.days),
        execution_duration=limits.seconds if kind.seconds is None else kind.seconds,
    )
