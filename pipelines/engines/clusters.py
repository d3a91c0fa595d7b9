"""Dask clusters that are started for one run and ended with it: processes of this machine, or jobs of Slurm."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import ServiceBusyError

__all__ = ["ClusterOptions", "cancel_slurm_jobs", "dask_client", "running_cluster"]

Log = Callable[[str], None]

_SECONDS = 30
#: Lines of the end of the log of a job that are shown.
_LAST_LINES = 5
_COMMAND_SECONDS = 20
#: Time in which jobs that are cancelled end.
_END_SECONDS = 20.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What a cluster is made of.

    Parameters
    ----------
    minimum, maximum
        Workers; on this machine the maximum is started.
    memory
        Memory of a worker, such as ``4GB``.
    queue, account, walltime
        Partition, account and time limit of Slurm jobs.
    start_seconds
        Seconds within which the minimum of workers must have started.
    """

    kind: Literal["local", "slurm"]
    minimum: int = 1
    maximum: int = 4
    cores: int = 1
    memory: str = "4GB"
    queue: str | None = None
    account: str | None = None
    walltime: str = "01:00:00"
    start_seconds: int = 600


@contextmanager
def running_cluster(options: ClusterOptions, name: str, folder: Path, log: Log) -> Iterator[str]:
    """Start a cluster, give the address of its scheduler, and end it.

    Parameters
    ----------
    name
        Name of the Slurm jobs, by which they can be cancelled.
    folder
        Folder for the logs of Slurm jobs, which all nodes see.
    log
        Takes states and the ends of logs.

    Raises
    ------
    ServiceBusyError
        The workers do not start in time, or Slurm refuses their jobs.
    """
    if options.kind == "local":
        with _local(options.maximum, options.cores, options.memory) as cluster:
            log(f"Started {options.maximum} Dask workers on this machine.")
            yield str(cluster.scheduler_address)
        return
    with _slurm(options, name, folder, log) as address:
        yield address


@contextmanager
def dask_client(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Connect to a scheduler, or start workers on this machine, for commands."""
    from distributed import Client

    if scheduler is None:
        with _local(workers, 1, "auto") as cluster, Client(cluster, set_as_default=False) as client:
            yield client
        return
    try:
        client = Client(scheduler, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ServiceBusyError(f"The Dask scheduler at {scheduler} does not respond. Check the address.") from error
    with client:
        yield client


def cancel_slurm_jobs(name: str) -> None:
    """Cancel all jobs of a name that still wait or run, such as those of a run that was killed."""
    try:
        _output("scancel", "--me", f"--name={name}")
    except (OSError, subprocess.SubprocessError) as error:
        raise ServiceBusyError(f"The Slurm jobs named {name} could not be cancelled.") from error


def _local(workers: int, threads: int, memory: str) -> Any:  # distributed has no types
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=workers,
        threads_per_worker=threads,
        memory_limit=memory,
        host="127.0.0.1",
        dashboard_address=None,
    )


def _slurm_cluster() -> Any:  # dask_jobqueue has no types
    """Import the class without the handler of SIGINT that the import sets for the whole process."""
    before = signal.getsignal(signal.SIGINT)
    try:
        from dask_jobqueue import SLURMCluster
    finally:
        signal.signal(signal.SIGINT, before)
    return SLURMCluster


@contextmanager
def _slurm(options: ClusterOptions, name: str, folder: Path, log: Log) -> Iterator[str]:
    from distributed import Client

    folder.mkdir(parents=True, exist_ok=True)
    cluster: Any = _slurm_cluster()(
        queue=options.queue,
        account=options.account,
        cores=options.cores,
        processes=1,
        memory=options.memory,
        walltime=options.walltime,
        job_name=name,
        log_directory=str(folder),
        python=sys.executable,
        # Workers end by themselves when the process of the run was killed.
        death_timeout=60,
        scheduler_options={"dashboard_address": None},
    )
    states = _States(name, log)
    try:
        cluster.adapt(minimum=options.minimum, maximum=options.maximum)
        with Client(cluster, set_as_default=False) as client:
            log(f"Requested {options.minimum} to {options.maximum} Slurm jobs named {name}.")
            try:
                client.wait_for_workers(options.minimum, timeout=options.start_seconds)
            except TimeoutError as error:
                states.report()
                raise ServiceBusyError(
                    f"Slurm did not start {options.minimum} workers within {options.start_seconds} s. Try again later, "
                    "or ask the operator of this server."
                ) from error
            states.report()
        yield str(cluster.scheduler_address)
    finally:
        states.report()
        try:
            cluster.close()
        except (AssertionError, OSError, RuntimeError, TimeoutError) as error:
            # Dask asserts that all jobs were submitted; Slurm may have refused some.
            log(f"The Dask cluster did not end in order: {type(error).__name__}")
        cancel_slurm_jobs(name)
        states.wait_for_ends()
        _log_ends(folder, name, log)


class _States:
    """Reporter of the states of Slurm jobs; each state of a job is reported once."""

    def __init__(self, name: str, log: Log) -> None:
        self._name, self._log = name, log
        self._known: dict[str, str] = {}

    def report(self) -> None:
        """Report the states that changed."""
        for line in self._jobs():
            number, _, state = line.strip().partition(" ")
            if self._known.get(number) != state:
                self._known[number] = state
                self._log(f"Slurm job {number}: {state.strip()}")

    def wait_for_ends(self) -> None:
        """Wait until the cancelled jobs have ended, so that their logs are whole, but not for long."""
        deadline = time.monotonic() + _END_SECONDS
        while self._jobs() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _jobs(self) -> list[str]:
        try:
            return _output("squeue", "--me", f"--name={self._name}", "--noheader", "--format=%i %T %N").splitlines()
        except (OSError, subprocess.SubprocessError):
            return []  # a controller that is busy does not end the run


def _log_ends(folder: Path, name: str, log: Log) -> None:
    for path in sorted(folder.glob(f"{name}-*.err")):
        lines = path.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
        for line in lines:
            log(f"{path.stem}: {line[:300]}")


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_COMMAND_SECONDS)
    return done.stdout
