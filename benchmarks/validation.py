"""Benchmark of the validation of photo-z estimates against the metrics of qp on the same files: time and peak memory.

Run: ``python -m benchmarks.validation [--objects 100000] [--points 301] [--alone]``. Each of both reads an ensemble
in HDF5 and the reference, and computes point metrics, CDE loss and PIT statistics, in a process of its own; the
numbers are compared. The claim: at least five times as fast, in memory that does not grow with the densities.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import h5py
import numpy as np

_ROWS_AT_A_TIME = 20_000
_LAST_REDSHIFT = 3.0
_Metrics = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--points", type=int, default=301)
    parser.add_argument("--alone", action="store_true", help="leave out qp, which needs gigabytes for a million")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "estimates.hdf5", Path(folder) / "truth.hdf5"
        generate(*files, arguments.objects, arguments.points)
        print(f"{arguments.objects} objects x {arguments.points} points, {files[0].stat().st_size / 1e6:.0f} MB")
        ours, seconds = _measured("photoz validate", _ours, files, arguments.points)
        if arguments.alone:
            return
        theirs, baseline = _measured("qp", _qp, files, arguments.points)
        print(f"{baseline / seconds:.1f} times as fast")
        for name, value in theirs.items():
            print(f"  {name:<18} {ours[name]:>16.10g} {value:>16.10g}")
            assert np.isclose(ours[name], value, rtol=1e-6, atol=1e-9), name


def generate(estimates: Path, truth: Path, objects: int, points: int) -> None:
    rng, grid = np.random.default_rng(1), np.linspace(0, _LAST_REDSHIFT, points)
    z_true, scale = rng.uniform(0.05, 2.9, objects), rng.uniform(0.02, 0.2, objects)
    loc = z_true + scale * rng.normal(0, 1, objects)
    identifiers = rng.permutation(objects) + 10**15
    with h5py.File(estimates, "w") as file:
        file["meta/pdf_name"], file["meta/pdf_version"] = np.array([b"interp"]), np.array([0])
        file["meta/xvals"], file["ancil/object_id"] = grid[None], identifiers
        values = file.create_dataset("data/yvals", (objects, points), "f8")
        modes = file.create_dataset("ancil/zmode", (objects,), "f8")
        for start in range(0, objects, _ROWS_AT_A_TIME):
            part = slice(start, start + _ROWS_AT_A_TIME)
            density = np.exp(-0.5 * ((grid - loc[part, None]) / scale[part, None]) ** 2) + 1e-9
            values[part] = density / np.trapezoid(density, grid, axis=1)[:, None]
            modes[part] = grid[np.argmax(density, axis=1)]
    with h5py.File(truth, "w") as file:
        file["photometry/object_id"], file["photometry/redshift"] = identifiers, z_true


def _measured(
    name: str, task: Callable[[Path, Path, int], _Metrics], files: tuple[Path, Path], points: int
) -> tuple[_Metrics, float]:
    """Run a task in a process of its own; print its time, with imports, and its peak memory."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, task, *files, points))
    process.start()
    sender.close()
    metrics, seconds, processor, megabytes = receiver.recv()
    process.join()
    print(f"{name:<18} {seconds:7.2f} s  {processor:7.2f} s of a processor  {megabytes:7.0f} MB")
    return json.loads(metrics), seconds


def _work(sender: Connection, task: Callable[[Path, Path, int], _Metrics], *arguments: object) -> None:
    started = time.perf_counter()
    metrics = task(*arguments)  # type: ignore[arg-type]
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    sender.send((json.dumps(metrics), seconds, time.process_time(), megabytes))


def _ours(estimates: Path, truth: Path, points: int) -> _Metrics:
    import pyarrow as pa

    from pipelines.validation.configuration import ValidationParameters
    from pipelines.validation.files import validate_files

    pa.set_memory_pool(pa.system_memory_pool())
    param = ValidationParameters(point="zmode", grid=(0.0, _LAST_REDSHIFT, points), bootstrap=0)
    return dict(validate_files(estimates, truth, param).metrics)


def _qp(estimates: Path, truth: Path, points: int) -> _Metrics:
    warnings.simplefilter("ignore")
    import qp
    from qp.metrics.concrete_metric_classes import CDELossMetric
    from qp.metrics.pit import PIT
    from qp.metrics.point_estimate_metric_classes import PointBias, PointOutlierRate, PointSigmaIQR, PointSigmaMAD

    ensemble = qp.read(estimates)
    with h5py.File(truth) as file:
        z_true, z_mode = file["photometry/redshift"][:], np.ravel(ensemble.ancil["zmode"])
    pit = PIT(ensemble, z_true)
    return {
        "bias": float(PointBias().evaluate(z_mode, z_true)),
        "sigma_iqr": float(PointSigmaIQR().evaluate(z_mode, z_true)),
        "sigma_mad": float(PointSigmaMAD().evaluate(z_mode, z_true)),
        "outlier_rate": float(PointOutlierRate().evaluate(z_mode, z_true)),
        "cde_loss": float(CDELossMetric(np.linspace(0, _LAST_REDSHIFT, points)).evaluate(ensemble, z_true)),
        "pit_ks": float(pit.evaluate_PIT_KS().statistic),
        "pit_cvm": float(pit.evaluate_PIT_CvM().statistic),
        "pit_ad": float(pit.evaluate_PIT_anderson_ksamp(0.01, 0.99).statistic),
        "pit_outlier_rate": float(np.ravel(pit.evaluate_PIT_outlier_rate())[0]),
    }


if __name__ == "__main__":
    main()
