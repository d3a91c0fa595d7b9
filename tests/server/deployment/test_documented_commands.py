"""The commands that the documents for operators show: each is run in a private folder, against own services.

What changes the machine itself (packages, users, units) is a stand-in that is named in `STAND_INS`, and its arguments
are checked; everything else is run as it is written, with the folders below a private root.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values
from sqlalchemy import make_url
from typer.main import get_command

from core.settings.sources import load_settings
from server.cli.main import app as commands
from tests.support.commands import run_photoz
from tests.support.postgres import PostgresServer
from tests.support.server import RunningServer, running_server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = ("operations.md", "upgrading.md")

#: Programs that are not run, each with the reason; they note how they were called, and succeed.
STAND_INS = {
    "apt-get": "it installs packages on this machine",
    "useradd": "it adds a user to this machine",
    "su": "the cluster of this machine is not ours; the tests have PostgreSQL servers of their own",
    "python3": "it makes an environment, which takes minutes; that of the tests is used",
    "certbot": "it asks a certificate authority; the tests have certificates of their own",
    "pip": "it needs a package index; its requirements are compared with pyproject.toml",
    "systemctl": "the units would be started; test_files.py verifies them",
    "photoz-rolling-restart": "test_nginx.py runs it, behind nginx",
    "podman": "it fetches images from registries; test_files.py looks at the files",
    "journalctl": "the journal of this machine has no lines of ours; it prints those of the server of this test",
}

#: Folders of the machine that lie below the private root.
FOLDERS = ("/etc", "/opt", "/usr/local", "/srv", "/backups")

_BLOCKS = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")


def blocks(document: str) -> list[str]:
    return [text for _, text in _BLOCKS.findall((ROOT / "docs" / document).read_text())]


def is_shell(block: str) -> bool:
    return not re.match(r"[\w ]+:\n", block)


CASES = [
    pytest.param(block, id=f"{document.removesuffix('.md')}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(blocks(document))
    if is_shell(block)
]


@dataclass(slots=True)
class Machine:
    """A private root with programs of its own, a server, and a database.

    Parameters
    ----------
    exported
        Variables that the lines of the block so far have exported.
    """

    root: Path
    server: RunningServer
    database_url: str
    exported: dict[str, str] = field(default_factory=dict)

    def rewritten(self, line: str) -> str:
        """Return a line with its folders and services replaced by our own."""
        for folder in FOLDERS:
            line = re.sub(rf"(?<![\w/]){folder}(?=/)", f"{self.root}{folder}", line)
        for address in ("http://127.0.0.1:8001", "https://photoz.example.org"):
            line = line.replace(address, self.server.base_url)
        line = line.replace("server/deployment", str(SHIPPED))
        line = line.replace("postgresql+psycopg2://photoz@db.example.org/photoz", self.database_url)
        line = re.sub(r"--group=\w+", f"--group={os.getgid()}", line)
        line = re.sub(r"(install .*)--owner=\w+", rf"\g<1>--owner={os.getuid()}", line)
        return line.replace("=…", "=stands-for-a-value")

    def run(self, line: str) -> str:
        """Run a line, and return what it prints."""
        line = self.rewritten(line)
        words = shlex.split(line, comments=True)
        if words[:1] == ["export"]:
            self.exported.update(word.split("=", 1) for word in words[1:])
            return ""
        given = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
        program, *arguments = [word for word in words if not re.match(r"[A-Z_]+=", word)]
        if program == "photoz" and "&&" in arguments:
            return "".join(map(self.run, line.split("&&")))
        if program == "photoz" and "|" not in arguments:
            env = self.exported | given
            data = Path(env.pop("PHOTOZ_DATA", str(self.server.data)))
            done = run_photoz(*arguments, data=data, env=env)
        else:
            env = dict(os.environ) | self.exported | {"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"}
            done = subprocess.run(
                ["/bin/sh", "-eu", "-c", line], capture_output=True, text=True, check=False, env=env, cwd=ROOT
            )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def calls(self) -> list[list[str]]:
        """Return how the stand-ins were called."""
        log = self.root / "calls"
        return [shlex.split(line) for line in log.read_text().splitlines()] if log.exists() else []


SHIPPED = ROOT / "server" / "deployment"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    env = {"PHOTOZ_LOG_FORMAT": "json", "PHOTOZ_LOG_LEVEL": "INFO"}
    with running_server(tmp_path_factory.mktemp("documented") / "data", env=env) as server:
        yield server


@pytest.fixture
def machine(server: RunningServer, postgres: PostgresServer, tmp_path: Path) -> Iterator[Machine]:
    for folder in FOLDERS:
        (tmp_path / folder.lstrip("/")).mkdir(parents=True)
    for made in (
        "bin",
        "etc/systemd/system",
        "etc/nginx/sites-enabled",
        "etc/prometheus",
        "opt/photoz/bin",
        "usr/local/bin",
        "usr/local/sbin",
        "srv/photoz",
    ):
        (tmp_path / made).mkdir(parents=True, exist_ok=True)
    for name in STAND_INS:
        prints = f"grep '^{{' {shlex.quote(str(server.log))}" if name == "journalctl" else ":"
        for place in (tmp_path / "bin" / name, *([tmp_path / "opt/photoz/bin/pip"] if name == "pip" else [])):
            place.write_text(
                f"#!/bin/bash\nprintf '%q ' {name} \"$@\" >>{tmp_path}/calls; echo >>{tmp_path}/calls\n{prints}\n"
            )
            place.chmod(0o755)
    (scrape,) = [block for block in blocks("operations.md") if block.startswith("scrape_configs:")]
    (tmp_path / "etc/prometheus/prometheus.yml").write_text(scrape.replace("/etc/", f"{tmp_path}/etc/"))
    (tmp_path / "srv/photoz/first-account.txt").write_text("name admin\n")  # as the unit of the web process makes it
    with postgres.new_database() as url:
        yield Machine(tmp_path, server, url)


@pytest.mark.parametrize("block", CASES)
def test_each_line_of_a_block_runs(machine: Machine, block: str) -> None:
    for program, package in (("jq", "jq"), ("promtool", "prometheus")):
        if re.search(rf"(^|\| ){program}", block, re.MULTILINE) and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install {package}")
    subprocess.run(["/bin/bash", "-n", "-c", block], check=True)
    if "restore" in block:
        for _ in range(block.count(" restore ")):
            machine.run("photoz backup /backups/photoz")
        (machine.root / "srv/photoz/first-account.txt").unlink()
    for line in filter(None, block.splitlines()):
        machine.run(_with_known_backup(machine, line))
        if " restore " in line:
            machine.run("PHOTOZ_DATA=/srv/photoz photoz doctor")
            shutil.rmtree(machine.root / "srv/photoz")  # the next line restores another backup into it
    if machine.exported:  # settings that are no settings, or cannot be used, stop every command
        machine.exported.pop("AWS_ENDPOINT_URL", None)
        said = machine.run("photoz settings --changed")
        assert {name for name in machine.exported if name.startswith("PHOTOZ_")} <= set(re.findall(r"PHOTOZ_\w+", said))
    _check_calls(machine.calls())


def _with_known_backup(machine: Machine, line: str) -> str:
    """Name a backup that is there in place of that of the example."""
    if "--backup " not in line:
        return line
    said = machine.run("photoz backup /backups/photoz --list")
    (first, *_) = re.findall(r"\b\d{8}T\d{6}-\w+", said)
    line, count = re.subn(r"\b\d{8}T\d{6}-\w+", first, line)
    assert count == 1
    return line


def _check_calls(calls: list[list[str]]) -> None:
    """Compare what stand-ins were asked for with the files and the requirements of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    units = {path.name for path in SHIPPED.iterdir()}
    for program, *arguments in calls:
        assert program in STAND_INS
        if program == "pip":
            wanted = [re.sub(r"^\.", project["name"], each) for each in arguments if re.match(r"[.a-z]", each)]
            for each in wanted:
                extra = re.search(r"\[(\w+)\]", each)
                assert extra is None or extra[1] in project["optional-dependencies"], each
            named = [arguments[i + 1] for i, each in enumerate(arguments) if each == "--constraint"]
            assert all((ROOT / path).is_file() for path in named)
        if program == "systemctl":
            for unit in (each for each in arguments if each.startswith("photoz")):
                assert fnmatch.filter(units, re.sub(r"@\d+", "@", unit)), unit


def test_the_first_block_installs_every_file_of_the_deployment(machine: Machine) -> None:
    first = blocks("operations.md")[0]
    for line in filter(None, first.splitlines()):
        machine.run(line)
    there = {path.name for path in machine.root.rglob("*") if path.is_file()}
    others = {"Containerfile", "container-secrets"}  # of containers; alarms and dashboard are for other servers
    names = {each.name for each in SHIPPED.iterdir() if each.suffix not in {".json", ".yaml", ".dockerignore"}} - others
    renamed = {
        "photoz.nginx.conf": "photoz.conf",
        "rolling-restart": "photoz-rolling-restart",
        "photoz-command": "photoz",
    }
    assert {renamed.get(name, name) for name in names} <= there
    asked = " ".join(shlex.join(call) for call in machine.calls())
    for needed in ("postgresql", "redis-server", "nginx", "createuser photoz", "enable --now photoz.target"):
        assert needed in asked
    assert {call[0] for call in machine.calls()} < STAND_INS.keys()


def test_the_files_of_the_containers_fit_together(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [each for each in blocks("operations.md") if "podman build" in each]
    for line in filter(None, block.splitlines()):
        machine.run(line)
    folder = machine.root / "etc" / "photoz"
    secrets = dotenv_values(folder / "photoz.secrets.env")
    assert (folder / "photoz.secrets.env").stat().st_mode & 0o077 == 0
    compose = yaml.safe_load((folder / "compose.yaml").read_text())
    web = compose["services"]["web-1"]
    names = {"PHOTOZ_SECRET_KEY", "PHOTOZ_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "POSTGRES_PASSWORD"}
    assert secrets.keys() == names | {"MINIO_ROOT_PASSWORD"}
    for name, value in {**web["environment"], **secrets}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings({"data": machine.root / "data"}).settings
    database = make_url(settings.sqlalchemy_url)
    own = compose["services"]["database"]["environment"]
    assert (database.username, database.database) == (own["POSTGRES_USER"], own["POSTGRES_DB"])
    assert database.password == secrets["POSTGRES_PASSWORD"]
    assert secrets["AWS_SECRET_ACCESS_KEY"] == secrets["MINIO_ROOT_PASSWORD"]
    assert len({secrets["PHOTOZ_SECRET_KEY"], secrets["POSTGRES_PASSWORD"], secrets["MINIO_ROOT_PASSWORD"]}) == 3
    upstream = re.findall(r"(?m)^    server (\S+) max_fails", (folder / "photoz.nginx.conf").read_text())
    assert upstream == [f"{name}:8000" for name in compose["services"] if name.startswith("web-")]
    mounted = [each.partition(":")[0] for each in compose["services"]["nginx"]["volumes"]]
    assert all((folder / each).is_file() for each in mounted if each.startswith("./"))


def test_the_command_of_root_is_that_of_the_user_of_the_server_with_its_settings(machine: Machine) -> None:
    runuser = machine.root / "bin" / "runuser"
    runuser.write_text('#!/bin/sh\necho "$HOME|$PHOTOZ_SETTINGS_FILE|$*"\n')
    runuser.chmod(0o755)
    env = {"PATH": f"{runuser.parent}:{os.environ['PATH']}"}
    words = [str(SHIPPED / "photoz-command"), "backup", "a folder", "--list"]
    said = subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout
    assert said == "/srv/photoz|/etc/photoz/photoz.env|--user=photoz -- /opt/photoz/bin/photoz backup a folder --list\n"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_blocks_that_are_no_commands_are_valid(document: str) -> None:
    for block in blocks(document):
        if not is_shell(block):
            assert yaml.safe_load(block)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_the_text_exist_with_their_options(document: str) -> None:
    text = _BLOCKS.sub("", (ROOT / "docs" / document).read_text())
    found = [re.sub(r"\s+", " ", each) for each in re.findall(r"`(photoz [^`]+)`", text)]
    assert found
    for words in map(shlex.split, found):
        command = get_command(commands)
        for word in words[1:]:
            if word.startswith("--"):
                known = [name for each in command.params for name in each.opts]
                assert word.partition("=")[0] in known, f"{shlex.join(words)}: {command.name} has no {word}"
            elif isinstance(getattr(command, "commands", None), dict):
                for name in word.split("|"):
                    assert name in command.commands, f"{shlex.join(words)}: there is no {name}"  # type: ignore[attr-defined]
                command = command.commands[word.split("|")[0]]  # type: ignore[attr-defined]


def test_benchmarks_that_documents_name_exist_with_their_options() -> None:
    named = set()
    for path in (*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"):
        named |= set(re.findall(r"`python -m (benchmarks\.\w+)([^`]*)`", path.read_text().replace("\n", " ")))
    assert ("benchmarks.capacity", "") in named
    for module, words in named:
        text = (ROOT / f"{module.replace('.', '/')}.py").read_text()
        assert "__main__" in text, module
        assert [option for option in re.findall(r"--[\w-]+", words) if f'"{option}"' not in text] == [], module


def test_the_log_that_the_filters_read_has_requests(server: RunningServer) -> None:
    lines = [json.loads(line) for line in server.printed.splitlines() if line.startswith("{")]
    assert any(line["message"] == "request" for line in lines)
