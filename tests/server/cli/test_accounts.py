"""The commands that look after people, releases and products, on both databases."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.errors import PhotozError
from server.cli.main import app
from tests.server.cli.conftest import MakeServer

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, database_url: str, make_server: MakeServer) -> Run:
    """Runs a command in this process, which is quicker than one of its own."""
    environment = {"PHOTOZ_DATA": str(tmp_path / "data"), "PHOTOZ_DATABASE_URL": database_url}
    make_server(tmp_path / "data", database_url)

    def command(*words: str) -> str:
        done = CliRunner().invoke(app, list(words), env=environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return command


def test_accounts_groups_and_releases_are_looked_after(run: Run):
    run("user", "add", "maria", "--password", "a long password", "--admin")
    run("user", "add", "wei", "--password", "a long password")
    secret = run("token", "add", "wei").strip()
    run("user", "set", "wei", "--quota", "1.5", "--home-quota", "2")
    accounts = {account["name"]: account for account in json.loads(run("user", "list", "--json"))}
    assert (accounts["wei"]["quota_bytes"], accounts["wei"]["tokens"], accounts["maria"]["is_admin"]) == (
        1_500_000_000, 1, True,
    )  # fmt: skip
    assert secret not in json.dumps(accounts, default=str)
    with pytest.raises(PhotozError, match="last administrator"):
        run("user", "set", "maria", "--close")
    assert "Revoked 1 tokens" in run("user", "revoke", "wei")
    run("user", "password", "wei", "--password", "quite another")

    run("group", "add", "team", "--manager", "maria", "--description", "Us")
    run("group", "member", "team", "wei")
    assert "maria*, wei" in run("group", "list")
    run("release", "set", "dp1", "--display-name", "DP1", "--group", "team", "--fluxes", "--flux", "*cmodel: CModel")
    (release,) = json.loads(run("release", "list", "--json"))
    assert (release["groups"], release["fluxes"][0]["selected"], release["has_fluxes"]) == (["team"], True, True)
    with pytest.raises(PhotozError, match="restricts a release"):
        run("group", "delete", "team")
    run("release", "set", "dp1", "--group", "", "--public")
    assert "everybody" in run("release", "list")
    run("release", "delete", "dp1")
    run("group", "member", "team", "wei", "--remove")
    run("group", "delete", "team")
    with pytest.raises(PhotozError, match="no group named"):
        run("group", "delete", "team")
    log = run("log", "--who", "operator")
    for words in ("set password", "revoke all", "create group", "change release", "delete group"):
        assert words in log


def test_a_product_is_flagged_given_away_deleted_and_restored(run: Run, database_url: str):
    from core.auth.service import AccountService
    from core.database import Database
    from products.service import NewProduct, ProductService

    for name in ("maria", "wei"):
        run("user", "add", name, "--password", "a long password")
    database = Database(database_url)
    owner = AccountService(database).identity_of_user("maria")
    number = str(ProductService(database).create(owner, NewProduct("A model", 7)).id)
    database.close()
    shown = run("product", "set", number, "--official", "--visibility", "private", "--owner", "wei")
    assert shown.strip().endswith("official, private, of wei.")
    run("product", "delete", number, "--yes")
    assert "a_model" in run("product", "deleted")
    assert "it is registering" in run("product", "restore", number)
    with pytest.raises(PhotozError, match="no deleted product"):
        run("product", "restore", number)
    entries = json.loads(run("log", "--product", number, "--json"))
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("operator", "restore"), ("operator", "delete"), ("operator", "transfer"), ("operator", "change"),
        ("maria", "create"),
    ]  # fmt: skip


def test_product_types_are_looked_after(run: Run):
    usual = json.loads(run("product-type", "list", "--json"))
    assert [kind["name"] for kind in usual][:2] == ["redshift_catalog", "training_set"]
    run("product-type", "set", "other", "--display-name", "Sundries", "--order", "0", "--closed")
    first = json.loads(run("product-type", "list", "--json"))[0]
    assert first == usual[-1] | {"display_name": "Sundries", "order": 0, "is_open": False}
    assert "closed" in run("product-type", "list")
    run("product-type", "set", "other", "--description", "What is left.")
    entries = json.loads(run("log", "--json"))
    assert [(entry["action"], entry["subject"], sorted(entry["details"])) for entry in entries] == [
        ("change type", "other", ["description"]),
        ("change type", "other", ["display_name", "is_open", "order"]),
    ]
    run("product-type", "set", "other", "--display-name", "", "--description", "", "--order", "7", "--open")
    assert json.loads(run("product-type", "list", "--json")) == usual
    for wrong in (("none", "--open"), ("other", "--order", "-1"), ("other", "--display-name", "x" * 256)):
        with pytest.raises(PhotozError):
            run("product-type", "set", *wrong)
