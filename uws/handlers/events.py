"""Server-sent events for the state of a job (HTML Living Standard §9.2)."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from uws.errors import UnknownJobError
from uws.handlers.waiting import job_states
from uws.models import Job
from uws.service import JobService

__all__ = ["job_events"]

_LONGEST_SECONDS = 300.0  # a browser reconnects by itself, and is authenticated again
_KEEP_ALIVE_SECONDS = 15.0


async def job_events(service: JobService, job_id: str, *, owner: str | None) -> AsyncIterator[bytes]:
    """Yield an event whenever phase, progress or message of a job change, until it has ended or was removed."""
    sent, last = b"", time.monotonic()
    try:
        async with aclosing(job_states(service, job_id, owner=owner, seconds=_LONGEST_SECONDS)) as states:
            async for job in states:
                event = _event(job)
                if event != sent:
                    yield event
                elif time.monotonic() - last > _KEEP_ALIVE_SECONDS:
                    yield b":\n\n"  # a comment, which keeps the connection open
                else:
                    continue
                sent, last = event, time.monotonic()
    except UnknownJobError:
        yield b"event: removed\ndata: {}\n\n"


def _event(job: Job) -> bytes:
    data = {"phase": job.phase.value, "progress": job.progress, "message": job.message, "error": job.error}
    return f"event: job\ndata: {json.dumps(data)}\n\n".encode()
