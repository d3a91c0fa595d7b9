"""Engine on a Dask cluster: workers read partitions of catalogues and run the same functions as the local engine.

Workers need this software, and what they read must lie in folders that they see, or be remote. No process ever holds
all rows: workers read partitions by themselves, and return what matches or what was decided.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Self, TypeVar

import pyarrow as pa

from core.errors import ServiceBusyError
from pipelines.crossmatch.objects import NearObjects, ObjectSource
from pipelines.crossmatch.parallel import ThreadRunner, in_turn
from pipelines.crossmatch.reach import Reach
from pipelines.inputs.catalogue_folders import Address
from pipelines.training import open_objects
from pipelines.training.parquet_objects import ParquetObjects, Piece, near_in_piece

__all__ = ["DaskEngine"]

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")

_SECONDS = 30
#: Tasks that are under way at a time, a thread of the cluster and at least.
_TASKS_A_THREAD, _LEAST_TASKS = 3, 8


class DaskEngine:
    """Engine that computes on the workers of a Dask scheduler.

    Parameters
    ----------
    scheduler
        Its address, such as ``tcp://host:8786``.
    seconds
        How long the scheduler may take to answer.

    Raises
    ------
    ServiceBusyError
        The scheduler does not answer.
    """

    is_elsewhere = True

    def __init__(self, scheduler: str, *, seconds: float = _SECONDS) -> None:
        from distributed import Client

        try:
            self._client: Any = Client(scheduler, timeout=seconds, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ServiceBusyError(
                f"The Dask scheduler at {scheduler} does not respond; contact the operator of this server."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def each(
        self, function: Callable[[_Argument], _Result], arguments: Iterable[_Argument], folder: Path
    ) -> Iterator[_Result]:
        """Yield the results of the workers in the order of the arguments.

        What a worker cannot see is computed here, if the folder is none that all of them share.
        """
        if self._is_shared(folder):
            yield from _in_turn(self._client, function, ((one,) for one in arguments))
        else:
            yield from ThreadRunner().each(function, arguments, folder)

    def objects(self, address: Address) -> ObjectSource:
        """Open an object catalogue, whose partitions and row groups the workers read."""
        return _WorkerObjects(self._client, open_objects(address))

    def _is_shared(self, folder: Path) -> bool:
        """Return whether all workers see a folder with the same file in it."""
        mark = folder / f".{token_hex(8)}"
        mark.touch()
        try:
            seen = self._client.run(os.path.exists, str(mark))
        finally:
            mark.unlink()
        return bool(seen) and all(seen.values())


class _WorkerObjects:
    """Objects in Parquet files; the workers select the rows in reach, and no others leave them."""

    def __init__(self, client: Any, local: ParquetObjects) -> None:  # a Client of distributed, which has no types
        self._client = client
        self._local = local
        self.schema: pa.Schema = local.schema
        self.position = local.position
        self.rows = local.rows

    def near(self, reach: Reach, position: tuple[str, str], columns: Sequence[str]) -> Iterator[NearObjects]:
        """Read the columns of the rows in reach."""
        everywhere = self._client.scatter(reach, broadcast=True, hash=False)
        chosen, passed = tuple(columns), 0
        arguments = ((piece, everywhere, position, chosen) for piece in self._local.pieces(reach))
        for found in _in_turn(self._client, _near_in_piece, arguments):
            for near in found:
                passed += near.passed
                yield near
        yield NearObjects(self._local.rows_beyond(reach, passed), None)


def _in_turn(client: Any, function: Any, arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Yield results of the workers in order; so few are under way that results do not fill any memory."""
    most = max(_TASKS_A_THREAD * sum(client.nthreads().values()), _LEAST_TASKS)
    return in_turn(lambda one: client.submit(function, *one, pure=False), _result, arguments, most)


def _result(future: Any) -> Any:
    result = future.result()
    future.release()
    return result


def _near_in_piece(
    piece: Piece, reach: Reach, position: tuple[str, str], columns: Sequence[str]
) -> tuple[NearObjects, ...]:
    return tuple(near_in_piece(piece, reach, position, columns))
