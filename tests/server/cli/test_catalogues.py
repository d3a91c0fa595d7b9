"""``photoz catalogue``."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from core.errors import InvalidValueError
from server.cli.main import app
from tests.server.cli.conftest import MakeServer
from tests.support.hats import write_hats


def test_catalogues_are_added_listed_changed_and_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_server: MakeServer
):
    make_server(tmp_path / "data")
    frame = pd.DataFrame({"id": [1, 2, 3], "ra": [10.0, 120, 240], "dec": [-30.0, 0, 45]})
    write_hats(frame, tmp_path / "hats/sky", most_rows=1)
    monkeypatch.setenv("PHOTOZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PHOTOZ_CATALOGUE_PLACES", json.dumps([str(tmp_path / "hats")]))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["catalogue", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    described = tmp_path / "hats/columns.csv"
    described.write_text("name,description\nid,Number of the object\n")
    added = run("add", "sky", str(tmp_path / "hats/sky"), "--metadata", str(described))
    assert "Added the table hats.sky: 3 rows, 3 columns, 3 partitions" in added
    with pytest.raises(InvalidValueError, match="CATALOGUE_PLACES"):
        run("add", "other", str(tmp_path))
    run("set", "sky", "--read", "public", "--description", "The sky")
    (listed,) = json.loads(run("list", "--json"))
    assert (listed["table"], listed["read"], listed["description"]) == ("hats.sky", "public", "The sky")
    assert "hats.sky" in run("list")
    assert "3 partitions" in run("refresh", "sky")
    run("remove", "sky")
    assert json.loads(run("list", "--json")) == []
