"""CADC's command-line client ``vos``, unmodified, as somebody runs it on a machine of their own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["VosClient"]

_SECONDS = 300.0
_START = "import sys; from vos.commands import {0} as command; sys.argv[0] = '{0}'; sys.exit(command())"


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
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _START.format(command), *token, *self.options, *map(str, words)],
            env={**os.environ, "HOME": str(self.home), **dict(self.environment)},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )

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
