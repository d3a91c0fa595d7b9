"""News of a job as server-sent events, for pages that follow it (HTML Living Standard §9.2)."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from uws.errors import UnknownJobError
from uws.handlers.waiting import job_states
from uws.models import Job
from uws.service import JobService

__all__ = ["job_events"]

_LONGEST_SECONDS = 300.0  # a browser that is still there comes back by itself, and is asked again who it is
_SILENT_SECONDS = 15.0


async def job_events(service: JobService, job_id: str, *, owner: str | None) -> AsyncIterator[bytes]:
    """Tell phase, progress and message of a job whenever they change, until it has ended or was removed."""
    told, last = b"", time.monotonic()
    try:
        async with aclosing(job_states(service, job_id, owner=owner, seconds=_LONGEST_SECONDS)) as states:
            async for job in states:
                event = _event(job)
                if event != told:
                    yield event
                elif time.monotonic() - last > _SILENT_SECONDS:
                    yield b":\n\n"  # shows that the connection lives, to both sides
                else:
                    continue
                told, last = event, time.monotonic()
    except UnknownJobError:
        yield b"event: removed\ndata: {}\n\n"


def _event(job: Job) -> bytes:
    told = {"phase": job.phase.value, "progress": job.progress, "message": job.message, "error": job.error}
    return f"event: job\ndata: {json.dumps(told)}\n\n".encode()
