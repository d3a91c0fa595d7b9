"""``photoz registry``."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli.main import app
from tests.server.cli.conftest import MakeServer


def test_records_are_validated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_server: MakeServer):
    make_server(tmp_path)
    for name, value in (("DATA", tmp_path), ("AUTHORITY", "example.org"), ("BASE_URL", "https://pz.example.org")):
        monkeypatch.setenv(f"PHOTOZ_{name}", str(value))
    done = CliRunner().invoke(app, ["registry", "validate", "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["records"] >= 6, "the authority, the organisation, the registry, TAP, VOSpace, pipelines"
    assert not [item for item in answer["findings"] if item["record"] != "server"]
    assert [item["message"] for item in answer["findings"] if "PHOTOZ_CONTACT" in item["message"]]

    monkeypatch.setenv("PHOTOZ_AUTHORITY", "photoz.local")
    refused = CliRunner().invoke(app, ["registry", "validate", "--schemas", str(tmp_path / "none")])
    assert refused.exit_code == 1
    assert "PHOTOZ_AUTHORITY" in refused.output
    assert "python3-gavo" in refused.output
