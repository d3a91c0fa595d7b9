"""Endpoints of the transfers that are jobs: open while their job is EXECUTING, which their use ends (VOSpace 2.1 §3.6).

A signed URL that a synchronous transfer made has no job; it is open until its signature ends.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from core.errors import PermissionDeniedError, PhotozError, TooLargeError
from uws import JobService, Phase
from vospace.faults import InvalidDataError, fault_summary
from vospace.transfers.signed_urls import Direction, SignedTransfer

__all__ = ["JobEndpoints"]

_Chunk = TypeVar("_Chunk")

_RENEWED_SECONDS = 120.0
_CHECK_SECONDS = 5.0


class JobEndpoints:
    """Open, renew and end the transfers of signed URLs.

    Parameters
    ----------
    check_seconds
        Time after which a transfer that is under way learns that its job was aborted.
    """

    def __init__(self, jobs: JobService, *, check_seconds: float = _CHECK_SECONDS) -> None:
        self._jobs = jobs
        self._check_seconds = check_seconds

    def check(self, signed: SignedTransfer) -> None:
        """Check that the job of a signed URL waits for bytes, and postpone its deadline.

        The bytes of a node may be read again after the job is COMPLETED.

        Raises
        ------
        PermissionDeniedError
            The job has ended.
        """
        if not signed.job or self._jobs.client_jobs.renew(signed.job, _RENEWED_SECONDS):
            return
        phase = self._jobs.get(signed.job, owner=signed.identity.name).phase
        if phase is not Phase.COMPLETED or signed.direction is Direction.PUT:
            message = f"The transfer of this URL has ended; it is {phase}. Request a new one."
            raise PermissionDeniedError(message)

    def complete(self, signed: SignedTransfer) -> None:
        """End the job of a signed URL whose bytes have moved."""
        if signed.job:
            self._jobs.client_jobs.complete(signed.job)

    @asynccontextmanager
    async def receiving(self, signed: SignedTransfer) -> AsyncIterator[None]:
        """Renew a job while the block receives bytes; bytes that are refused end it in ERROR.

        A connection that breaks does not: the client may send the bytes again until the deadline.

        Raises
        ------
        PermissionDeniedError
            The job ended meanwhile.
        """
        await run_in_threadpool(self.check, signed)
        failures: list[Exception] = []
        async with anyio.create_task_group() as group:
            if signed.job:
                group.start_soon(self._watch, signed, failures, group.cancel_scope)
            try:
                yield
            except Exception as e:  # noqa: BLE001 - it is raised again, outside the group, which would wrap it
                failures.append(e)
                if signed.job and isinstance(e, InvalidDataError | TooLargeError):
                    await run_in_threadpool(self._jobs.client_jobs.fail, signed.job, fault_summary(e))
            group.cancel_scope.cancel()
        if failures:
            raise failures[0]

    def sent(self, signed: SignedTransfer, response: Response) -> Response:
        """Return a response whose transmission renews the job."""
        if signed.job and isinstance(response, StreamingResponse):
            response.body_iterator = self._renewed(signed, response.body_iterator.__aiter__())
        return response

    async def _renewed(self, signed: SignedTransfer, body: AsyncIterator[_Chunk]) -> AsyncIterator[_Chunk]:
        checked = time.monotonic()
        async for chunk in body:
            yield chunk
            if time.monotonic() - checked > self._check_seconds:
                await run_in_threadpool(self.check, signed)
                checked = time.monotonic()

    async def _watch(self, signed: SignedTransfer, failures: list[Exception], scope: anyio.CancelScope) -> None:
        while True:
            await anyio.sleep(self._check_seconds)
            try:
                await run_in_threadpool(self.check, signed)
            except PhotozError as e:
                failures.append(e)
                scope.cancel()
                return
