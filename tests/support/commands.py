"""The command ``photoz``, run as an operator runs it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.server import photoz_command

__all__ = ["photoz", "run_photoz"]


def run_photoz(*arguments: str, data: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command on a data folder, and give its status and output."""
    command = photoz_command()
    assert command is not None, "the command photoz is not installed beside this Python: pip install -e ."
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHOTOZ_")}
    return subprocess.run(
        [command, *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env=kept | {"PHOTOZ_DATA": str(data)} | dict(env or {}),
    )


def photoz(*arguments: str, data: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed, and give its standard output."""
    done = run_photoz(*arguments, data=data, env=env)
    assert done.returncode == 0, f"photoz {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done.stdout
