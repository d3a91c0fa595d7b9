"""Blocking requests (UWS 1.1 §2.2.1.1) without a thread for each."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial

import anyio.to_thread

from uws.models import ACTIVE_PHASES, Job, Phase
from uws.service import JobService

__all__ = ["LONGEST_WAIT", "job_states", "wait_for_change"]

#: Longest time, in seconds, that a request waits. Proxies commonly cut connections that are silent for a minute.
LONGEST_WAIT = 50.0

_FIRST_POLL = 0.05


async def wait_for_change(
    service: JobService,
    job: Job,
    *,
    owner: str | None,
    seconds: float,
    phase: Phase | None,
    is_disconnected: Callable[[], Awaitable[bool]],
) -> Job:
    """Wait until a job leaves its phase, and return its state.

    Parameters
    ----------
    job
        The job as it was found.
    seconds
        Longest time to wait; negative for the longest wait of the service.
    phase
        Wait only if the job is in this phase.
    is_disconnected
        Returns whether the client has disconnected.
    """
    if job.phase not in ACTIVE_PHASES or phase not in {None, job.phase} or seconds == 0:
        return job
    found = job
    longest = LONGEST_WAIT if seconds < 0 else min(seconds, LONGEST_WAIT)
    async with aclosing(job_states(service, job.id, owner=owner, seconds=longest)) as states:
        async for found in states:
            if found.phase is not job.phase or await is_disconnected():
                break
    return found


async def job_states(
    service: JobService, job_id: str, *, owner: str | None, seconds: float
) -> AsyncGenerator[Job, None]:
    """Yield a job now and whenever it may have changed, until it has ended or the time is over.

    Raises
    ------
    UnknownJobError
        The job was removed.
    """
    changed, loop = asyncio.Event(), asyncio.get_running_loop()
    deadline = time.monotonic() + seconds
    # Changes that are made in another process are notified here only if the queue learns of them.
    poll = service.poll_seconds if service.is_notified else _FIRST_POLL
    with service.notifier.on_change(job_id, lambda: _wake(loop, changed)):
        while True:
            changed.clear()
            job = await anyio.to_thread.run_sync(partial(service.get, job_id, owner=owner))
            yield job
            left = deadline - time.monotonic()
            if job.phase.ended or left <= 0 or service.notifier.is_closed:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, poll)):
                    await changed.wait()
            poll = min(poll * 1.5, service.poll_seconds)


def _wake(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop is closed: the server stops
        loop.call_soon_threadsafe(changed.set)
