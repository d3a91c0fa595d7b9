"""Benchmark of combinations in memory and on disk: time and peak memory as rows grow.

Claim: 20 million rows of one catalogue are combined on disk within 2 GB, in a time that grows with the rows.

Run ``python -m benchmarks.combine_memory [rows ...] [--ways …]``, by default 1000000 5000000. Runs are processes, in
which the work of partitions is done by threads. Ten catalogues of a tenth of the rows overlap by a tenth; positions are
uniform on the sphere. ``one file`` is one catalogue of the same rows in Parquet, combined on disk.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.combine import CombineConfiguration, Spill, combine_redshifts
from pipelines.combine.gathering import CatalogueTable
from pipelines.inputs.rows import open_file_rows

_CATALOGUES = 10
_COLUMNS = {"id": "name", "ra": "RA", "dec": "DEC", "z": "redshift", "z_flag": "quality", "survey": "survey_name"}


_WAYS = ("on disk", "one file", "in memory")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="*", default=[1_000_000, 5_000_000])
    parser.add_argument("--ways", nargs="*", choices=_WAYS, default=_WAYS)
    given = parser.parse_args()
    for number in given.rows:
        for way in given.ways:
            with tempfile.TemporaryDirectory() as folder:
                if way == "one file":  # written by another process, whose memory does not count
                    _in_process(_write, number, Path(folder) / "catalogue.parquet")
                _in_process(_run, number, way, Path(folder))


def _in_process(function: Callable[..., None], *arguments: object) -> None:
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"a run ended with {process.exitcode}")


def _write(rows: int, path: Path) -> None:
    writer: pq.ParquetWriter | None = None
    for table in _Catalogues(rows // _CATALOGUES).values():
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=65_536)
    if writer is not None:
        writer.close()


def _run(rows: int, way: str, folder: Path) -> None:
    pa.set_memory_pool(pa.system_memory_pool())
    file = folder / "catalogue.parquet"
    tables: Mapping[str, CatalogueTable] = (
        {"001_mock": lambda: open_file_rows(file, file.name)} if way == "one file" else _Catalogues(rows // _CATALOGUES)
    )
    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {"specz": [{"internal_name": each, "columns": _COLUMNS} for each in tables]},
            "param": {"combine_type": "concatenate_and_mark_duplicates"},
        }
    )
    spill = None if way == "in memory" else Spill(folder, rows_in_memory=0)
    start, used = time.perf_counter(), time.process_time()
    made = combine_redshifts(tables, configuration, spill=spill)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{rows:>10} rows {way:<9} {seconds:7.1f} s {used:7.1f} s CPU {peak:8.0f} MB peak, {made.report.pairs} pairs",
        flush=True,
    )


class _Catalogues(Mapping[str, pa.Table]):
    """Catalogues that are made when they are read, so that they are not in memory together."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def __getitem__(self, name: str) -> pa.Table:
        number = int(name.partition("_")[0])
        ra, dec, z = self._sky(number)
        shared, random = self._rows // 10, np.random.default_rng(1000 + number)
        if number > 1:
            before = self._sky(number - 1)
            ra[:shared] = before[0][-shared:]
            dec[:shared] = np.clip(before[1][-shared:] + random.uniform(-0.3, 0.3, shared) / 3600, -90, 90)
            z[:shared] = before[2][-shared:] + random.normal(0, 0.0005, shared)
        return pa.table(
            {
                "name": np.arange(self._rows),
                "RA": ra,
                "DEC": dec,
                "redshift": z,
                "quality": random.integers(1, 5, self._rows),
                "survey_name": pa.repeat("2DFLENS", self._rows),
            }
        )

    def _sky(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        random = np.random.default_rng(number)
        ra, dec = random.uniform(0, 360, self._rows), np.degrees(np.arcsin(random.uniform(-1, 1, self._rows)))
        return ra, dec, random.gamma(2, 0.3, self._rows)

    def __iter__(self) -> Iterator[str]:
        return (f"{number:03}_mock" for number in range(1, _CATALOGUES + 1))

    def __len__(self) -> int:
        return _CATALOGUES


if __name__ == "__main__":
    main()
