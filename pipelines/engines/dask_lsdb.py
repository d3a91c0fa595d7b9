"""Engine on a Dask cluster: LSDB partitions the catalogues, the workers run the same kernels.

Workers need this software, and what they read must lie in folders that they see. Results are those of the engine in
the process of a job: workers find candidates a hair beyond the radius, and the same code here decides about them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from core.errors import ServiceBusyError
from core.sky.healpix import FINEST_ORDER, nested_indices
from pipelines.crossmatch import Pairs, SkyPositions, find_pairs, pairs_among
from pipelines.crossmatch.objects import NearObjects, ObjectSource
from pipelines.crossmatch.reach import Reach
from pipelines.training import open_objects
from pipelines.training.catalogue_folders import Address
from pipelines.training.parquet_objects import ParquetObjects, Piece, near_in_piece

__all__ = ["DaskEngine"]

#: Candidates may lie this much beyond the radius; rounding is far smaller.
_SLACK = 1 + 1e-6
#: Arcseconds. LSDB describes a margin by cells as small as it is: those of an arcsecond are too many.
_LEAST_MARGIN = 120.0
_ROWS_IN_PARTITION = 200_000
_SECONDS = 30
#: Tasks that are under way at a time, a thread of the cluster and at least.
_TASKS_A_THREAD, _LEAST_TASKS = 3, 8
#: Order of the smallest partitions: cells of seven arcminutes.
_FINEST = 9


class DaskEngine:
    """Engine that computes on the workers of a Dask scheduler.

    Parameters
    ----------
    scheduler
        Its address, such as ``tcp://host:8786``.
    rows_in_partition
        Rows that a worker matches at a time.
    seconds
        How long the scheduler may take to answer.

    Raises
    ------
    ServiceBusyError
        The scheduler does not answer.
    """

    def __init__(
        self, scheduler: str, *, rows_in_partition: int = _ROWS_IN_PARTITION, seconds: float = _SECONDS
    ) -> None:
        from distributed import Client

        self._rows = rows_in_partition
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

    def pairs_within(self, positions: SkyPositions, radius_arcsec: float) -> Pairs:
        """Find all pairs of rows closer than the radius, each once."""
        import lsdb

        if len(positions.rows) < 2:
            return pairs_among(positions, np.empty((0, 2), dtype=np.int64), radius_arcsec)
        x, y, z = positions.vectors.T
        table = pa.table(
            {
                "ra": np.degrees(np.arctan2(y, x)) % 360,
                "dec": np.degrees(np.arctan2(z, np.hypot(x, y))),
                "x": x, "y": y, "z": z,
                "place": np.arange(len(positions.rows)),
            }
        )  # fmt: skip
        cells = nested_indices(table["ra"].to_numpy(), table["dec"].to_numpy()) >> 2 * (FINEST_ORDER - _FINEST)
        catalogue = lsdb.from_dataframe(
            table.to_pandas(),
            ra_column="ra",
            dec_column="dec",
            # LSDB refuses a smallest cell that holds more.
            partition_rows=max(self._rows, int(np.unique(cells, return_counts=True)[1].max())),
            margin_threshold=max(radius_arcsec * _SLACK, _LEAST_MARGIN),
            highest_order=_FINEST,
            should_generate_moc=False,
        )
        matched = catalogue.crossmatch(
            catalogue,
            algorithm=_all_pairs(radius_arcsec * _SLACK),
            suffixes=("_left", "_right"),
            suffix_method="all_columns",
            require_right_margin=True,
            log_changes=False,
        )
        parts = _computed(self._client, matched[["place_left", "place_right"]].to_delayed())
        found = np.concatenate([part.to_numpy(dtype=np.int64).reshape(-1, 2) for part in parts])
        # Each pair was found from both of its sides, and each row finds itself.
        return pairs_among(positions, found[found[:, 0] < found[:, 1]], radius_arcsec)

    def objects(self, address: Address) -> ObjectSource:
        """Open an object catalogue, whose partitions and row groups the workers read."""
        return _WorkerObjects(self._client, open_objects(address))


def _computed(client: Any, parts: Sequence[Any]) -> Sequence[Any]:
    return client.gather(client.compute(list(parts)))  # type: ignore[no-any-return]  # Dask has no types


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
    waiting: deque[Any] = deque()
    most = max(_TASKS_A_THREAD * sum(client.nthreads().values()), _LEAST_TASKS)
    for each in arguments:
        waiting.append(client.submit(function, *each, pure=False))
        if len(waiting) >= most:
            yield _result(waiting.popleft())
    while waiting:
        yield _result(waiting.popleft())


def _result(future: Any) -> Any:
    result = future.result()
    future.release()
    return result


def _near_in_piece(
    piece: Piece, reach: Reach, position: tuple[str, str], columns: Sequence[str]
) -> tuple[NearObjects, ...]:
    return tuple(near_in_piece(piece, reach, position, columns))


def _all_pairs(radius_arcsec: float) -> Any:
    """Create the LSDB crossmatch algorithm that returns all pairs within the radius."""
    import pandas as pd
    from lsdb.core.crossmatch.abstract_crossmatch_algorithm import AbstractCrossmatchAlgorithm

    class AllPairs(AbstractCrossmatchAlgorithm):  # type: ignore[misc]  # LSDB is not looked into
        """All pairs by our kernel."""

        extra_columns = pd.DataFrame({"separation": pd.Series(dtype=np.dtype("float64"))})

        def perform_crossmatch(self, crossmatch_args: Any) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
            left, right = (
                SkyPositions.of_vectors(frame[["x", "y", "z"]].to_numpy(dtype=np.float64))
                for frame in (crossmatch_args.left_df, crossmatch_args.right_df)
            )
            pairs = find_pairs(left, right, radius_arcsec)
            return pairs.left, pairs.right, pd.DataFrame({"separation": pairs.separation})

    return AllPairs()
