import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.operations.bootstrap import Environment, SetupError, missing_programs


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks ready to serve: a Python, and a stamp of its pyproject.toml."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    stamp(tmp_path, "serve")
    return tmp_path


def stamp(root: Path, goal: str) -> None:
    environment = Environment(root)
    environment._stamp(goal).write_text(environment._fingerprint())


def test_what_is_ready_stays(checkout: Path):
    assert Environment(checkout).is_ready("serve")


def test_the_tests_need_more_than_the_server(checkout: Path):
    assert not Environment(checkout).is_ready("test")
    stamp(checkout, "test")
    (checkout / ".venv" / ".prepared-for-serve").unlink()
    assert Environment(checkout).is_ready("test")
    assert Environment(checkout).is_ready("serve")


@pytest.mark.parametrize("path", ["pyproject.toml", "clients/pyproject.toml"])
def test_changed_requirements_are_installed_again(checkout: Path, path: str):
    (checkout / "clients").mkdir()
    (checkout / path).write_text("[project]\nname = 'x'\n")
    assert not Environment(checkout).is_ready("serve")


def test_a_moved_checkout_is_prepared_again(checkout: Path, tmp_path_factory: pytest.TempPathFactory):
    moved = tmp_path_factory.mktemp("moved") / "project"
    shutil.copytree(checkout, moved, symlinks=True)
    assert not Environment(moved).is_ready("serve")


def test_a_python_that_is_gone_is_noticed(checkout: Path):
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    assert not Environment(checkout).is_ready("serve")


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path: Path):
    gone = tmp_path / "gone"
    with pytest.raises(SetupError, match=r"cannot be written .* Copy or clone the project"):
        Environment(gone).prepare("serve")


def test_the_tests_have_libraries_and_the_project_compiled_but_not_the_tests_of_libraries(checkout: Path):
    packages = checkout / ".venv" / "lib" / "python3" / "site-packages"
    for path in ("library/part.py", "library/testing.py", "library/tests/data.py", "library/test/data.py"):
        _write(packages / path)
    for path in ("core/__init__.py", "core/web/routes.py", "docs/example.py", "tests/__init__.py", "tests/test_it.py"):
        _write(checkout / path)
    Environment(checkout)._compile("test")
    compiled = {path.name.split(".")[0] for path in checkout.rglob("*.pyc")}
    assert compiled == {"part", "testing", "__init__", "routes"}
    assert len(list((checkout / "tests").rglob("*.pyc"))) == 1


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("VALUE = 1\n")


def test_a_second_make_waits_and_finds_the_work_done(checkout: Path):
    # The first one, in this process, holds the lock; the second one says that it waits.
    code = "import sys; from pathlib import Path; from server.operations.bootstrap import Environment\n"
    code += "with Environment(Path(sys.argv[1]))._locked(): print('mine', flush=True)"
    command = [sys.executable, "-c", code, str(checkout)]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with Environment(checkout)._locked():
        second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        assert "waiting" in second.stdout.readline()
    said, _ = second.communicate(timeout=30)
    assert said == "mine\n"
    assert second.returncode == 0


def test_it_needs_the_standard_library_alone():
    script = Path(__file__).parents[3] / "server" / "operations" / "bootstrap.py"
    code = f"import runpy; runpy.run_path({str(script)!r})"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = missing_programs()
    assert missing["stilts"] == "stilts"
    assert missing["redis-server"] == "redis-server"
    assert missing["chromium"] == "chromium"


def test_chromium_without_windows_is_chromium_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    shell = tmp_path / "chromium-headless-shell"
    shell.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "chromium" not in missing_programs()


def test_make_without_a_new_python_says_what_to_install(tmp_path: Path, project_root: Path):
    for program in ("make", "sh", "sed", "echo"):
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed")
        (tmp_path / program).symlink_to(found)
    done = subprocess.run(
        [tmp_path / "make", "serve"],
        cwd=project_root,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "No Python 3.11 or newer was found. Install one" in done.stderr
