"""Install the library's wheel and source distribution alone, with dependencies from PyPI, on each Python there is.

``python -m tests.clients.distribution.interpreters`` needs PyPI. For a version without an interpreter on this machine,
pip resolves the dependencies for it, from wheels alone.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import which

__all__ = ["CLIENTS", "VERSIONS", "build", "interpreter"]

#: Versions of Python that the library is for.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
CLIENTS = Path(__file__).parents[3] / "clients"
_BUILD = "import sys, named_build; print(getattr(named_build, sys.argv[1])(sys.argv[2]))"
#: Import all names of the package and all its modules.
_TRY = """
import importlib, pkgutil, pzserver
for name in dir(pzserver):
    getattr(pzserver, name)
for module in pkgutil.walk_packages(pzserver.__path__, "pzserver."):
    importlib.import_module(module.name)
"""


def build(kind: str, folder: Path, name: str | None = None, source: Path = CLIENTS) -> Path:
    """Build a distribution without network: ``build_wheel`` or ``build_sdist``."""
    environment = {**os.environ, "PYTHONPATH": str(source)} | ({} if name is None else {"PZSERVER_DISTRIBUTION": name})
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, kind, str(folder)],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return folder / done.stdout.split()[-1]


def interpreter(version: str) -> Path | None:
    """Find a Python of a version: this one, on the path, or of pyenv."""
    if version == ".".join(map(str, sys.version_info[:2])):
        return Path(sys.executable)
    if (found := which(f"python{version}")) and _answers(found):
        return Path(found)
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return next(iter(sorted(root.glob(f"versions/{version}.*/bin/python"))), None)


def main() -> int:
    """Try each version, and return the exit status."""
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        distributions = [build("build_wheel", folder), build("build_sdist", folder)]
        for version in VERSIONS:
            for line, is_well in _tried(version, distributions, folder):
                print(f"{version}  {line}", flush=True)
                failed |= not is_well
    return int(failed)


def _tried(version: str, distributions: list[Path], folder: Path) -> Iterator[tuple[str, bool]]:
    python = interpreter(version)
    if python is None:
        target = ["--python-version", version, "--only-binary=:all:", "--target", str(folder / "none")]
        done = _run([sys.executable, "-m", "pip", "install", "--dry-run", *target, str(distributions[0])])
        yield f"no interpreter here; wheels of all dependencies{_end(done)}", not done.returncode
        return
    for distribution in distributions:
        environment = folder / f"{version} {distribution.suffix}"
        done = _run([str(python), "-m", "venv", str(environment)])
        inside = str(environment / "bin" / "python")
        for command in ([inside, "-m", "pip", "install", str(distribution)], [inside, "-I", "-c", _TRY]):
            done = done if done.returncode else _run(command)
        yield f"{distribution.name} installed and imported{_end(done)}", not done.returncode


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _answers(python: str) -> bool:
    """Tell whether an interpreter starts: those of pyenv on the path may be of a version that is not chosen."""
    return _run([python, "-c", ""]).returncode == 0


def _end(done: subprocess.CompletedProcess[str]) -> str:
    return f": FAILED\n{done.stdout[-2000:]}{done.stderr[-2000:]}" if done.returncode else ": yes"


if __name__ == "__main__":
    sys.exit(main())
