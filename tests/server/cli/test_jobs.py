"""``photoz jobs`` on a server whose jobs run in processes of its own; with Celery, see test_celery."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from core.auth.audit import AuditRow
from core.database import Database
from server.cli.main import app
from tests.server.cli.conftest import MakeServer
from tests.uws.conftest import SilentQueue
from uws import JobKind, JobService, Phase


@pytest.fixture
def service(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_server: MakeServer) -> JobService:
    """Jobs that wait; nothing runs them."""
    monkeypatch.setenv("PHOTOZ_DATA", str(tmp_path))
    monkeypatch.setenv("PHOTOZ_DATABASE_URL", database_url)
    make_server(tmp_path, database_url)
    database = Database(database_url)
    return JobService(database, SilentQueue([], []), {"plain": JobKind("plain", lambda _context: None)})


def test_jobs_of_everybody_are_listed_newest_first(service: JobService) -> None:
    first = service.create("plain", {}, owner="ana")
    second = service.create("plain", {}, owner=None, run=False)
    listed = json.loads(command("list", "--json"))
    assert [(job["id"], job["owner"], job["phase"]) for job in listed] == [
        (second.id, None, "PENDING"),
        (first.id, "ana", "QUEUED"),
    ]
    assert [line.split()[0] for line in command("list", "--last", "1").splitlines()] == [second.id]
    assert [line.split()[0] for line in command("list", "--phase", "QUEUED").splitlines()] == [first.id]
    assert command("list", "--kind", "other") == ""


def test_an_operator_stops_and_removes_jobs_of_others(service: JobService) -> None:
    job = service.create("plain", {"a": "b"}, owner="ana")
    waiting = service.create("plain", {}, owner="ben")
    assert command("abort", job.id) == f"Aborted {job.id}.\n"
    assert service.get(job.id, owner="ana").phase is Phase.ABORTED
    assert json.loads(command("show", job.id))["parameters"] == {"a": "b"}
    assert command("purge", "--yes") == "Removed 0 jobs.\n", "it ended only now"
    assert command("purge", "--yes", "--days", "0", "--owner", "ben") == "Removed 0 jobs.\n"
    assert command("purge", "--yes", "--days", "0") == "Removed 1 jobs.\n"
    assert [left["id"] for left in json.loads(command("list", "--json"))] == [waiting.id]
    with service._database.read() as session:
        told = session.execute(select(AuditRow.actor, AuditRow.action, AuditRow.subject, AuditRow.details)).all()
    assert [tuple(row) for row in told] == [
        ("operator", "abort job", job.id, {"job_kind": "plain", "owner": "ana"}),
        ("operator", "purge jobs", "", {"days": 0, "removed": 1}),
    ]


def command(*words: str) -> str:
    done = CliRunner().invoke(app, ["jobs", *words])
    assert done.exit_code == 0, done.output
    return done.stdout
