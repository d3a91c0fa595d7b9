"""Background thread that runs one step while the caller prepares the next one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self

__all__ = ["Background"]

_P = ParamSpec("_P")


class Background:
    """Thread that runs steps one after the other; at most one is pending or running."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._step: Future[object] | None = None

    def run(self, step: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Start a step once the previous one has ended, whose error is raised here."""
        self.wait()
        self._step = self._pool.submit(step, *args, **kwargs)

    def wait(self) -> None:
        """Wait until the last step has ended, and raise its error if it has one."""
        step, self._step = self._step, None
        if step is not None:
            step.result()

    def close(self) -> None:
        """End the thread once its step has ended, ignoring errors."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self.close()
