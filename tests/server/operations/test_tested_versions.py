"""The file of tested versions: it has what pyproject.toml asks for."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from server.operations.tested_versions import VERSIONS, main


def test_every_library_has_a_tested_version_that_is_allowed(project_root: Path):
    lines = [line for line in VERSIONS.read_text().splitlines() if not line.startswith("#")]
    tested = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}
    project = tomllib.loads((project_root / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
    ]
    for requirement in map(Requirement, wanted):
        version = tested.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name}: run make lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement}: run make lock"


def test_what_it_cannot_do_is_said(capsys):
    assert main(["sing"]) == 2
    assert "write or audit" in capsys.readouterr().err
