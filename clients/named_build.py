"""Build backend of the library: hatchling, with the distribution name as a setting (PEP 517).

``PZSERVER_DISTRIBUTION=pzserver-vo python -m build clients`` makes distributions of that name; the package that they
install stays ``pzserver``. A source distribution keeps the name that it was built with.
"""

import os
import re
import tomllib
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from hatchling.build import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]

_VARIABLE = "PZSERVER_DISTRIBUTION"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:  # noqa: ARG001
    """Build a source distribution; return its file name."""
    from hatchling.builders.sdist import SdistBuilder

    return Path(next(SdistBuilder(str(Path.cwd()), config=_project()).build(directory=sdist_directory))).name


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,  # noqa: ARG001
    metadata_directory: str | None = None,  # noqa: ARG001
) -> str:
    """Build a wheel; return its file name."""
    from hatchling.builders.wheel import WheelBuilder

    builder = WheelBuilder(str(Path.cwd()), config=_project())
    return Path(next(builder.build(directory=wheel_directory, versions=["standard"]))).name


def _project() -> dict[str, Any]:
    """Return ``pyproject.toml`` with the chosen name."""
    found = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    name = os.environ.get(_VARIABLE) or _name_of_sdist() or found["project"]["name"]
    if not _NAME.fullmatch(name):
        message = f"{_VARIABLE}='{name}' is not a name of a distribution; use lower-case letters, digits and hyphens."
        raise ValueError(message)
    found["project"]["name"] = name
    return found


def _name_of_sdist() -> str | None:
    path = Path("PKG-INFO")
    return HeaderParser().parsestr(path.read_text(encoding="utf-8"))["Name"] if path.is_file() else None
