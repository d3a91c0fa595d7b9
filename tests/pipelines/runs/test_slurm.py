"""Runs of a server with a Slurm cluster: the log of a run tells the states of Slurm jobs, and abort cancels them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines.runs.published import PipelineSite, catalogue, completed_run, people, publish
from tests.server.application import running_application
from tests.support.slurm import running_slurm, why_no_slurm
from tests.support.waiting import wait_for

_WHY_NO_SLURM = why_no_slurm()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(_WHY_NO_SLURM), reason=_WHY_NO_SLURM or "-"),
    pytest.mark.filterwarnings("ignore"),  # libraries of the cluster warn of one another's changes
    pytest.mark.usefixtures("collected"),
]

_COMBINE = "/pipelines/combine_redshift_dedup"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PipelineSite]:
    (tmp_path / "slurm").mkdir()
    with running_slurm(tmp_path / "slurm") as configuration:
        monkeypatch.setenv("SLURM_CONF", str(configuration))
        cluster = {"dask_cluster": "slurm", "dask_maximum": 1, "dask_memory": "500MB", "dask_queue": "main"}
        with running_application(tmp_path / "data", **cluster, dask_walltime="00:05:00") as app:
            yield PipelineSite(app, people(app))


def test_the_log_of_a_run_tells_the_states_of_its_slurm_jobs_and_abort_cancels_them(site: PipelineSite):
    services = site.app.services
    alice = services.accounts.service.identity_of_user("alice")
    inputs = str(publish(services, alice, "VVDS", catalogue("VVDS")).id)

    completed = completed_run(site, _COMBINE, NAME="On Slurm", INPUTS=inputs)
    log = site.ask("GET", f"{_COMBINE}/{completed}/log").text
    assert f"Requested 1 to 1 Slurm jobs named photoz-{completed}." in log
    assert "RUNNING" in next(line for line in log.splitlines() if "Slurm job " in line)
    wait_for(lambda: not _queued(completed))

    # The run waits for a worker that Slurm does not start, until it is aborted.
    _run("scontrol", "update", "partitionname=main", "state=down")
    sent = {"NAME": "Aborted", "INPUTS": inputs, "PHASE": "RUN"}
    job = site.ask("POST", _COMBINE, data=sent).headers["location"].rpartition("/")[2]
    wait_for(lambda: _queued(job) == ["PENDING"], seconds=60)
    assert site.ask("POST", f"{_COMBINE}/{job}/phase", data={"PHASE": "ABORT"}).status_code == 303
    wait_for(lambda: not _queued(job), seconds=60)
    assert site.ask("GET", f"{_COMBINE}/{job}/phase").text == "ABORTED"


def _queued(job: str) -> list[str]:
    """Return the states of the Slurm jobs of a run."""
    return _run("squeue", "--noheader", "--format=%T", f"--name=photoz-{job}").split()


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
