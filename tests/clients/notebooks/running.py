"""The notebooks of the documentation, run against a server, and its scientist's day."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.clients.notebooks.execution import Output
from tests.support.server import RunningServer

__all__ = ["EXAMPLE", "NOTEBOOKS", "run_notebooks", "run_script"]

_ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((_ROOT / "docs" / "notebooks").glob("*.ipynb"))
EXAMPLE = _ROOT / "docs" / "examples" / "scientists_day.py"
_SECONDS = 600.0


def run_notebooks(server: RunningServer, folder: Path, paths: Sequence[Path] = NOTEBOOKS) -> dict[str, list[Output]]:
    """Run notebooks in a folder, and return the outputs of each one's cells."""
    result = folder / "outputs.json"
    command = ["-m", "tests.clients.notebooks.execution", server.base_url, str(result), *map(str, paths)]
    done = _run(server, folder, command)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(result.read_text(encoding="utf-8"))


def run_script(server: RunningServer, folder: Path, script: Path) -> str:
    """Run a script in a folder, and return what it printed."""
    done = _run(server, folder, ["-W", "error:::__main__", str(script)])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _run(server: RunningServer, folder: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    assert server.account is not None
    environment = {
        **os.environ,
        "HOME": str(folder),  # no configuration of whoever runs the tests, and a hub of SAMP of its own
        "NUMBA_DISABLE_JIT": "1",  # LSDB compiles functions for half a minute, which run for milliseconds
        "PYTHONPATH": str(_ROOT),
        "PZSERVER_HOST": server.base_url,
        "PZSERVER_TOKEN": server.account.token,
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False,
        timeout=_SECONDS,
    )  # fmt: skip
