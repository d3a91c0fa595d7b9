import re
from pathlib import Path

import pytest

from server.operations.bootstrap import Environment
from tests.support.server import running_server


def test_make_serve_serves_and_ctrl_c_ends_it_and_all_that_it_started(tmp_path: Path, project_root: Path):
    if not Environment(project_root).is_ready("serve"):
        pytest.skip("this checkout was not prepared by make, and preparing it would need the network")
    data = tmp_path / "chosen by DATA"
    command = ("make", "-C", project_root, "serve", f"DATA={data}")
    with running_server(tmp_path / "data", command=command) as server:
        assert server.account is not None
        assert (data / "photoz.sqlite").exists()
    assert "Traceback" not in server.printed


def test_make_help_names_every_target(project_root: Path):
    makefile = (project_root / "Makefile").read_text()
    documented = set(re.findall(r"^([a-z]+):  ## ", makefile, re.MULTILINE))
    assert documented == {
        "help",
        "serve",
        "test",
        "lint",
        "fuzz",
        "lock",
        "mutants",
        "chaos",
        "cluster",
        "notebooks",
        "pictures",
        "bench",
        "clean",
    }
