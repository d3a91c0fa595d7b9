"""The command ``pzserver`` as a user types it; rows are read back with astropy, pandas and json."""

import io
import json
import stat
import tomllib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from pzserver import PzServer
from pzserver.commands.main import main
from pzserver.connections.tokens import store_token

_ROWS = "SELECT column_name, indexed FROM TAP_SCHEMA.columns WHERE table_name = 'photoz.products'"


@pytest.fixture
def here(library_server, account, monkeypatch, tmp_path):
    monkeypatch.setenv("PZSERVER_HOST", library_server.base_url)
    monkeypatch.setenv("PZSERVER_TOKEN", account.token)
    monkeypatch.setenv("PZSERVER_CONFIG", str(tmp_path / "config" / "config.toml"))
    return library_server


@pytest.fixture(scope="module")
def product(ours: PzServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("command") / "c.parquet"
    Table({"ra": [1.0], "dec": [2.0], "z": [0.1]}).write(path)
    columns = {"ra": "RA", "dec": "Dec", "z": "z"}
    return str(ours[ours.upload("Of the command", "redshift_catalog", path, columns=columns).product_id].internal_name)


@pytest.mark.parametrize("style", ["text", "csv", "json"])
def test_products_are_listed(here, product, capsys, style):
    assert main(["ls", "--filter", "internal_name=" + product, "--format", style]) == 0

    out = capsys.readouterr().out
    if style == "json":
        (found,) = json.loads(out)
    elif style == "csv":
        (found,) = pd.read_csv(io.StringIO(out)).to_dict("records")
    else:
        head, line = out.splitlines()
        found = {name: line[head.index(name) :].split("  ")[0] for name in ("internal_name", "display_name")}
    assert (found["internal_name"], found["display_name"]) == (product, "Of the command")


def test_files_and_products_are_sent_and_fetched(here, product, tmp_path, capsys):
    (tmp_path / "one file.txt").write_text("one")
    (tmp_path / "empty").write_bytes(b"")

    assert main(["-q", "put", str(tmp_path / "one file.txt"), str(tmp_path / "empty")]) == 0
    sent = capsys.readouterr().out.split("\n")[:2]
    assert main(["ls", "~", "--format", "json"]) == 0
    listed = {node["name"]: node["size"] for node in json.loads(capsys.readouterr().out)}
    got = tmp_path / "got"
    assert main(["get", "-q", *sent, product, "--to", str(got), "--unpacked"]) == 0
    saved = [str(got / "one file.txt"), str(got / "empty"), str(got / product)]
    assert capsys.readouterr().out.split() == " ".join(saved).split()

    assert (listed["one file.txt"], listed["empty"]) == (3, 0)
    assert (tmp_path / "got" / "one file.txt").read_text() == "one"
    assert (tmp_path / "got" / "empty").read_bytes() == b""
    assert len(Table.read(next((tmp_path / "got" / product).glob("*.parquet")))) == 1


@pytest.mark.parametrize("ending", ["parquet", "csv", "json", "fits", "vot", "ecsv"])
def test_rows_are_written_in_each_format(here, tmp_path, ending):
    path = tmp_path / f"rows.{ending}"

    assert main(["query", _ROWS, "--out", str(path)]) == 0

    if ending == "json":
        names = {row["column_name"] for row in json.loads(path.read_text())}
    elif ending == "parquet":
        names = set(pq.read_table(path)["column_name"].to_pylist())
    else:
        names = {str(name).strip() for name in Table.read(path)["column_name"]}
    assert {"product_id", "internal_name"} <= names


def test_rows_are_shown_limited_and_counted(here, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(_ROWS))

    assert main(["query", "-", "--format", "csv", "--limit", "2", "--async"]) == 0

    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert "cut the result at 2 rows" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["query", "SELECT nothing FROM nowhere"], 1, "nowhere"),
        (["query", _ROWS, "--out", "x.unknown"], 1, "names no format"),
        (["query", _ROWS, "--format", "fits"], 1, "give --out"),
        (["get", "999_none"], 1, "There is no published product '999_none'"),
        (["get", "~/none"], 1, "no node"),
        (["put", "/no/such/file"], 1, "No such file"),
        (["ls", "--filter", "word"], 1, "write NAME=WORD"),
        (["run", "training_set_maker", "1"], 1, "--name"),
        (["run", "no_such"], 1, "no pipeline 'no_such'"),
        (["--host", "http://127.0.0.1:9", "ls"], 1, "cannot be reached"),
    ],
)
def test_what_fails_is_said_with_an_exit_code(here, capsys, tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)

    assert main(words) == code

    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["unknown"], [], ["query"], ["ls", "--format", "xls"]])
def test_a_wrong_command_line_ends_with_two(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)

    assert caught.value.code == 2
    assert "usage: pzserver" in capsys.readouterr().err


def test_a_pipeline_runs_and_its_parameters_are_shown(here, product, capsys):
    assert main(["run", "combine_redshift_dedup"]) == 0
    assert "combine_type = 'concatenate'" in capsys.readouterr().out

    words = ["-q", "run", "combine_redshift_dedup", product, product, "--name", "C", "--set", "random_seed=x"]
    assert main(words) == 1
    assert "'random_seed' cannot be 'x'" in capsys.readouterr().err


def test_a_token_is_stored_for_its_server_alone(here, account, capsys, tmp_path, monkeypatch):
    token, path = account.token, tmp_path / "config" / "config.toml"
    monkeypatch.delenv("PZSERVER_TOKEN")
    monkeypatch.delenv("PZSERVER_HOST")
    monkeypatch.setattr("sys.stdin", io.StringIO(token + "\n"))

    assert main(["login", here.base_url]) == 0
    out = capsys.readouterr().out

    assert (account.name in out, token in out) == (True, False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tomllib.loads(path.read_text())["hosts"][here.base_url]["token"] == token
    assert main(["ls", "~", "--format", "json"]) == 0  # the only server of the file
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong\n"))
    assert main(["login", here.base_url]) == 1
    assert tomllib.loads(path.read_text())["hosts"][here.base_url]["token"] == token


@pytest.mark.parametrize(
    "old",
    [
        "",
        '# mine\nhost = "https://a.example"\n\n[hosts."https://a.example"]\ntoken = "a"\nother = 1\n',
        '[hosts."https://b.example"]\nother = 1\ntoken = "old"\n\n[hosts."https://a.example"]\ntoken = "a"\n',
    ],
)
def test_the_rest_of_the_configuration_file_stays(tmp_path: Path, monkeypatch, old):
    path = tmp_path / "config.toml"
    monkeypatch.setenv("PZSERVER_CONFIG", str(path))
    if old:
        path.write_text(old)
        path.chmod(0o644)

    store_token(" new\n", "https://b.example")

    before, after = tomllib.loads(old), tomllib.loads(path.read_text())
    assert after["hosts"].pop("https://b.example")["token"] == "new"
    before.get("hosts", {}).pop("https://b.example", None)
    assert {"hosts": {}, **before} == after
    assert "# mine" in path.read_text() or "# mine" not in old
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_no_configuration_stays_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    monkeypatch.setenv("PZSERVER_CONFIG", str(path))
    path.write_text("not = = toml")

    with pytest.raises(ValueError, match="correct that file") as caught:
        store_token("secret", "https://b.example")

    assert "secret" not in str(caught.value)
    assert path.read_text() == "not = = toml"
