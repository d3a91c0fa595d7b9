"""Environment of RAIL: a virtual environment with its packages, in the data folder."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidValueError
from pipelines.estimation.rail.algorithms import ALGORITHMS

__all__ = ["RailEnvironment"]

_VERSIONS = "packages.json"


@dataclass(frozen=True, slots=True)
class RailEnvironment:
    """A virtual environment with packages of RAIL.

    Parameters
    ----------
    folder
        Its folder, which may not exist yet.
    """

    folder: Path

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.folder / "bin" / "python"

    def versions(self) -> Mapping[str, str]:
        """Return the packages of RAIL and qp that are installed, with their versions."""
        try:
            found = json.loads((self.folder / _VERSIONS).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return {str(name): str(version) for name, version in found.items()}

    def require(self, package: str) -> Mapping[str, str]:
        """Return the installed versions, or raise InvalidValueError if a package is not among them."""
        versions = self.versions()
        if package not in versions or not self.python.exists():
            has = [name for name, each in ALGORITHMS.items() if each.package in versions]
            raise InvalidValueError(
                f"This server does not have {package}, which administrators install by 'photoz estimators install'; it "
                f"has {', '.join(('knn', 'training_nz', *has))}.",
                field="algorithm",
            )
        return versions

    def install(self, packages: Sequence[str], run: Callable[[Sequence[str]], None]) -> Mapping[str, str]:
        """Make the environment and install packages; return the versions of what is installed.

        Parameters
        ----------
        run
            Runs a command; raises if it fails.
        """
        if not self.python.exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            run([sys.executable, "-m", "venv", str(self.folder)])
        run([str(self.python), "-m", "pip", "install", "--disable-pip-version-check", *packages])
        listed = subprocess.run(
            [self.python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        versions = {each["name"]: each["version"] for each in json.loads(listed.stdout)}
        kept = {name: version for name, version in versions.items() if name.startswith(("pz-rail", "qp-prob"))}
        (self.folder / _VERSIONS).write_text(json.dumps(kept, indent=1), "utf-8")
        return kept
