"""A query between its admission to the engine and its first rows; it waits with or without a thread."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from tap.engine import Admission, ResultStream, busy_error

__all__ = ["PendingQuery"]

_Result = TypeVar("_Result")


class PendingQuery(Generic[_Result]):
    """An admitted query, and what is made of its rows; to be run or withdrawn.

    Parameters
    ----------
    seconds
        Time that it may wait for its turn.
    finish
        Makes the result of the stream of rows; it closes the stream when it fails.
    release
        Called once when the query has its first rows, has failed, or was withdrawn: removes what was uploaded with it.
    """

    def __init__(
        self,
        admission: Admission,
        seconds: float,
        finish: Callable[[ResultStream], _Result],
        release: Callable[[], object] = lambda: None,
    ) -> None:
        self._admission = admission
        self._seconds = seconds
        self._finish = finish
        self._release = release

    @property
    def is_due(self) -> bool:
        """Whether its turn has come, or never will."""
        return self._admission.turn.done()

    def run(self) -> _Result:
        """Start the query when its turn has come, and return what is made of its rows when the first are there.

        Raises
        ------
        core.errors.PhotozError
            The errors of `tap.engine.Admission.start`, and that by which the queue refused the query.
        """
        try:
            self._admission.turn.result(0)
            stream = self._admission.start()
        finally:
            self._release()
        return self._finish(stream)

    def wait(self) -> _Result:
        """Wait in this thread for the turn of the query, and run it; raises the errors of `run`."""
        try:
            self._admission.turn.exception(self._seconds)
        except TimeoutError:
            self.withdraw()
            raise busy_error() from None
        return self.run()

    async def turn(self) -> None:
        """Wait for the turn of the query without a thread.

        Raises
        ------
        ServiceBusyError
            Its turn did not come in time; the query is withdrawn.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.shield(asyncio.wrap_future(self._admission.turn))
        except TimeoutError:
            self.withdraw()
            raise busy_error() from None
        except BaseException:
            self.withdraw()
            raise

    def withdraw(self) -> None:
        """Leave the queue, or give the turn back."""
        self._admission.withdraw()
        self._release()
