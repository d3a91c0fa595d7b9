"""CADC's command-line client ``vos``, unmodified, as somebody runs it on a machine of their own.

Its commands are forked from a process that has imported the libraries it stands on, not from one that has started it.
"""

import atexit
import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.warm_start import WarmStarter

__all__ = ["VosClient"]

_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class VosClient:
    """The commands, with a home folder in which the client keeps what it found out about services.

    Parameters
    ----------
    token
        Signs in with it; none is nobody.
    options
        Words that each command gets, too.
    """

    home: Path
    token: str | None = None
    options: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    def with_registry(self, base_url: str, authority: str) -> "VosClient":
        """Tell the client where the services of an authority are, as its cache of the registry does."""
        cache = self.home / ".config" / "cadc-registry"
        cache.mkdir(parents=True, exist_ok=True)
        line = f"ivo://{authority}/vospace = {base_url}/vospace/capabilities\n"
        (cache / "resource-caps").write_text(line, encoding="utf-8")
        return self

    def run(self, command: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command and give its status and what it said."""
        token = () if self.token is None else ("--token", self.token)
        self.home.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "HOME": str(self.home), **dict(self.environment)}
        arguments = [command, *token, *self.options, *map(str, words)]
        with tempfile.TemporaryDirectory() as folder:
            output, errors = Path(folder) / "output", Path(folder) / "errors"
            running = _starter().start(arguments, env=environment, output=output, errors=errors)
            status = running.wait(_SECONDS)
            return subprocess.CompletedProcess(running.args, status, output.read_text(), errors.read_text())

    def must(self, command: str, *words: str | Path) -> str:
        """Run a command that must succeed, and give its output."""
        done = self.run(command, *words)
        assert done.returncode == 0, f"{command} {' '.join(map(str, words))}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, command: str, *words: str | Path) -> str:
        """Run a command that must fail, and give what it said."""
        done = self.run(command, *words)
        assert done.returncode != 0, f"{command} {' '.join(map(str, words))} succeeded:\n{done.stdout}"
        return done.stdout + done.stderr


@cache
def _starter() -> WarmStarter:
    """Return the one that starts all these commands of this process."""
    starter = WarmStarter(Path(__file__).with_name("vos_process.py"), program=())
    atexit.register(starter.close)
    return starter
