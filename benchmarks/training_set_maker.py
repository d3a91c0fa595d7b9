"""Benchmark of the Training Set Maker on generated catalogues, against a k-d tree of all objects: time and peak memory.

Run: ``python -m benchmarks.training_set_maker [--redshifts 100000] [--objects 1000000]``. The claim: the object
catalogue streams by, so that memory follows the redshifts and the matches, not the objects.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.sky.healpix import nested_indices
from pipelines.outputs import OUTPUT_FORMATS, write_table
from pipelines.training import TrainingSetConfiguration, make_training_set

_ROWS_AT_A_TIME = 1_000_000
_CONFIGURATION = {
    "param": {"random_seed": 42, "flux_type": "psf", "photometry": {"dereddening": {}}, "unique": "objects"}
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redshifts", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        redshifts, objects = Path(folder) / "redshifts.parquet", Path(folder) / "objects.parquet"
        _generate(redshifts, objects, arguments.redshifts, arguments.objects)
        megabytes = objects.stat().st_size / 1e6
        print(f"{arguments.redshifts} redshifts, {arguments.objects} objects ({megabytes:.0f} MB of Parquet)")
        for name, task in (("import alone", _nothing), ("training set", _make), ("k-d tree of all", _all_in_memory)):
            _measure(name, task, redshifts, objects)


def _generate(redshifts: Path, objects: Path, n_redshifts: int, n_objects: int) -> None:
    """Write objects over the sky, sorted by cell, and redshifts of which half are near an object."""
    rng = np.random.default_rng(1)
    ra, dec = _anywhere(rng, n_objects)
    cells = nested_indices(ra, dec)
    order = np.argsort(cells)
    ra, dec, cells = ra[order], dec[order], cells[order]
    with pq.ParquetWriter(objects, _batch(rng, ra[:1], dec[:1], cells[:1], 0).schema) as writer:
        for start in range(0, n_objects, _ROWS_AT_A_TIME):
            part = slice(start, start + _ROWS_AT_A_TIME)
            writer.write_batch(_batch(rng, ra[part], dec[part], cells[part], start), row_group_size=131_072)
    chosen = rng.choice(n_objects, n_redshifts // 2, replace=False)
    far_ra, far_dec = _anywhere(rng, n_redshifts - len(chosen))
    near_dec = np.clip(dec[chosen] + rng.uniform(0, 1.5, len(chosen)) / 3600, -90, 90)
    columns = {
        "ra": np.concatenate([ra[chosen], far_ra]),
        "dec": np.concatenate([near_dec, far_dec]),
        "z": rng.gamma(2.0, 0.4, n_redshifts),
    }
    pq.write_table(pa.table(columns).take(pa.array(rng.permutation(n_redshifts))), redshifts)


def _anywhere(rng: np.random.Generator, rows: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return rng.uniform(0, 360, rows), np.degrees(np.arcsin(rng.uniform(-1, 1, rows)))


def _batch(
    rng: np.random.Generator,
    ra: npt.NDArray[np.float64],
    dec: npt.NDArray[np.float64],
    cells: npt.NDArray[np.int64],
    start: int,
) -> pa.RecordBatch:
    columns = {"objectId": np.arange(start, start + len(ra)), "ra": ra, "dec": dec, "_healpix_29": cells}
    columns["ebv"] = rng.uniform(0, 0.2, len(ra)).astype(np.float32)
    for band in "ugrizy":
        columns[f"{band}_psfFlux"] = rng.lognormal(6, 2, len(ra)).astype(np.float32)
        columns[f"{band}_psfFluxErr"] = rng.uniform(1, 20, len(ra)).astype(np.float32)
    return pa.RecordBatch.from_pydict(columns)


def _measure(name: str, task: Callable[[Path, Path], int], redshifts: Path, objects: Path) -> None:
    # A process of its own, so that its peak is its own.
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    process = context.Process(target=_in_process, args=(task, redshifts, objects, answers))
    process.start()
    process.join()
    seconds, peak, rows = answers.get()
    print(f"{name:16}: {seconds:6.2f} s, peak {peak / 1024:6.0f} MB, {rows} rows")


def _in_process(task: Callable[[Path, Path], int], redshifts: Path, objects: Path, answers: object) -> None:
    start = time.perf_counter()
    rows = task(redshifts, objects)
    seconds = time.perf_counter() - start
    # ru_maxrss would be inherited from the parent, which generated the catalogues.
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    answers.put((seconds, peak, rows))  # type: ignore[attr-defined]  # a queue of a context has no public type


def _nothing(_redshifts: Path, _objects: Path) -> int:
    return 0


def _make(redshifts: Path, objects: Path) -> int:
    configuration = TrainingSetConfiguration.model_validate(_CONFIGURATION)
    made = make_training_set(pq.read_table(redshifts), objects, configuration)
    write_table(made.table, objects.with_name("made.parquet"), OUTPUT_FORMATS["parquet"])
    return made.table.num_rows


def _all_in_memory(redshifts: Path, objects: Path) -> int:
    """Find the nearest object in one tree of all, join, and write, as in a notebook."""
    from scipy.spatial import KDTree

    left, right = pq.read_table(redshifts), pq.read_table(objects)
    vectors = [_vectors(table["ra"].to_numpy(), table["dec"].to_numpy()) for table in (left, right)]
    distances, rows = KDTree(vectors[1]).query(vectors[0], distance_upper_bound=2 * np.sin(np.radians(1 / 3600) / 2))
    near = np.flatnonzero(np.isfinite(distances))
    joined = right.take(pa.array(rows[near])).append_column("z", left["z"].take(pa.array(near)))
    pq.write_table(joined, objects.with_name("joined.parquet"))
    return joined.num_rows


def _vectors(ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    ra, dec = np.radians(ra), np.radians(dec)
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


if __name__ == "__main__":
    main()
