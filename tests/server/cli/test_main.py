"""The command ``photoz``, as an operator runs it."""

import json
import socket
from pathlib import Path

import pytest
import requests

from core.settings import Settings
from server.data_folder import prepare_data_folder
from tests.support.commands import photoz, run_photoz
from tests.support.server import RunningServer, photoz_command, running_server

pytestmark = pytest.mark.slow


def test_help_names_every_command():
    shown = run_photoz("--help", data=Path("unused"), anew=True).stdout
    for command in ("serve", "worker", "migrate", "user", "token", "product", "doctor"):
        assert command in shown


def test_a_port_in_use_is_told_in_a_sentence(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_photoz("serve", "--port", str(port), "--no-demo", data=tmp_path / "data", anew=True)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port} (Address already in use)" in done.stderr
    assert "PORT=" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    done = run_photoz("serve", "--no-demo", data=tmp_path / "file" / "data")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "DATA=" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("PHOTOZ_PORT", "eighty", "migrate"),
        ("PHOTOZ_JOB_WORKERS", "0", "init"),
        ("PHOTOZ_TYPO", "1", "worker"),
        ("PHOTOZ_DATA_DIR", "/srv", "doctor"),
        ("PHOTOZ_BASE_URL", "photoz.example.org", "serve"),
        ("PHOTOZ_SECRET_KEY", "x", "settings"),
        ("PHOTOZ_JOB_QUEUE", "celery", "jobs list"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_every_command(tmp_path: Path, name: str, value: str, command: str):
    done = run_photoz(*command.split(), data=tmp_path / "data", env={name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "command",
    ["user add x --password abcdefghijkl", "migrate", "worker", "doctor", "product list", "backup never-made"],
)
def test_no_command_makes_a_data_folder_or_a_database_but_serve_and_init(tmp_path: Path, command: str):
    data = tmp_path / "data"
    done = run_photoz(*command.split(), data=data)
    assert done.returncode == 1
    assert "is not the data folder of a server" in done.stdout + done.stderr
    assert "photoz init" in done.stdout + done.stderr
    assert not data.exists()
    if command.startswith("user"):
        prepare_data_folder(Settings(data=data))
        assert "database of these settings has no tables" in run_photoz(*command.split(), data=data).stderr
        assert not (data / "photoz.sqlite").exists()


def test_the_settings_that_hold_are_printed_with_their_origins_and_without_secrets(tmp_path: Path):
    env = {"PHOTOZ_SECRET_KEY": "0123456789" * 4, "PHOTOZ_SITE_NAME": "Here"}
    shown = json.loads(photoz("settings", "--json", data=tmp_path, env=env))
    rows = {row["name"]: (row["value"], row["origin"]) for row in shown}
    assert list(rows) == [f"PHOTOZ_{name.upper()}" for name in Settings.model_fields]
    assert rows["PHOTOZ_SITE_NAME"] == ("Here", "environment")
    assert rows["PHOTOZ_PORT"] == ("8000", "default")
    assert rows["PHOTOZ_SECRET_KEY"] == ("(secret)", "environment")
    changed = photoz("settings", "--changed", data=tmp_path, env=env)
    assert [line.split()[0] for line in changed.splitlines()] == [
        "PHOTOZ_DATA",
        "PHOTOZ_SITE_NAME",
        "PHOTOZ_SECRET_KEY",
    ]


def test_accounts_and_tokens_are_made_on_both_databases(tmp_path: Path, database_url: str):
    data, env = tmp_path / "data", {"PHOTOZ_DATABASE_URL": database_url}
    photoz("init", data=data, env=env)
    photoz("user", "add", "maria", "--password", "a long password", "--admin", data=data, env=env)
    secret = photoz("token", "add", "maria", "--scope", "read", "--days", "7", data=data, env=env)
    assert secret.startswith("pz-")
    assert len(secret.split()) == 1
    again = run_photoz("user", "add", "maria", "--password", "a long password", data=data, env=env)
    assert (again.returncode, again.stderr.strip()) == (1, "There is already an account named 'maria'.")
    missing = run_photoz("token", "add", "nobody", data=data, env=env)
    assert missing.stderr.strip() == "There is no account named 'nobody'."
    assert "schema of this version" in photoz("migrate", data=data, env=env)


def test_the_doctor_finds_a_healthy_server_and_a_missing_schema(tmp_path: Path, database_url: str):
    data, env = tmp_path / "data", {"PHOTOZ_DATABASE_URL": database_url}
    prepare_data_folder(Settings(data=data))
    ill = run_photoz("doctor", "--json", data=data, env=env)
    checks = {check["name"]: check for check in json.loads(ill.stdout)}
    assert ill.returncode == 1
    assert not checks["database"]["ok"]
    assert "photoz migrate" in checks["database"]["message"]
    assert checks["storage"]["ok"]
    assert checks["engine"]["ok"]
    photoz("migrate", data=data, env=env)
    healthy = json.loads(photoz("doctor", "--json", data=data, env=env))
    assert all(check["ok"] for check in healthy), healthy


def test_the_doctor_says_that_the_database_cannot_be_reached(tmp_path: Path):
    env = {"PHOTOZ_DATABASE_URL": "postgresql+psycopg2://nobody@127.0.0.1:1/none?connect_timeout=2"}
    prepare_data_folder(Settings(data=tmp_path / "data"))
    done = run_photoz("doctor", data=tmp_path / "data", env=env)
    assert done.returncode == 1
    assert "FAIL  database" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with running_server(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


def test_a_new_server_tells_its_first_account_to_its_operator_alone(server: RunningServer):
    assert server.account is not None
    kept = server.data / "first-account.txt"  # what the server prints here is read by a log, and not by a person
    assert server.printed.count(str(kept)) == 1
    assert kept.stat().st_mode & 0o777 == 0o600
    assert server.account.token not in server.printed
    assert server.account.password not in server.printed
    headers = {"Authorization": f"Bearer {server.account.token}"}
    who = requests.post(f"{server.base_url}/api/logged_user/", headers=headers, timeout=30).json()
    assert (who["username"], who["is_admin"]) == ("admin", True)
    (token,) = requests.get(f"{server.base_url}/api/tokens/", headers=headers, timeout=30).json()["results"]
    assert token["expires_at"] is not None


def test_commands_work_beside_a_running_server(server: RunningServer):
    photoz("user", "add", "beside", "--password", "a long password", data=server.data)
    secret = photoz("token", "add", "beside", data=server.data).strip()
    headers = {"Authorization": f"Token {secret}"}
    product = requests.post(
        f"{server.base_url}/api/products/",
        json={"display_name": "From beside", "product_type": 7},
        headers=headers,
        timeout=30,
    ).json()
    assert product["internal_name"] in photoz("product", "list", data=server.data)
    shown = json.loads(photoz("product", "show", str(product["id"]), data=server.data))
    assert shown["owner"] == "beside"
    assert all(check["ok"] for check in json.loads(photoz("doctor", "--json", data=server.data)))
    photoz("product", "delete", str(product["id"]), "--yes", data=server.data)
    answer = requests.get(f"{server.base_url}/api/products/{product['id']}/", headers=headers, timeout=30)
    assert answer.status_code == 404


def test_a_second_start_makes_no_second_account(tmp_path: Path):
    installed = photoz_command()
    assert installed is not None, "the command photoz is not installed beside this Python: pip install -e ."
    with running_server(tmp_path / "data") as first:
        assert first.account is not None
        token = first.account.token
    with running_server(tmp_path / "data", command=(installed, "serve")) as second:
        assert second.account is None
        headers = {"Authorization": f"Bearer {token}"}
        assert requests.get(f"{second.base_url}/api/", headers=headers, timeout=30).ok
