"""``photoz challenge``, on products that are there without files."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from products.schema import ProductRow
from products.service import NewProduct
from server.cli.context import open_services
from server.cli.main import app
from tests.server.cli.conftest import MakeServer


def test_a_challenge_is_made_changed_and_deleted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_server: MakeServer
):
    make_server(tmp_path / "data")
    monkeypatch.setenv("PHOTOZ_DATA", str(tmp_path / "data"))
    with open_services(None) as services:
        services.accounts.service.add_user("olga", None)
        olga = services.accounts.service.identity_of_user("olga")
        truth, test = (services.products.service.create(olga, NewProduct(name, 7)).id for name in ("Truth", "Test"))
    file = tmp_path / "challenge.yaml"
    task = {"name": "main", "test": [test], "truth": truth}
    file.write_text(yaml.safe_dump({"title": "A challenge", "organisers": ["olga"], "tasks": [task]}))
    assert _run("create", "dc", str(file)) == "Made the challenge 'dc'; it is a draft.\n"
    shown = json.loads(_run("show", "dc"))
    assert (shown["organisers"], shown["tasks"][0]["truth"]) == (["olga"], truth)
    file.write_text("title: Another title\ngroups: []\n")
    assert _run("set", "dc", str(file)) == "Changed the challenge 'dc'.\n"
    assert _run("list") == f"{'draft':<10} {'dc':<24} Another title\n"
    assert _run("board", "dc").startswith("rank,medal,points,submission_id,method,user,submitted_at,bias,bias_err,")
    assert "it can become open, not published" in _run("state", "dc", "published", code=1)
    assert "has no main file" in _run("state", "dc", "open", code=1)
    with open_services(None) as services, services.database.read() as session:
        assert session.get_one(ProductRow, truth).is_hidden
    assert _run("delete", "dc") == "Deleted the challenge 'dc'.\n"
    with open_services(None) as services, services.database.read() as session:
        assert not session.get_one(ProductRow, truth).is_hidden


def _run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["challenge", *words])
    assert done.exit_code == code, done.output
    return f"{done.output}{done.exception}" if code else done.output
