"""The command ``photoz``, run as an operator runs it."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.server import photoz_command, warm_starter

__all__ = ["photoz", "run_photoz"]

_SECONDS = 300


def run_photoz(
    *arguments: str, data: Path, env: Mapping[str, str] | None = None, anew: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command on a data folder, and give its status and output.

    Parameters
    ----------
    anew
        Start the installed command; otherwise it is forked from a process that has imported it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHOTOZ_")}
    environment = kept | {"PHOTOZ_DATA": str(data)} | dict(env or {})
    if anew:
        command = photoz_command()
        assert command is not None, "the command photoz is not installed beside this Python: pip install -e ."
        return subprocess.run(
            [command, *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            env=environment,
        )
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder) / "output", Path(folder) / "errors"
        running = warm_starter().start(arguments, env=environment, output=output, errors=errors)
        status = running.wait(_SECONDS)
        return subprocess.CompletedProcess(running.args, status, output.read_text(), errors.read_text())


def photoz(*arguments: str, data: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed, and give its standard output."""
    done = run_photoz(*arguments, data=data, env=env)
    assert done.returncode == 0, f"photoz {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done.stdout
