"""Running queries for requests: those that wait for their turn hold no thread."""

from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from core.cancellation import Cancellation
from core.web.streaming import run_until_disconnect
from tap.queues.pending import PendingQuery

__all__ = ["answer_in_turn"]

_Result = TypeVar("_Result")


async def answer_in_turn(request: Request, begin: Callable[[Cancellation], PendingQuery[_Result]]) -> _Result:
    """Admit a query in a thread, wait for its turn without one, and run it in a thread up to its first rows.

    The query is withdrawn or stopped when the client disconnects.

    Parameters
    ----------
    request
        Its body must have been read.
    begin
        Translates and admits the query.
    """

    def first(cancellation: Cancellation) -> PendingQuery[_Result] | tuple[_Result]:
        pending = begin(cancellation)
        return (pending.run(),) if pending.is_due else pending

    async def answer(cancellation: Cancellation) -> _Result:
        begun = await run_in_threadpool(first, cancellation)
        if isinstance(begun, tuple):
            return begun[0]
        await begun.turn()
        return await run_in_threadpool(begun.run)

    return await run_until_disconnect(request, answer)
