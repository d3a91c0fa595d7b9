"""Benchmark of combinations in memory and on disk: time and peak memory as rows grow.

Run ``python -m benchmarks.combine_memory [rows ...]``, by default 1000000 5000000. Runs are processes. Ten
catalogues of a tenth of the rows overlap by a tenth; positions are uniform on the sphere.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.combine import CombineConfiguration, Spill, combine_redshifts

_CATALOGUES = 10
_COLUMNS = {"id": "name", "ra": "RA", "dec": "DEC", "z": "redshift", "z_flag": "quality", "survey": "survey_name"}


def main() -> None:
    rows = [int(word) for word in sys.argv[1:]] or [1_000_000, 5_000_000]
    for number in rows:
        for name in ("on disk", "in memory"):
            process = multiprocessing.get_context("spawn").Process(target=_run, args=(number, name))
            process.start()
            process.join()


def _run(rows: int, name: str) -> None:
    pa.set_memory_pool(pa.system_memory_pool())
    tables = _Catalogues(rows // _CATALOGUES)
    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {"specz": [{"internal_name": each, "columns": _COLUMNS} for each in tables]},
            "param": {"combine_type": "concatenate_and_mark_duplicates"},
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        spill = Spill(Path(folder), rows_in_memory=0) if name == "on disk" else None
        start = time.perf_counter()
        made = combine_redshifts(tables, configuration, spill=spill)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{rows:>10} rows {name:<9} {seconds:7.1f} s {peak:8.0f} MB peak, {made.report.pairs} pairs", flush=True)


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
