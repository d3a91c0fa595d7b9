"""Today's client library, as it stands on PyPI, in a virtual environment of its own.

Its import name is that of our own library, so the two cannot live in one environment. What it requires comes from the
environment of the tests where the versions there are within its bounds.
"""

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urljoin
from urllib.request import urlopen

__all__ = ["PypiClient", "UnavailableError", "pypi_client", "pypi_notebooks"]

_VERSION = "0.3.7"
_SDIST, _SHA256 = f"pzserver-{_VERSION}.tar.gz", "6374b2b1fc7a18df21d03e09ae9380532f59e1cf072c08318f13f0ca4bdab7bc"
_NOTEBOOKS = f"pzserver-{_VERSION}/docs/notebooks"
_OURS = Path(__file__).parents[2] / "clients" / "src"
_DOWNLOAD_SECONDS = 60.0
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

    def run(self, script: Path, *arguments: str, folder: Path, ours: bool = False) -> Any:
        """Run a script in a folder, and give what the last line of its output says.

        Parameters
        ----------
        ours
            Whether the script imports our library in place of the one from PyPI.
        """
        done = subprocess.run(
            [self.python, script, *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_SCRIPT_SECONDS,
            cwd=folder,
            env={
                **os.environ,
                **({"PYTHONPATH": str(_OURS)} if ours else {}),
                "MPLBACKEND": "agg",
                "MPLCONFIGDIR": str(folder),
                "IPYTHONDIR": str(folder),
            },
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


def pypi_notebooks(cache: Path) -> Path:
    """Give the folder of notebooks of the library's source distribution, fetched once into a folder below ``cache``.

    Raises
    ------
    UnavailableError
        It is not there and cannot be fetched, for example without a network.
    """
    place = cache / f"pzserver-{_VERSION}-notebooks"
    cache.mkdir(exist_ok=True)
    with (cache / "notebooks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            with (
                tempfile.TemporaryDirectory(dir=cache) as folder,
                tarfile.open(fileobj=io.BytesIO(_fetched_sdist())) as archive,
            ):
                members = [each for each in archive.getmembers() if each.name.startswith(_NOTEBOOKS)]
                archive.extractall(folder, members, filter="data")
                shutil.move(Path(folder) / _NOTEBOOKS, place)
    return place


def _fetched_sdist() -> bytes:
    """Fetch the source distribution by the simple index."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pzserver/"
    try:
        page = _fetched(index).decode()
        found = re.search(rf'href="([^"]*{re.escape(_SDIST)})', page)
        content = _fetched(urljoin(index, found[1])) if found else b""
    except (URLError, OSError) as e:
        message = f"{_SDIST} cannot be fetched from {index}: {e}"
        raise UnavailableError(message) from e
    if hashlib.sha256(content).hexdigest() != _SHA256:
        message = f"{_SDIST} is not at {index} as it was published"
        raise UnavailableError(message)
    return content


def _fetched(url: str) -> bytes:
    with urlopen(url, timeout=_DOWNLOAD_SECONDS) as answer:
        content: bytes = answer.read()
    return content


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
