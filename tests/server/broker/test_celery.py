"""The real server with Celery as its queue, and the commands that look after its jobs."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests
from typer.testing import CliRunner, Result

from server.cli.main import app
from tests.server.api import Api
from tests.server.test_whole_path import MEANINGS, SMALL
from tests.support.postgres import PostgresServer
from tests.support.processes import command_as, command_of, ending_within, is_query_process, processor_seconds, start
from tests.support.redis import RedisServer, redis_server
from tests.support.server import RunningServer, photoz_command, running_server, warm_starter
from tests.support.waiting import wait_for
from tests.support.warm_start import WarmCommand

pytestmark = pytest.mark.slow

SECONDS = 60
RULES_OF_ANOTHER_SURVEY = """
translation_rules:
  2DFGRS:
    z_flag_translation: {1: 1, 2: 2, 3: 3, 4: 4}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A server with Celery as its queue, and its broker; who wants workers starts them."""

    server: RunningServer
    broker: RedisServer
    env: dict[str, str]
    api: Api

    @contextmanager
    def worker(self, *, anew: bool = False) -> Iterator[subprocess.Popen[bytes] | WarmCommand]:
        """Run ``photoz worker``, forked or as it is installed, and stop it as an operator does."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PHOTOZ_")}
        env = kept | self.env | {"PHOTOZ_DATA": str(self.server.data)}
        log = self.server.data.parent / "worker.log"
        process: subprocess.Popen[bytes] | WarmCommand
        if anew:
            process = start(command_as(None, [photoz_command(), "worker"]), log=log, env=env)
        else:
            process = warm_starter().start(["worker"], env=env, output=log)
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0, log.read_text(errors="replace")
        finally:
            process.kill()
            process.wait()

    def invoke(self, *words: str, **env: str) -> Result:
        """Run a command in this process, which spares the imports."""
        return CliRunner().invoke(app, words, env={**self.env, "PHOTOZ_DATA": str(self.server.data), **env})

    def command(self, *words: str) -> str:
        """Give what a command prints that must succeed."""
        done = self.invoke(*words)
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture(scope="module")
def site(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    data = tmp_path_factory.mktemp("celery") / "data"
    with redis_server(binary) as broker, postgres.new_database() as url:
        env = {
            "PHOTOZ_DATABASE_URL": url,
            "PHOTOZ_JOB_QUEUE": "celery",
            "PHOTOZ_REDIS_URL": broker.url,
            "PHOTOZ_JOB_WORKERS": "1",
        }
        with running_server(data, env=env) as server:
            assert server.account is not None
            yield Site(server, broker, env, Api(server.base_url, server.account.token))


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_an_upload_that_redis_forgot_is_inspected_by_a_worker_and_published(site: Site, catalogue: Path) -> None:
    product = site.api.upload("Through Celery", "redshift_catalog", catalogue)
    site.api.json("POST", f"products/{product['id']}/inspect/")
    site.broker.restart()
    with site.worker(anew=True):
        deadline = time.monotonic() + 4 * SECONDS  # the worker imports all that it needs
        while (found := site.api.json("GET", f"products/{product['id']}/inspection/?wait=5"))["state"] != "done":
            assert time.monotonic() < deadline, f"no sweep sent the job again: {found}"
        site.api.json("PUT", f"products/{product['id']}/columns/", json=MEANINGS)
        assert site.api.json("POST", f"products/{product['id']}/publish/")["status"] == 1
        assert broker_of(site.invoke("doctor", "--json").stdout)["ok"]
    assert found["found"]["rows"] == 100
    assert [p for p in site.server.process.children(recursive=True) if "uws.execution.worker" in command_of(p)] == []


def test_abort_stops_a_query_on_a_worker_within_two_seconds(site: Site) -> None:
    every = ", ".join(f"tap_schema.columns {name}" for name in "abcdef")
    form = {"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) FROM {every} WHERE a.datatype <> b.datatype", "PHASE": "RUN"}
    with site.worker() as worker, requests.Session() as session:
        made = session.post(f"{site.server.base_url}/tap/async", data=form, allow_redirects=False, timeout=SECONDS)
        job, deadline = made.headers["Location"], time.monotonic() + SECONDS
        while not (busy := computing(psutil.Process(worker.pid))):
            assert time.monotonic() < deadline, session.get(job, timeout=SECONDS).text
            session.get(job, params={"WAIT": "1"}, timeout=SECONDS)
        with ending_within(busy, 2):
            session.post(f"{job}/phase", data={"PHASE": "ABORT"}, timeout=SECONDS)
        assert session.get(f"{job}/phase", timeout=SECONDS).text == "ABORTED"


def computing(worker: psutil.Process) -> list[psutil.Process]:
    """Give the query processes of a worker that have worked for a second."""
    children = [child for child in worker.children(recursive=True) if is_query_process(child)]
    return [child for child in children if processor_seconds(child) > 1.0]


def test_the_doctor_tells_what_is_wrong_with_the_broker(site: Site) -> None:
    alone = site.invoke("doctor", "--json")
    assert alone.exit_code == 1
    assert "start 'photoz worker'" in broker_of(alone.stdout)["message"]
    away = site.invoke("doctor", "--json", PHOTOZ_REDIS_URL="redis://:hunter2@127.0.0.1:1/0")
    message = broker_of(away.stdout)["message"]
    assert "redis://:**@127.0.0.1:1/0 does not answer" in message
    assert "hunter2" not in message


def test_while_redis_is_away_the_server_is_not_ready(site: Site) -> None:
    def problems() -> list[str]:
        return list(requests.get(f"{site.server.base_url}/health/ready", timeout=SECONDS).json().get("problems", {}))

    def is_available() -> bool:
        return "available>true<" in requests.get(f"{site.server.base_url}/tap/availability", timeout=SECONDS).text

    site.broker.kill()
    try:
        wait_for(lambda: problems() == ["queue"], "the queue is said to answer")
        assert not is_available()
    finally:
        site.broker.start()
    wait_for(lambda: problems() == [] and is_available(), "the queue is said to be away")


def test_an_operator_looks_after_jobs(site: Site, catalogue: Path) -> None:
    product = site.api.upload("Aborted", "redshift_catalog", catalogue)
    site.api.json("POST", f"products/{product['id']}/inspect/")
    (waiting,) = json.loads(site.command("jobs", "list", "--phase", "QUEUED", "--json"))
    assert (waiting["kind"], waiting["owner"]) == ("inspect", "admin")
    assert waiting["id"] in site.command("jobs", "list")
    assert site.command("jobs", "list", "--owner", "nobody") == ""
    assert site.command("jobs", "abort", waiting["id"]).strip() == f"Aborted {waiting['id']}."
    shown = json.loads(site.command("jobs", "show", waiting["id"]))
    assert shown["phase"] == "ABORTED"
    assert shown["parameters"]["product"] == str(product["id"])
    assert site.api.json("GET", f"products/{product['id']}/inspection/")["state"] == "failed"
    assert site.command("jobs", "purge", "--days", "1", "--yes").strip() == "Removed 0 jobs."
    left = len(json.loads(site.command("jobs", "list", "--json")))
    assert site.command("jobs", "purge", "--days", "0", "--yes").strip() == f"Removed {left} jobs."
    missing = site.invoke("jobs", "show", waiting["id"])
    assert str(missing.exception) == f"There is no job '{waiting['id']}'."


def broker_of(printed: str) -> dict[str, object]:
    return next(check for check in json.loads(printed) if check["name"] == "broker")


def test_pipelines_run_on_celery_from_tables_to_a_table(site: Site, tmp_path: Path) -> None:
    redshifts, objects = tmp_path / "redshifts.csv", tmp_path / "objects.csv"
    first, *lines = SMALL.splitlines()
    redshifts.write_text("\n".join([f"{first},where", *(f"{line},VVDS" for line in lines)]), encoding="utf-8")
    objects.write_text("objectId,ra,dec\n" + "".join(f"{i},{10 + i / 100},{-5 + i / 50}\n" for i in range(100)))
    with site.worker():
        specz = site.api.publish("For the pipelines", "redshift_catalog", redshifts, {**MEANINGS, "where": "survey"})
        places = site.api.publish("Places", "object_catalog", objects, {"objectId": "id", "ra": "ra", "dec": "dec"})
        assert asked(site, f"SELECT internal_name FROM photoz.products WHERE table_name = '{specz['tap_table']}'") == [
            "internal_name", specz["internal_name"],
        ]  # fmt: skip
        combine = {"pipeline": 2, "display_name": "Celery combined", "inputs": [specz["internal_name"]]}
        train = {"pipeline": 1, "display_name": "Celery trained", "inputs": [specz["id"]], "objects": places["id"]}
        refused = combine | {"display_name": "Celery failed", "rules": RULES_OF_ANOTHER_SURVEY}
        runs = [site.api.json("POST", "processes/", json=each) for each in (combine, train, refused)]
        combined, trained, failed = (ended(site, run) for run in runs)
    assert combined["status"] == "Successful", combined["comment"]
    assert trained["status"] == "Successful", trained["comment"]
    tables = [site.api.json("GET", f"products/{run['upload']}/inspection/")["tap_table"] for run in (combined, trained)]
    assert [asked(site, f"SELECT COUNT(*) AS n FROM {table}") for table in tables] == [["n", "100"]] * 2
    most = asked(site, f"SELECT survey, MAX(z) AS z, MAX(z_flag_homogenized) AS f FROM {tables[0]} GROUP BY survey")
    assert most == ["survey,z,f", "VVDS,0.99,4"]
    # The sentence comes back from the worker.
    assert (failed["status"], "the survey 'VVDS' has no" in failed["comment"]) == ("Failed", True), failed


def asked(site: Site, query: str) -> list[str]:
    """Ask TAP, and give the lines of its answer in CSV."""
    form = {"LANG": "ADQL", "RESPONSEFORMAT": "csv", "QUERY": query}
    headers = {"Authorization": f"Bearer {site.api.token}"}
    answer = requests.post(f"{site.server.base_url}/tap/sync", data=form, headers=headers, timeout=60)
    assert answer.ok, answer.text
    return answer.text.split()


def ended(site: Site, run: dict[str, object]) -> dict[str, object]:
    """Wait until a run has ended, and give it."""
    deadline = time.monotonic() + 3 * SECONDS
    while run["status"] in {"Pending", "Running"}:
        assert time.monotonic() < deadline, run
        time.sleep(0.2)
        run = site.api.json("GET", f"processes/{run['id']}/")
    return run
