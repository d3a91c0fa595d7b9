"""Set-up of a checkout: create ``.venv`` and install the project, before anything of it can be imported.

``make`` runs this file with a Python of the machine (3.11 or newer), hence with the standard library alone::

    python3 server/operations/bootstrap.py serve    # the server and the client library
    python3 server/operations/bootstrap.py test     # and the tools and Debian packages of the tests

A finished set-up is kept: a stamp in ``.venv`` records from which ``pyproject.toml`` it was made.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

__all__ = ["Environment", "SetupError", "main", "missing_programs"]

_OLDEST_PIP = "25.1"  # the first that installs dependency groups
_STILL_SECONDS = 20.0

#: What servers and their processes import when they start. For a server the rest of the libraries is compiled when
#: it is used first; pip would compile three times as much, on one core.
_STARTED = ("server.cli.main", "server.serve", "server.worker", "tap.engine.duckdb.worker")

#: Paths of the tests of libraries, and of those of the project, which pytest compiles in a way of its own.
_NOT_COMPILED = r"site-packages/.*/tests?/|/test_[^/]*\.py$"

#: Programs that some tests need, and the Debian package of each.
_TEST_PROGRAMS: Mapping[str, str] = {
    "initdb": "postgresql",
    "redis-server": "redis-server",
    "stilts": "stilts",
    "chromium": "chromium",
    "nginx": "nginx-light",
    "gavo": "python3-gavo",  # the official schemas, and the harvester of DaCHS
}

#: What does the same for the tests without windows, where Debian has it.
_LIGHTER: Mapping[str, str] = {"chromium": "chromium-headless-shell"}

#: apt-get waits for another one where it installs, but not where it reads the lists of packages.
_ONE_APT = threading.Lock()


class SetupError(Exception):
    """The set-up is not possible; the message states what to do."""


class Environment:
    """The virtual environment of one checkout.

    Parameters
    ----------
    root
        Folder of ``pyproject.toml``.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / ".venv"
        self._python = self._folder / "bin" / "python"

    def is_ready(self, goal: str) -> bool:
        """Return whether the environment is ready for a goal; one that is ready for the tests is ready to serve."""
        goals = ("test",) if goal == "test" else ("serve", "test")
        return self._has_python() and any(self._stamp_holds(each) for each in goals)

    def prepare(self, goal: str) -> None:
        """Create the environment and install what the goal needs."""
        self._check_writable()
        with self._locked():
            if self.is_ready(goal):  # another make in this folder did it while this one waited
                return
            if not self._works():
                _print(f"[1/3] Making .venv with Python {sys.version_info.major}.{sys.version_info.minor}")
                self._make()
            _print("[2/3] Checking pip")
            self._run_pip(["--upgrade", f"pip>={_OLDEST_PIP}"])
            _print("[3/3] Installing the project and its libraries; the first time takes a minute or two")
            self._run_pip(["--no-compile", *self._requirements(goal)])
            self._compile(goal)
            self._stamp(goal).write_text(self._fingerprint())

    def _requirements(self, goal: str) -> list[str]:
        words = ["--editable", str(self._root)]
        if (self._root / "clients" / "pyproject.toml").exists():
            words += ["--editable", str(self._root / "clients")]
        if goal == "test":
            words += ["--group", f"{self._root / 'pyproject.toml'}:dev"]
        return words

    def _check_writable(self) -> None:
        try:
            probe = self._root / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as e:
            message = (
                f"{self._root} cannot be written ({e.strerror}), and .venv is made there. "
                "Copy or clone the project into a folder of your own."
            )
            raise SetupError(message) from e

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the folder against other processes that prepare it; the kernel releases the lock with the process."""
        folder = os.open(self._root, os.O_RDONLY)
        try:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _print("Another make is preparing this folder; waiting for it.")
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _works(self) -> bool:
        """Return whether ``.venv`` has a Python of a right version, with pip; a moved or half-made one has not."""
        check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
        return self._has_python() and _succeeds([str(self._python), "-c", check])

    def _has_python(self) -> bool:
        return os.access(self._python, os.X_OK)  # unlike Path.exists it says no where we may not look

    def _make(self) -> None:
        if not _succeeds([sys.executable, "-c", "import ensurepip, venv"]):
            _install_debian([f"python{sys.version_info.major}.{sys.version_info.minor}-venv"])
        if not _succeeds([sys.executable, "-c", "import ensurepip, venv"]):
            message = (
                f"{sys.executable} cannot make virtual environments. Install python3-venv "
                "(on Debian and Ubuntu: sudo apt-get install python3-venv) and run make again."
            )
            raise SetupError(message)
        command = [sys.executable, "-m", "venv", "--clear", str(self._folder)]
        if subprocess.run(command, check=False).returncode != 0:
            message = f"{self._folder} could not be made; the reason stands above."
            raise SetupError(message)

    def _run_pip(self, words: Sequence[str]) -> None:
        command = [str(self._python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-qq"]
        environment = os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}
        with _heartbeat():
            done = subprocess.run([*command, *words], check=False, env=environment, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            message = (
                "pip could not install what is needed; the reason stands above. "
                "Is this machine connected to PyPI or a mirror of it? Run make again to go on."
            )
            raise SetupError(message)

    def _compile(self, goal: str) -> None:
        """Have Python compile what every start imports, while the folder may be written; for tests all code.

        Warnings about the code of others, which Python gives when it compiles, would be errors in tests. The tests of
        libraries are a quarter of their code, and nothing imports them. The project's own code would otherwise be
        compiled by each process that runs tests.
        """
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        words = ["-c", f"import {', '.join(_STARTED)}"]
        if goal == "test":
            own = [str(path.parent) for path in self._root.glob("*/__init__.py")]
            words = ["-m", "compileall", "-q", "-q", "-j", "0", "-x", _NOT_COMPILED, str(self._folder / "lib"), *own]
        with _heartbeat():
            subprocess.run([str(self._python), "-W", "ignore", *words], check=False, env=environment)

    def _stamp(self, goal: str) -> Path:
        return self._folder / f".prepared-for-{goal}"

    def _stamp_holds(self, goal: str) -> bool:
        try:
            return self._stamp(goal).read_text() == self._fingerprint()
        except OSError:
            return False

    def _fingerprint(self) -> str:
        """Return a digest of what an environment depends on: the two lists of requirements, and its path."""
        digest = hashlib.sha256(str(self._root).encode())
        for path in (self._root / "pyproject.toml", self._root / "clients" / "pyproject.toml"):
            digest.update(path.read_bytes() if path.exists() else b"")
        return digest.hexdigest()


def missing_programs() -> dict[str, str]:
    """Return the programs that tests need and that are not installed, with their Debian packages."""
    return {program: package for program, package in _TEST_PROGRAMS.items() if not _has_program(program)}


def main(words: Sequence[str]) -> int:
    """Prepare for the goal that the command line names; return the exit status."""
    goal = words[0] if words else "serve"
    environment = Environment(Path(__file__).resolve().parents[2])
    try:
        with _installing_test_programs() if goal == "test" else nullcontext():
            if not environment.is_ready(goal):
                environment.prepare(goal)
    except SetupError as e:
        sys.stderr.write(f"{e}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


@contextmanager
def _installing_test_programs() -> Iterator[None]:
    """Install the programs of the tests beside the block, and name those that are missing after it."""
    missing = missing_programs()
    installing = threading.Thread(target=_install_debian, args=(list(missing.values()),))
    if missing:
        installing.start()
    try:
        yield
    finally:
        if missing:
            installing.join()
    for program, package in missing_programs().items():
        _print(f"{program} is not installed, so its tests are skipped. Debian and Ubuntu have it in {package}.")


def _has_program(program: str) -> bool:
    if program == "initdb" and any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return True  # Debian keeps it off the PATH
    return any(shutil.which(name) for name in (program, _LIGHTER.get(program)) if name)


def _install_debian(packages: Sequence[str]) -> None:
    """Install Debian packages if this is root; tests whose programs are missing are skipped."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return
    with _ONE_APT:
        _run_apt(apt, packages)


def _run_apt(apt: str, packages: Sequence[str]) -> None:
    _print(f"Installing {', '.join(packages)} with apt-get")
    quiet = ["-qq", "-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Use-Pty=0"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run = partial(subprocess.run, check=False, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    with _heartbeat():
        run([apt, *quiet, "update"])
    with _heartbeat():
        run([apt, *quiet, "install", "--yes", "--no-install-recommends", *map(_lightest, packages)])


def _lightest(package: str) -> str:
    """Return the lighter package that does the same, where the lists of packages have it."""
    lighter = _LIGHTER.get(package)
    return lighter if lighter and _succeeds(["apt-cache", "show", lighter]) else package


@contextmanager
def _heartbeat() -> Iterator[None]:
    """Print at intervals that a silent step is still running."""
    done = threading.Event()
    began = time.monotonic()

    def report() -> None:
        while not done.wait(_STILL_SECONDS):
            _print(f"      still running after {time.monotonic() - began:.0f} s")

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        done.set()
        reporter.join()


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
