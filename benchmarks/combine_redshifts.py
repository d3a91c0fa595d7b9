"""Benchmark of the combination of redshift catalogues: twenty of 1000 rows under one second, a million rows in a few.

Run ``python -m benchmarks.combine_redshifts [rows]``. Positions are uniform on the sphere; every tenth object of a
catalogue is one of the catalogue before it, moved by up to 0.3 arcseconds.
"""

import resource
import sys
import time
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pipelines.combine import CombineConfiguration, Combined, combine_redshifts

_SURVEYS = ("2DFLENS", "OZDES", "GAMA_DR4", "VVDS")


def catalogues(number: int, rows: int) -> dict[str, pa.Table]:
    """Return catalogues that overlap."""
    random = np.random.default_rng(20)
    tables, before = {}, None
    for place in range(number):
        ra, dec = random.uniform(0, 360, rows), np.degrees(np.arcsin(random.uniform(-1, 1, rows)))
        z = random.gamma(2, 0.3, rows)
        shared = rows // 10
        if before is not None:
            ra[:shared] = before[0][-shared:]
            dec[:shared] = np.clip(before[1][-shared:] + random.uniform(-0.3, 0.3, shared) / 3600, -90, 90)
            z[:shared] = before[2][-shared:] + random.normal(0, 0.0005, shared)
        before = (ra, dec, z)
        tables[f"{place + 1:03}_mock"] = pa.table(
            {
                "name": np.arange(rows),
                "RA": ra,
                "DEC": dec,
                "redshift": z,
                "quality": random.integers(1, 5, rows),
                "survey_name": pa.repeat(_SURVEYS[place % len(_SURVEYS)], rows),
            }
        )
    return tables


def combined(tables: dict[str, pa.Table], combine_type: str) -> Combined:
    """Combine them with the default parameters."""
    columns = {
        "id": "name", "ra": "RA", "dec": "DEC", "z": "redshift", "z_flag": "quality", "survey": "survey_name",
    }  # fmt: skip
    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {"specz": [{"internal_name": name, "columns": columns} for name in tables]},
            "param": {"combine_type": combine_type, "insert_DP1_footprint_flag": True},
        }
    )
    return combine_redshifts(tables, configuration, progress=_Steps() if len(tables) == 1 else None)


class _Steps:
    """Progress callback that prints the time of each step."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, str]] = []

    def __call__(self, fraction: float, step: str) -> None:
        self.steps.append((time.perf_counter(), step))
        if fraction == 1:
            for (start, name), (end, _) in pairwise(self.steps):
                print(f"    {name:<40} {end - start:6.2f} s")


def main() -> None:
    """Measure both claims."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for number, each, combine_type, most in (
        (20, 1000, "concatenate_and_mark_duplicates", 1.0),
        (1, rows, "concatenate_and_mark_duplicates", 8e-6 * rows),
        (10, rows // 10, "concatenate_and_remove_duplicates", 8e-6 * rows),
    ):
        tables = catalogues(number, each)
        start = time.perf_counter()
        result = combined(tables, combine_type)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(f"{number} x {each} rows, {combine_type}: {seconds:.2f} s, peak {peak:.0f} MB, {result.report.ties}")
        assert seconds < most, f"took {seconds:.2f} s, more than {most:.2f}"


if __name__ == "__main__":
    main()
