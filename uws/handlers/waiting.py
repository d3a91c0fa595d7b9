"""Waiting for a job without holding a thread: thousands may wait at once (UWS 1.1 §2.2.1.1)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial

import anyio.to_thread

from uws.models import ACTIVE_PHASES, Job, Phase
from uws.service import JobService

__all__ = ["LONGEST_WAIT", "job_states", "wait_for_change"]

#: Seconds that a request may wait at most. Proxies commonly cut connections that are silent for a minute.
LONGEST_WAIT = 50.0

_FIRST_PAUSE = 0.05


async def wait_for_change(
    service: JobService,
    job: Job,
    *,
    owner: str | None,
    seconds: float,
    phase: Phase | None,
    is_gone: Callable[[], Awaitable[bool]],
) -> Job:
    """Wait until a job leaves the phase in which it is, and give it as it is then.

    Parameters
    ----------
    job
        The job as it was found.
    seconds
        How long at most; negative for as long as the service likes.
    phase
        Wait only if the job is in this phase.
    is_gone
        Tells whether nobody waits for the answer any more.
    """
    if job.phase not in ACTIVE_PHASES or phase not in {None, job.phase} or seconds == 0:
        return job
    found = job
    longest = LONGEST_WAIT if seconds < 0 else min(seconds, LONGEST_WAIT)
    async with aclosing(job_states(service, job.id, owner=owner, seconds=longest)) as states:
        async for found in states:
            if found.phase is not job.phase or await is_gone():
                break
    return found


async def job_states(
    service: JobService, job_id: str, *, owner: str | None, seconds: float
) -> AsyncGenerator[Job, None]:
    """Return a job now and whenever it may have changed, until it has ended or so many seconds have passed.

    Raises
    ------
    UnknownJobError
        The job was removed.
    """
    changed, loop = asyncio.Event(), asyncio.get_running_loop()
    deadline = time.monotonic() + seconds
    # Changes that a job brings about in another process are announced here only if the queue hears of them.
    pause = service.poll_seconds if service.is_notified else _FIRST_PAUSE
    with service.notifier.calling(job_id, lambda: _wake(loop, changed)):
        while True:
            changed.clear()
            job = await anyio.to_thread.run_sync(partial(service.get, job_id, owner=owner))
            yield job
            left = deadline - time.monotonic()
            if job.phase.ended or left <= 0 or service.notifier.is_closed:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, pause)):
                    await changed.wait()
            pause = min(pause * 1.5, service.poll_seconds)


def _wake(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop was closed: the server stops
        loop.call_soon_threadsafe(changed.set)
