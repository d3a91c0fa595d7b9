"""Engine on a Dask cluster: LSDB partitions the catalogues, the workers run the same kernels.

Workers need this software, and what they read must lie in folders that they see. Results are those of the engine in
the process of a job: workers find candidates a hair beyond the radius, and the same code here decides about them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
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
from pipelines.training.objects import near_rows
from pipelines.training.parquet_objects import ParquetObjects, near_in_group

__all__ = ["DaskEngine"]

#: Candidates may lie this much beyond the radius; rounding is far smaller.
_SLACK = 1 + 1e-6
#: Arcseconds. LSDB describes a margin by cells as small as it is: those of an arcsecond are too many.
_LEAST_MARGIN = 120.0
_ROWS_IN_PARTITION = 200_000
_SECONDS = 30
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

    def objects(self, path: Path) -> ObjectSource:
        """Open an object catalogue for the workers: HATS by LSDB, Parquet files by row groups."""
        local = open_objects(path)
        if path.is_dir() and any((path / name).is_file() for name in _PROPERTIES):
            return _HatsObjects(self._client, path, local)
        return _ParquetObjects(self._client, local)


_PROPERTIES = ("collection.properties", "hats.properties", "properties")


def _computed(client: Any, parts: Sequence[Any]) -> Sequence[Any]:
    return client.gather(client.compute(list(parts)))  # type: ignore[no-any-return]  # Dask has no types


class _HatsObjects:
    """Objects of a HATS catalogue; the workers select the rows in reach."""

    def __init__(
        self, client: Any, path: Path, local: ObjectSource
    ) -> None:  # a Client of distributed, which has no types
        self._client = client
        self._path = path
        self.schema: pa.Schema = local.schema
        self.position = local.position
        self.rows = local.rows

    def near(self, reach: Reach, position: tuple[str, str], columns: Sequence[str]) -> Iterator[NearObjects]:
        """Read the columns of the rows in reach."""
        import lsdb
        from dask import delayed

        catalogue = lsdb.open_catalog(self._path, columns=list(dict.fromkeys((*columns, *position))))
        pixels = catalogue.get_ordered_healpix_pixels()
        # Partitions stand in the order of the catalogue's own list of pixels.
        parts = dict(zip(catalogue.get_healpix_pixels(), catalogue.to_delayed(), strict=True))
        shifts = {pixel: 2 * (FINEST_ORDER - pixel.order) for pixel in pixels}
        wanted = sorted(
            (pixel.pixel << shifts[pixel], pixel)
            for pixel in pixels
            if reach.overlaps(pixel.pixel << shifts[pixel], ((pixel.pixel + 1) << shifts[pixel]) - 1)
        )
        work = delayed(_rows_in_reach, pure=False)
        schema = pa.schema([self.schema.field(name) for name in columns])
        futures = self._client.compute([work(parts[pixel], reach, position, schema) for _, pixel in wanted])
        passed = 0
        for future in futures:
            rows, batch = future.result()
            future.release()
            passed += rows
            yield NearObjects(rows, batch)
        yield NearObjects(len(catalogue) - passed, None)


class _ParquetObjects:
    """Objects in Parquet files, such as the rows of a product; the workers select the rows in reach."""

    def __init__(self, client: Any, local: ParquetObjects) -> None:  # a Client of distributed, which has no types
        self._client = client
        self._local = local
        self.schema: pa.Schema = local.schema
        self.position = local.position
        self.rows = local.rows

    def near(self, reach: Reach, position: tuple[str, str], columns: Sequence[str]) -> Iterator[NearObjects]:
        """Read the columns of the rows in reach."""
        everywhere = self._client.scatter(reach, broadcast=True, hash=False)
        work = [
            self._client.submit(near_in_group, group, everywhere, position, tuple(columns), pure=False)
            if group.is_near
            else NearObjects(group.rows, None)
            for group in self._local.groups(reach)
        ]
        for each in work:
            if isinstance(each, NearObjects):
                yield each
                continue
            yield from each.result()
            each.release()


def _rows_in_reach(
    part: Any, reach: Reach, position: tuple[str, str], schema: pa.Schema
) -> tuple[int, pa.RecordBatch | None]:
    """Select the rows of a partition (a data frame) that are in reach."""
    names = list(dict.fromkeys((*schema.names, *position)))
    table = pa.Table.from_pandas(part[names], preserve_index=False).combine_chunks()
    batches = table.to_batches()
    if not batches:
        return 0, None
    rows = near_rows(batches[0], reach, position)
    if not len(rows):
        return len(part), None
    chosen = table.select(schema.names).take(pa.array(rows)).cast(schema).combine_chunks()
    return len(part), chosen.to_batches()[0]


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
