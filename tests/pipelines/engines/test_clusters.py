"""Clusters that are started for a run: processes of this machine, and jobs of a Slurm that the test starts."""

import signal
import subprocess
from pathlib import Path

import pytest

from pipelines.engines.clusters import ClusterOptions, cancel_slurm_jobs, running_cluster
from pipelines.engines.engine import engine_of
from tests.support.slurm import running_slurm, why_no_slurm
from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # libraries of the cluster warn of one another's changes
    pytest.mark.usefixtures("collected"),
]

_WHY_NO_SLURM = why_no_slurm()


def _rows(path: Path) -> int:
    return int(path.read_text())


def _numbers(folder: Path) -> list[Path]:
    paths = [folder / f"{number}.txt" for number in range(5)]
    for number, path in enumerate(paths):
        path.write_text(str(number))
    return paths


def test_a_local_cluster_runs_parts_and_ends(tmp_path: Path) -> None:
    log: list[str] = []
    options = ClusterOptions("local", maximum=1)
    with running_cluster(options, "run", tmp_path, log.append) as address, engine_of(address) as engine:
        assert list(engine.each(_rows, _numbers(tmp_path), tmp_path)) == [0, 1, 2, 3, 4]
    assert log == ["Started 1 Dask workers on this machine."]


@pytest.mark.skipif(bool(_WHY_NO_SLURM), reason=_WHY_NO_SLURM or "-")
def test_slurm_jobs_are_workers_and_are_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slurm").mkdir()
    interrupted = signal.getsignal(signal.SIGINT)
    with running_slurm(tmp_path / "slurm") as configuration:
        monkeypatch.setenv("SLURM_CONF", str(configuration))
        log: list[str] = []
        options = ClusterOptions("slurm", maximum=1, memory="500MB", walltime="00:05:00", queue="main")
        with running_cluster(options, "photoz-7", tmp_path / "logs", log.append) as address:
            with engine_of(address) as engine:
                assert list(engine.each(_rows, _numbers(tmp_path), tmp_path)) == [0, 1, 2, 3, 4]
            assert _queued("photoz-7")
        assert any(line.startswith("Slurm job ") and "RUNNING" in line for line in log), log
        assert any(line.startswith("photoz-7-1: ") and "worker" in line for line in log), log
        wait_for(lambda: not _queued("photoz-7"))
        subprocess.run(["sbatch", "--job-name=photoz-8", "--wrap=sleep 600", "-o", "/dev/null"], check=True)  # noqa: S607
        assert _queued("photoz-8")
        cancel_slurm_jobs("photoz-8")
        wait_for(lambda: not _queued("photoz-8"))
    assert signal.getsignal(signal.SIGINT) is interrupted


def _queued(name: str) -> bool:
    done = subprocess.run(["squeue", "--noheader", f"--name={name}"], capture_output=True, text=True, check=True)  # noqa: S607
    return bool(done.stdout.strip())
