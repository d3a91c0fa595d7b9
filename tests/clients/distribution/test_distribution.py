"""Wheel and source distribution are built without network, and installed alone."""

import ast
import json
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.clients.distribution.interpreters import CLIENTS, VERSIONS, build, interpreter


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("built")
    wheel, sdist = build("build_wheel", folder), build("build_sdist", folder, "pzserver-vo")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return wheel, sdist, build("build_wheel", folder, source=folder / sdist.name.removesuffix(".tar.gz"))


def _metadata(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode()), archive.namelist()


def test_the_metadata_say_who_and_what(built):
    metadata, names = _metadata(built[0])

    assert (metadata["Name"], metadata["License-Expression"]) == ("pzserver", "MIT")
    assert metadata["Author"] == "The Photo-z Server developers"
    assert metadata["Requires-Python"] == f">={VERSIONS[0]}"
    classifiers = metadata.get_all("Classifier")
    assert [f"Programming Language :: Python :: {version}" in classifiers for version in VERSIONS] == [True] * len(
        VERSIONS
    )
    assert metadata["Project-URL"]
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "pzserver/py.typed" in names
    assert "not there yet" not in metadata.get_payload()


def test_the_licence_is_that_of_the_project():
    assert (CLIENTS / "LICENSE").read_bytes() == (CLIENTS.parent / "LICENSE").read_bytes()


def test_the_name_of_the_distribution_is_a_setting_that_a_source_distribution_keeps(built):
    wheel, sdist, renamed = built
    metadata, names = _metadata(renamed)

    assert sdist.name.startswith("pzserver_vo-")
    assert renamed.name == sdist.name.replace(".tar.gz", "-py3-none-any.whl")
    assert metadata["Name"] == "pzserver-vo"
    package = {name for name in names if name.startswith("pzserver/")}
    assert package == {name for name in _metadata(wheel)[1] if name.startswith("pzserver/")}
    with tarfile.open(sdist) as archive:
        assert f"{sdist.name.removesuffix('.tar.gz')}/LICENSE" in archive.getnames()


@pytest.mark.parametrize("at", [0, 2])
def test_it_installs_alone_and_its_import_needs_no_library(built, tmp_path, at):
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*install, "--quiet", str(built[at])], check=True)

    code = "import json, sys, pzserver; print(json.dumps([pzserver.__version__, dir(pzserver), sorted(sys.modules)]))"
    told = json.loads(subprocess.run([python, "-I", "-c", code], check=True, capture_output=True).stdout)

    assert told[0] == _metadata(built[at])[0]["Version"]
    assert {"PzServer", "Product", "NotFoundError"} <= set(told[1])
    assert not {"numpy", "pandas", "astropy", "pyarrow", "requests", "fsspec"} & set(told[2])
    shown = subprocess.run([tmp_path / "env" / "bin" / "pzserver", "--version"], check=True, capture_output=True)
    assert shown.stdout.decode().strip() == f"pzserver {told[0]}"


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_it_installs_on_other_versions_of_python(built, tmp_path, version):
    if (python := interpreter(version)) is None:
        pytest.skip(f"there is no Python {version} on this machine")
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    inside = tmp_path / "env" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(inside), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, str(built[0])], check=True)
    code = (
        "import compileall, pzserver, sys; print(*sys.version_info[:2], sep='.'); "
        "sys.exit(not compileall.compile_dir(pzserver.__path__[0], quiet=1))"
    )
    told = subprocess.run([inside, "-I", "-W", "error", "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.strip() == version


def test_the_sources_are_of_the_oldest_version():
    oldest = tuple(map(int, VERSIONS[0].split(".")))
    for path in (CLIENTS / "src").rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=oldest)


@pytest.mark.parametrize("page", ["README.md", "docs/library.md", "docs/notebooks/first-estimates.ipynb"])
def test_pages_name_the_wheel_as_it_is(built, page):
    assert f"/static/clients/{built[0].name}" in (CLIENTS.parent / page).read_text()
