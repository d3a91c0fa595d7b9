"""Today's client library, as it stands on PyPI, in a virtual environment of its own.

Its import name is that of our own library, so the two cannot live in one environment. What it requires comes from the
environment of the tests where the versions there are within its bounds.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PypiClient", "UnavailableError", "pypi_client"]

_VERSION = "0.3.7"
_SCRIPT_SECONDS = 300.0
_INSTALL_SECONDS = 600.0

# What the library requires, within its own bounds, but without lsdb: its tree weighs half a gigabyte, and is imported
# only to open a HATS collection. click and tables are what tables-io requires.
_REQUIREMENTS = (
    "astropy>=6,<9",
    "click",
    "Deprecated>=1,<2",
    "h5py>=3.8,<4",
    "ipython>=8,<10",
    "Jinja2>=3.1.2,<4",
    "matplotlib>=3.9,<4",
    "numpy>=1.24,<3",
    "pandas>=2,<3",
    "pyarrow>=17",
    "pydantic>=2,<3",
    "requests>=2,<3",
    "tables>=3",
    "tables-io>=1,<2",
)


class UnavailableError(Exception):
    """The library could not be installed; the message says why."""


@dataclass(frozen=True, slots=True)
class PypiClient:
    """The library, to be spoken to by scripts that end by printing one line of JSON."""

    python: Path

    def run(self, script: Path, *arguments: str, folder: Path) -> Any:
        """Run a script in a folder, and give what the last line of its output says."""
        done = subprocess.run(
            [self.python, script, *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_SCRIPT_SECONDS,
            cwd=folder,
            env={**os.environ, "MPLBACKEND": "agg", "MPLCONFIGDIR": str(folder), "IPYTHONDIR": str(folder)},
        )
        assert done.returncode == 0, f"{script.name} failed:\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])


def pypi_client(cache: Path) -> PypiClient:
    """Give the library, installed once in a folder below ``cache``.

    Raises
    ------
    UnavailableError
        It is not there and cannot be installed, for example without a network.
    """
    place = cache / f"pzserver-{_VERSION}"
    cache.mkdir(exist_ok=True)
    with (cache / "pzserver.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several workers of pytest-xdist may want it at once
        if not place.exists():
            _install(place)
    return PypiClient(place / "bin" / "python")


def _install(place: Path) -> None:
    """Install beside the place and rename, so that what stands there is whole."""
    with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as folder:
        made = Path(folder) / "venv"
        python = made / "bin" / "python"
        _call("-m", "venv", "--without-pip", made)
        packages = Path(sysconfig.get_path("purelib", vars={"base": str(made), "platbase": str(made)}))
        # Its own packages come first; editable ones of the tests, such as our library, are not seen this way.
        (packages / "tests.pth").write_text(sysconfig.get_path("purelib"))
        pip = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python, "install", "--no-compile")
        _call(*pip, "--no-deps", f"pzserver=={_VERSION}")
        _call(*pip, "--prefer-binary", *_REQUIREMENTS)
        shutil.move(made, place)


def _call(*arguments: str | Path) -> None:
    try:
        subprocess.run(
            [sys.executable, *arguments], check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS
        )
    except subprocess.CalledProcessError as e:
        message = f"pzserver {_VERSION} from PyPI cannot be installed: {e.stderr.strip()[-300:]}"
        raise UnavailableError(message) from e
    except subprocess.TimeoutExpired as e:
        message = f"installing pzserver {_VERSION} from PyPI took longer than {_INSTALL_SECONDS:g} s"
        raise UnavailableError(message) from e
