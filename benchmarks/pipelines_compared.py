"""Benchmark of both pipelines against STILTS and LSDB: time and peak memory; and of a job from its start to its result.

Run ``python -m benchmarks.pipelines_compared [--scale 1.0] [--without lsdb stilts job]``. Claims: twenty catalogues of
1000 rows are marked in under 5 s from the start of the job to the published result; 2 x 10^6 rows are combined, and
10^5 redshifts matched with 10^7 objects, with less of the processor's time than STILTS ``tskymatch2`` and LSDB take for
the matching alone. Each program is a process of its own that reads files and writes one; its time is that of the whole
process, its CPU time that of all its threads and child processes, and its peak memory that of the largest of these.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from pipelines.outputs import OUTPUT_FORMATS, write_hats, write_table

_COLUMNS = {"id": "name", "ra": "ra", "dec": "dec", "z": "z", "z_flag": "quality", "survey": "survey_name"}
_LSDB = """
import sys, lsdb, pandas as pd

def opened(path):
    if path.endswith("parquet"):
        return lsdb.from_dataframe(pd.read_parquet(path), ra_column="ra", dec_column="dec")
    return lsdb.open_catalog(path)

if __name__ == "__main__":
    left, right, out, radius = sys.argv[1:]
    matched = opened(left).crossmatch(
        opened(right), radius_arcsec=float(radius), n_neighbors=1, suffixes=("_1", "_2"), suffix_method="all_columns"
    )
    matched.compute().to_parquet(out)
"""
#: Starts a program and prints its wall time, its CPU time and its peak memory in kB, each with all processes that it
#: waited for: the java behind the script of STILTS. What the system knows of a process begins with the memory of the
#: one that started it, so this must be a small one.
_LAUNCHER = """
import os, sys, time
start = time.perf_counter()
nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
_, status, used = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere), 0)
print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def main() -> None:
    """Measure everything that was not left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the rows of the claims")
    parser.add_argument("--without", nargs="*", default=[], help="stilts, lsdb, job, combine or train")
    arguments = parser.parse_args()
    without = frozenset(arguments.without)
    with tempfile.TemporaryDirectory() as folder:
        if "job" not in without:
            measure_job(Path(folder) / "data")
        if "combine" not in without:
            compare_combination(Path(folder), int(1_000_000 * arguments.scale), without)
        if "train" not in without:
            compare_training(Path(folder), int(100_000 * arguments.scale), int(10_000_000 * arguments.scale), without)


def measure_job(data: Path) -> None:
    """Run a job on twenty published catalogues, in the worker process of a server."""
    from benchmarks.combine_redshifts import catalogues
    from pipelines.definitions import COMBINE
    from pipelines.models import RunRequest
    from tests.pipelines.runs.published import publish
    from tests.server.application import running_application

    meanings = {"name": "id", "RA": "ra", "DEC": "dec", "redshift": "z", "quality": "z_flag", "survey_name": "survey"}
    with running_application(data) as app:
        services = app.services
        services.accounts.service.add_user("owner", None)
        owner = services.accounts.service.identity_of_user("owner")
        names = [
            publish(services, owner, name, table.to_pandas(), meanings=meanings).internal_name
            for name, table in catalogues(20, 1000).items()
        ]
        param = {"combine_type": "concatenate_and_mark_duplicates"}
        for attempt in ("first job of the worker", "second job"):
            run = services.pipelines.service.submit(owner, COMBINE, RunRequest(inputs=tuple(names), param=param))
            services.jobs.wait(run.job_id, owner="owner", seconds=120)
            ended = services.pipelines.service.get(owner, run.id)
            assert ended.started is not None
            assert ended.ended is not None
            seconds = (ended.ended - ended.started).total_seconds()
            print(f"20 x 1000 rows marked, {attempt}: {seconds:.2f} s from start to end of the job ({ended.phase})")
            assert seconds < 5


def compare_combination(folder: Path, rows: int, without: frozenset[str]) -> None:
    """Combine two catalogues; the others find the pairs between them."""
    random = np.random.default_rng(1)
    ra, dec = random.uniform(0, 360, rows), np.degrees(np.arcsin(random.uniform(-1, 1, rows)))
    other_ra, other_dec = random.uniform(0, 360, rows), np.degrees(np.arcsin(random.uniform(-1, 1, rows)))
    shared = rows // 2
    other_ra[:shared] = ra[:shared]
    other_dec[:shared] = np.clip(dec[:shared] + random.uniform(0, 0.7, shared) / 3600, -90, 90)
    for name, (alpha, delta) in (("a", (ra, dec)), ("b", (other_ra, other_dec))):
        table = pa.table(
            {
                "name": np.arange(rows), "ra": alpha, "dec": delta, "z": random.gamma(2, 0.3, rows),
                "quality": random.integers(1, 5, rows), "survey_name": ["VVDS"] * rows,
            }
        )  # fmt: skip
        _write(table, folder / name)
    inputs = [
        {"path": f"{name}.parquet", "internal_name": f"{i}_{name}", "columns": dict(_COLUMNS)}
        for i, name in ((1, "a"), (2, "b"))
    ]
    param = {"combine_type": "concatenate_and_mark_duplicates"}
    _configure(folder / "combine.yaml", {"inputs": {"specz": inputs}, "param": param, "output_dir": "combined"})
    print(f"{2 * rows} rows of two catalogues, 0.5 arcseconds")
    ours = _ours("combine_redshift_dedup", folder / "combine.yaml", folder)
    _measure("photoz pipeline run (all of it)", ours)
    _measure_others(folder, folder / "a", folder / "b", 0.5, without)


def compare_training(folder: Path, redshifts: int, objects: int, without: frozenset[str]) -> None:
    """Match redshifts with objects, which are a HATS catalogue to those who read it."""
    random = np.random.default_rng(2)
    ra, dec = random.uniform(0, 360, objects), np.degrees(np.arcsin(random.uniform(-1, 1, objects)))
    table = pa.table({"id": np.arange(objects), "ra": ra, "dec": dec, "mag_i": random.normal(23, 1, objects)})
    if "stilts" not in without:
        write_table(table, folder / "objects.fits", OUTPUT_FORMATS["fits"])
    write_hats(table, folder / "objects", ("ra", "dec"))
    chosen = random.choice(objects, redshifts, replace=False)
    near = np.clip(dec[chosen] + random.uniform(0, 1.5, redshifts) / 3600, -90, 90)
    specz = pa.table({"ra": ra[chosen], "dec": near, "z": random.gamma(2, 0.3, redshifts)})
    _write(specz, folder / "specz")
    inputs = {"dataset": {"path": "objects"}, "specz": [{"path": "specz.parquet", "columns": {}}]}
    _configure(
        folder / "train.yaml",
        {"inputs": inputs, "param": {"random_seed": 1, "use_absolute_lsdb_path": True}, "output_dir": "trained"},
    )
    print(f"{redshifts} redshifts and {objects} objects, 1 arcsecond")
    ours = _ours("training_set_maker", folder / "train.yaml", folder)
    _measure("photoz pipeline run (all of it)", ours)
    _measure_others(folder, folder / "specz", folder / "objects", 1.0, without)


def _ours(pipeline: str, configuration: Path, base: Path) -> list[str]:
    photoz = str(Path(sys.executable).with_name("photoz"))
    return [photoz, "pipeline", "run", pipeline, str(configuration), "--base-dir", str(base)]


def _measure_others(folder: Path, left: Path, right: Path, radius: float, without: frozenset[str]) -> None:
    stilts = shutil.which("stilts")
    if stilts is None or "stilts" in without:
        print("    STILTS is left out")
    else:
        _measure(
            "STILTS tskymatch2 (matching alone)",
            [stilts, "tskymatch2", f"in1={left}.fits", f"in2={right}.fits", f"error={radius}", "ra1=ra", "dec1=dec",
             "ra2=ra", "dec2=dec", "find=best1", "join=1and2", f"out={folder / 'stilts.fits'}"],
        )  # fmt: skip
    if "lsdb" in without:
        print("    LSDB is left out")
        return
    script = folder / "with_lsdb.py"
    script.write_text(_LSDB, "utf-8")
    source = right if right.is_dir() else right.with_suffix(".parquet")
    words = [sys.executable, str(script), f"{left}.parquet", str(source), str(folder / "lsdb.parquet"), str(radius)]
    _measure("LSDB crossmatch (matching alone)", words)


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path.with_suffix(".parquet"))
    write_table(table, path.with_suffix(".fits"), OUTPUT_FORMATS["fits"])


def _configure(path: Path, document: object) -> None:
    path.write_text(yaml.safe_dump(document), "utf-8")


def _measure(name: str, words: Sequence[str]) -> None:
    with tempfile.TemporaryFile() as errors:
        launched = subprocess.run(
            [sys.executable, "-c", _LAUNCHER, *words], stdout=subprocess.PIPE, stderr=errors, check=False
        )
        errors.seek(0)
        assert launched.returncode == 0, errors.read().decode(errors="replace")[-2000:]
    seconds, cpu, peak = (float(word) for word in launched.stdout.split())
    print(f"    {name:<36} {seconds:7.1f} s ({cpu:6.1f} s of CPU), peak {peak / 1024:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
