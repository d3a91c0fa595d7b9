"""A Slurm cluster of one node on this machine, of Debian's packages slurm-wlm and munge."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import wait_for

__all__ = ["running_slurm", "why_no_slurm"]

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel")


def why_no_slurm() -> str:
    """Say why there can be no Slurm; empty when there can be one."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path=_path()) is None]
    if missing:
        return f"Slurm is not installed (slurm-wlm, munge): {', '.join(missing)}"
    return "" if os.geteuid() == 0 else "slurmd is started by root alone"


@contextmanager
def running_slurm(folder: Path) -> Iterator[Path]:
    """Start munged, slurmctld and slurmd; give the path of their configuration, which SLURM_CONF must name."""
    munge_socket = folder / "munge.socket"
    configuration = _written(folder, munge_socket)
    environment = {**os.environ, "PATH": _path(), "SLURM_CONF": str(configuration)}
    with ExitStack() as stack:
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        munged = [
            "munged", "--foreground", "--force", f"--socket={munge_socket}", f"--key-file={key}",
            f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed",
        ]  # fmt: skip
        _start(stack, munged, folder, environment)
        wait_for(munge_socket.exists)
        _start(stack, ["slurmctld", "-D", "-f", str(configuration)], folder, environment)
        _start(stack, ["slurmd", "-D", "-f", str(configuration), "-N", "node1"], folder, environment)

        def is_idle() -> bool:
            done = subprocess.run(
                ["sinfo", "--noheader", "--format=%T"],  # noqa: S607
                capture_output=True,
                text=True,
                env=environment,
                check=False,
            )
            return done.stdout.strip() == "idle"

        wait_for(is_idle, seconds=60)
        yield configuration


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"


def _start(stack: ExitStack, command: list[str], folder: Path, environment: dict[str, str]) -> None:
    output = stack.enter_context((folder / f"{command[0]}.out").open("wb"))
    process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    stack.callback(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _written(folder: Path, munge_socket: Path) -> Path:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    user, cpus = pwd.getpwuid(os.geteuid()).pw_name, os.cpu_count() or 1
    lines = {
        "ClusterName": "test",
        "SlurmctldHost": f"{socket.gethostname()}(127.0.0.1)",
        "SlurmctldPort": free_port(),
        "SlurmdPort": free_port(),
        "SlurmUser": user,
        "SlurmdUser": user,
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={munge_socket}",
        "StateSaveLocation": folder / "state",
        "SlurmdSpoolDir": folder / "spool",
        "SlurmctldPidFile": folder / "slurmctld.pid",
        "SlurmdPidFile": folder / "slurmd.pid",
        "SlurmctldLogFile": folder / "slurmctld.log",
        "SlurmdLogFile": folder / "slurmd.log",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "SwitchType": "switch/none",
        "MpiDefault": "none",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_CPU",
        "ReturnToService": 2,
        "SchedulerParameters": "sched_interval=1,batch_sched_delay=0",
        "JobAcctGatherType": "jobacct_gather/none",
        "AccountingStorageType": "accounting_storage/none",
    }
    text = [f"{key}={value}" for key, value in lines.items()]
    text += [
        f"NodeName=node1 NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=4000",
        "PartitionName=main Nodes=node1 Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4",
    ]
    path = folder / "slurm.conf"
    path.write_text("\n".join(text) + "\n")
    return path
