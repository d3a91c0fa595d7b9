"""A process that has imported the server, and forks a copy of itself for each command ``photoz`` that it is sent.

A command that Python starts anew spends seconds of processor time on its imports. Tests that start servers to look at
something else than their start take this way. Other programs in Python have a process of their own.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["WarmCommand", "WarmStarter"]

_PHOTOZ = Path(__file__).with_name("warm_process.py")


class WarmCommand:
    """A command in a forked process; the part of ``subprocess.Popen`` that the tests use.

    Parameters
    ----------
    pid
        Its process, which leads a process group of its own.
    args
        The words of the command.
    """

    def __init__(self, pid: int, args: Sequence[str]) -> None:
        self.pid = pid
        self.args = list(args)
        self.returncode: int | None = None
        self._ended = threading.Event()

    def poll(self) -> int | None:
        """Return the exit status; none while the command runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the command and return its exit status.

        Raises
        ------
        subprocess.TimeoutExpired
            It did not end in time.
        """
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send the process a signal if it still runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process if it still runs."""
        self.send_signal(signal.SIGKILL)

    def end(self, status: int) -> None:
        """Note the exit status."""
        self.returncode = status
        self._ended.set()


class WarmStarter:
    """Starts commands by way of a process that has imported what they need; that process ends with this one.

    Parameters
    ----------
    script
        What that process runs: it calls ``serve`` of ``warm_process.py``.
    program
        First word of each command.
    """

    def __init__(self, script: Path = _PHOTOZ, program: tuple[str, ...] = ("photoz",)) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._made = threading.Condition(self._lock)
        self._new: list[int] = []
        self._running: dict[int, WarmCommand] = {}
        self._early: dict[int, int] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd="/",
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def start(
        self, words: Sequence[str], *, env: Mapping[str, str], output: Path, errors: Path | None = None
    ) -> WarmCommand:
        """Run a command with some words and exactly this environment; append what it prints to files.

        Parameters
        ----------
        errors
            Where its standard error goes; with its output unless it is given.
        """
        args = [*self._program, *words]
        sent = {"words": args, "env": dict(env), "output": str(output), "errors": str(errors or output)}
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(sent) + "\n")
            self._process.stdin.flush()
            while not self._new:
                assert self._process.poll() is None, "the warm process has ended"
                self._made.wait(1)  # however long its imports take on a busy machine
            command = WarmCommand(self._new.pop(), args)
            if command.pid in self._early:
                command.end(self._early.pop(command.pid))
            else:
                self._running[command.pid] = command
        return command

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                pid, status = json.loads(line)
                with self._lock:
                    if status is None:
                        self._new.append(pid)
                        self._made.notify()
                    elif pid in self._running:
                        self._running.pop(pid).end(status)
                    else:
                        self._early[pid] = status
