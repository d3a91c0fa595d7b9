"""The files of the deployment: each name in them is one that the server has."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from core.settings import Settings
from server.cli.main import app as commands
from tests.server.application import running_application
from tests.support.in_process import in_process_client

FOLDER = Path(__file__).resolve().parents[3] / "server" / "deployment"
ANALYZE, PROMTOOL = shutil.which("systemd-analyze"), shutil.which("promtool")
UNITS = sorted(FOLDER.glob("*.service"))
TIMERS = sorted(FOLDER.glob("*.timer"))
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "photoz-server"}

#: Suffixes that Prometheus adds to the names of counters and histograms.
_SUFFIXES = re.compile(r"_(total|bucket|count|sum)$")


def commands_of_photoz() -> Iterator[list[str]]:
    for unit in UNITS:
        yield from map(shlex.split, re.findall(r"(?m)^ExecStart=/opt/photoz/bin/photoz (.+)$", unit.read_text()))
    for service in OURS.values():
        yield service["command"]
    (words,) = re.findall(r"(?m)^CMD (.+)$", (FOLDER / "Containerfile").read_text())
    yield json.loads(words)


def settings_of_files() -> dict[str, dict[str, str]]:
    lines = [line.removeprefix("#") for line in (FOLDER / "photoz.env").read_text().splitlines()]
    of_env = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    of_image = dict(re.findall(r"(PHOTOZ_\w+)=(\S+)", (FOLDER / "Containerfile").read_text()))
    (of_compose,) = {json.dumps(each["environment"]) for each in OURS.values()}
    return {"photoz.env": of_env, "Containerfile": of_image, "compose.yaml": json.loads(of_compose)}


def test_the_commands_are_commands_of_photoz():
    known = {command.name for command in commands.registered_commands}
    found = {words[0] for words in commands_of_photoz()}
    assert found <= known
    assert {"serve", "worker", "init", "migrate"} <= found


@pytest.mark.parametrize("name", ["photoz.env", "Containerfile", "compose.yaml"])
def test_the_settings_are_settings_with_possible_values(name: str, monkeypatch: pytest.MonkeyPatch):
    found = {key: value for key, value in settings_of_files()[name].items() if key.startswith("PHOTOZ_")}
    assert found
    known = {f"PHOTOZ_{field.upper()}" for field in Settings.model_fields}
    assert found.keys() <= known
    if "PHOTOZ_JOB_QUEUE" in found:  # which needs PostgreSQL; compose.yaml has the address among its secrets
        found.setdefault("PHOTOZ_DATABASE_URL", "postgresql+psycopg2://photoz:word@database/photoz")
    for key, value in found.items():
        monkeypatch.setenv(key, value)
    Settings()


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed: apt-get install systemd")
def test_the_units_are_valid(tmp_path: Path):
    program = tmp_path / "photoz" / "bin" / "photoz"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    paths = []
    for unit in [*UNITS, *TIMERS, FOLDER / "photoz.target"]:
        path = tmp_path / unit.name.replace("@.", "@8001.")
        path.write_text(unit.read_text().replace("/opt/photoz", str(tmp_path / "photoz")))
        paths.append(path)
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", *map(str, paths)],
        capture_output=True, text=True, check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "photoz" in line and "Unit" not in line] == []


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed: apt-get install systemd")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_units_are_hardened(unit: Path, tmp_path: Path):
    # 100 is a service without any restriction; the network, which a server needs, is 8 of these 20.
    words = ["security", "--offline=yes", "--threshold=20", "--no-pager", str(unit)]
    done = subprocess.run([str(ANALYZE), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "Overall exposure level" in done.stdout


def test_the_units_wait_for_each_other_and_let_the_server_end():
    for unit in UNITS:
        text = unit.read_text()
        assert "User=photoz" in text
        assert "NoNewPrivileges=yes" in text
        if "Type=oneshot" in text:
            continue
        assert re.search(r"Wants=.*photoz-migrate\.service", text)
        assert "Requires=" not in text, "it would never start when what it requires failed once"
        assert "StartLimitIntervalSec=0" in text
        assert re.search(r"After=.*photoz-migrate\.service", text)
        assert "KillMode=mixed" in text
        assert "Restart=always" in text
        assert int(re.findall(r"LimitNOFILE=(\d+)", text)[0]) >= 65536
    wanted = re.findall(r"Wants=(.+)", (FOLDER / "photoz.target").read_text())[0].split()
    by_time = {f"{timer.stem}.service" for timer in TIMERS}
    assert {re.sub(r"@\d+", "@", name) for name in wanted} == {unit.name for unit in UNITS} - by_time


def test_the_backup_of_the_night_may_write_where_it_is_told_to():
    text = (FOLDER / "photoz-backup.service").read_text()
    (place,) = re.findall(r"photoz backup (\S+)", text)
    assert f"ReadWritePaths=/srv/photoz {place}\n" in text
    assert "OnCalendar=" in (FOLDER / "photoz-backup.timer").read_text()


def test_the_services_of_compose_are_wired(tmp_path: Path):
    services = COMPOSE["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= services.keys()
        conditions = [each for each in (service.get("depends_on") or {}) if isinstance(service["depends_on"], dict)]
        for other in conditions:
            if service["depends_on"][other]["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for the health of {other}"
        volumes = [each.partition(":")[0] for each in service.get("volumes", ())]
        assert {each for each in volumes if not each.startswith((".", "/"))} <= COMPOSE["volumes"].keys()
    asked = " ".join(services["web-1"]["healthcheck"]["test"])
    with running_application(tmp_path / "data") as application:
        path = re.findall(r"http://127\.0\.0\.1:8000([^\"]+)", asked)[0]
        assert application.client.get(path).status_code == 200
    assert len([name for name in services if name.startswith("web-")]) == 2


def waited_for(name: str) -> set[str]:
    """Return the services of compose whose health or success a service waits for, directly or not."""
    conditions = COMPOSE["services"][name].get("depends_on", {})
    direct = {other for other in conditions if isinstance(conditions, dict)}
    assert all(conditions[other]["condition"] != "service_started" for other in direct)
    return direct.union(*map(waited_for, direct))


def test_the_image_is_built_from_the_distribution_alone():
    root = FOLDER.parents[1]
    lines = [line for line in (FOLDER / "Containerfile.dockerignore").read_text().splitlines() if line[0] != "#"]
    assert lines[0] == "*"
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    about = tomllib.loads((root / "pyproject.toml").read_text())
    wheel, project = about["tool"]["hatch"]["build"]["targets"]["wheel"], about["project"]
    needed = {*wheel["packages"], *wheel["force-include"], project["readme"], *project["license-files"]}
    assert sent == needed | {"pyproject.toml"}
    assert all((root / name).exists() for name in sent)


def test_each_process_of_compose_waits_for_all_that_its_settings_name():
    environment = settings_of_files()["compose.yaml"]
    hosts = {
        urlsplit(value).hostname
        for name, value in environment.items()
        if name.endswith(("_REDIS_URL", "_ENDPOINT_URL"))
    }
    assert hosts == {"redis", "s3"}
    buckets = {urlsplit(environment[name]).hostname for name in ("PHOTOZ_FILES_URL", "PHOTOZ_ROWS_URL")}
    makers = {
        name for name, each in COMPOSE["services"].items() if any(f"/{b}" in str(each.get("command")) for b in buckets)
    }
    for name, service in OURS.items():
        if service["command"] != ["init"]:
            assert waited_for(name) >= hosts | {"database", "init"}
            assert len(waited_for(name) & makers) == len(buckets), f"nobody makes {buckets} before {name} starts"


def names_in(expression: str) -> set[str]:
    """Return the names of metrics in an expression, without the suffixes that Prometheus adds."""
    without_labels = re.sub(r"\{[^}]*\}", "", expression)
    return {_SUFFIXES.sub("", name) for name in re.findall(r"\bphotoz_\w+", without_labels)}


def test_each_metric_of_the_dashboard_and_the_alarms_is_served(tmp_path: Path):
    dashboard = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    rules = yaml.safe_load((FOLDER / "prometheus-rules.yaml").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    with running_application(tmp_path / "data", base_url="http://127.0.0.1:8000") as application:
        portal = application.client._transport._portal  # type: ignore[attr-defined]
        with in_process_client(application.app, portal, address=("127.0.0.1", 1)) as client:
            client.get("/availability")
            for phase in ("PENDING", "RUN"):
                client.post("/tap/async", data={"LANG": "ADQL", "QUERY": "SELECT 1 AS one", "PHASE": phase})
            application.services.accounts.service.add_user("ana", None)
            headers = {"Authorization": f"Bearer {application.token('ana')}"}
            client.post("/api/products", json={"display_name": "P", "product_type": 7}, headers=headers)
            families = list(text_string_to_metric_families(client.get("/metrics").text))
    served = {_SUFFIXES.sub("", family.name) for family in families}
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    for sample in (sample for family in families for sample in family.samples):
        for label, value in sample.labels.items():
            values[_SUFFIXES.sub("", sample.name), label].add(value)
    for expression in expressions:
        assert names_in(expression) <= served, expression
        for name, chosen in re.findall(r"\b(photoz_\w+)\{([^}]*)\}", expression):
            for label, value in re.findall(r"(\w+)\s*=\"([^\"]+)\"", chosen):
                found = values[_SUFFIXES.sub("", name), label]
                assert found, f"{name} has no label {label}"
                assert label in {"phase", "status"} or value in found, expression
        grouped = {label.strip() for each in re.findall(r"by \(([^)]*)\)", expression) for label in each.split(",")}
        of_metrics = {label for name, label in values if name in names_in(expression)}
        assert grouped <= of_metrics | {"instance"}, expression
    assert {name for expression in expressions for name in names_in(expression)} >= served - {"photoz_requests"}
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: apt-get install prometheus")
def test_prometheus_accepts_the_alarms():
    subprocess.run([str(PROMTOOL), "check", "rules", str(FOLDER / "prometheus-rules.yaml")], check=True)


@pytest.mark.parametrize("name", ["photoz.env", "photoz.nginx.conf", "compose.yaml"])
def test_what_is_an_example_is_marked_as_to_be_changed(name: str):
    lines = (FOLDER / name).read_text().splitlines()
    given = [number for number, line in enumerate(lines) if re.search(r"^[^#]*example\.org", line)]
    assert given
    assert [lines[number] for number in given if "CHANGE" not in "".join(lines[max(0, number - 3) : number + 1])] == []


def test_the_directives_of_nginx_that_the_documentation_names_are_in_the_file():
    text = (FOLDER.parents[1] / "docs" / "operations.md").read_text()
    table = text[
        text.index("`server/deployment/photoz.nginx.conf` is a complete") : text.index("What the server does itself")
    ]
    named = re.findall(r"`([a-z_]+ \w+)`", table)
    assert len(named) >= 3
    lines = {line.strip() for line in (FOLDER / "photoz.nginx.conf").read_text().splitlines()}
    assert [each for each in named if f"{each};" not in lines] == []


def test_each_alarm_is_in_the_documentation():
    text = (FOLDER.parents[1] / "docs" / "operations.md").read_text()
    rules = yaml.safe_load((FOLDER / "prometheus-rules.yaml").read_text())
    assert [rule["alert"] for group in rules["groups"] for rule in group["rules"] if rule["alert"] not in text] == []
