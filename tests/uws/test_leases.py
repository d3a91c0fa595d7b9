"""Who answers for a job, and whether they live."""

import os
import subprocess
import sys

from core.processes import ProcessIdentity


def test_a_process_knows_itself_and_reads_what_it_wrote() -> None:
    this = ProcessIdentity.current()
    assert this.pid == os.getpid()
    assert this.alive is True
    assert ProcessIdentity.parse(str(this)) == this


def test_a_process_that_ended_is_dead_even_before_it_is_reaped() -> None:
    command = [sys.executable, "-c", "from uws.leases import ProcessIdentity; print(ProcessIdentity.current())"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        identity = ProcessIdentity.parse(process.stdout.read().strip())
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert identity.pid == process.pid
        assert identity.alive is False
    assert identity.alive is False


def test_another_process_with_the_same_number_is_another() -> None:
    this = ProcessIdentity.current()
    assert ProcessIdentity(this.host, this.pid, this.start + 1).alive is False


def test_processes_of_other_machines_are_not_for_us_to_judge() -> None:
    assert ProcessIdentity("another", 1, 1).alive is None
