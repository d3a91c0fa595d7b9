"""UWS 1.1 over HTTP: every resource of a job, for its owner and for others."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from anyio.from_thread import BlockingPortal
from lxml import etree
from sqlalchemy import update

from core.auth.models import Scope
from core.database import Database
from tests.core.vosi.schemas import schema
from tests.uws.clients import Client, JobSite
from tests.uws.conftest import SilentQueue
from uws import JobService
from uws.models import SCOPE_PARAMETER
from uws.schema import JobRow

UWS = {"uws": "http://www.ivoa.net/xml/UWS/v1.0"}
RESOURCES = ("", "/phase", "/executionduration", "/destruction", "/quote", "/owner", "/parameters", "/results", "/log")


@pytest.fixture
def tables_url(sqlite_tables_url: str) -> str:
    """One database will do: what the two do differently is tried in test_service."""
    return sqlite_tables_url


@pytest.fixture
def site(database: Database, service: JobService, portal: BlockingPortal) -> JobSite:
    """A service whose jobs are run by nobody."""
    return JobSite(database, service, "greet", portal)


@pytest.fixture
def alice(site: JobSite) -> Client:
    return site.user("alice")


def set_row(database: Database, path: str, **values: object) -> None:
    """Let a job be as if it had gone on."""
    with database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == path.rpartition("/")[2]).values(**values))


def listed(client: Client, **query: object) -> list[str]:
    answer = client.get("/jobs", **query)
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.content)
    schema().assertValid(root)
    return [f"/jobs/{job.get('id')}" for job in root]


def parameters(client: Client, path: str) -> list[tuple[str, str]]:
    root = etree.fromstring(client.get(f"{path}/parameters").content)
    return [(item.get("id"), item.text) for item in root]


def test_a_job_is_made_pending_and_answers_at_every_resource(alice: Client):
    path = alice.create(name="Vera", unknown="x", RUNID="r1")
    root = etree.fromstring(alice.get(path).content)
    schema().assertValid(root)
    texts = {name: alice.get(f"{path}/{name}").text for name in ("phase", "owner", "quote", "executionduration")}
    assert texts == {"phase": "PENDING", "owner": "alice", "quote": "", "executionduration": "3600"}
    assert root.findtext("uws:runId", namespaces=UWS) == "r1"
    assert alice.get(f"{path}/destruction").text == root.findtext("uws:destruction", namespaces=UWS)
    assert parameters(alice, path) == [("name", "Vera")]
    assert alice.get(f"{path}/phase").headers["content-type"].startswith("text/plain")
    assert alice.get(f"{path}/error").status_code == 404
    assert alice.get(f"{path}/results/result").status_code == 404


def test_names_of_parameters_are_read_in_any_case_and_repeated_ones_add_up(site: JobSite):
    nobody = site.nobody()
    path = nobody.create(NAME="Vera", Tag=["a,x", "b,y"])
    assert parameters(nobody, path) == [("name", "Vera"), ("tag", "a,x;b,y")]
    answer = nobody.post("/jobs", name=["Vera", "Cecilia"])
    assert (answer.status_code, "2 different values" in answer.text) == (400, True)


def test_phase_run_in_the_first_request_queues_the_job(alice: Client, silent_queue: SilentQueue):
    path = alice.create(name="Vera", PHASE="RUN")
    assert alice.get(f"{path}/phase").text == "QUEUED"
    assert silent_queue.submitted == [path.rpartition("/")[2]]
    assert alice.post("/jobs", PHASE="ABORT").status_code == 400


def test_a_job_is_run_aborted_and_removed(alice: Client):
    path = alice.create(name="Vera")
    assert alice.post(f"{path}/phase", PHASE="RUN").headers["location"] == f"http://testserver{path}"
    assert alice.post(f"{path}/phase", PHASE="RUN").status_code == 403
    assert alice.post(f"{path}/phase", PHASE="ABORT").status_code == 303
    assert alice.get(f"{path}/phase").text == "ABORTED"
    assert alice.post(f"{path}/phase", PHASE="COMPLETED").status_code == 400
    answer = alice.delete(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "http://testserver/jobs")
    assert alice.get(path).status_code == 404


def test_a_job_is_removed_by_action_delete(alice: Client):
    path = alice.create()
    assert alice.post(path, name="Vera").status_code == 400
    assert alice.post(path, ACTION="DELETE").status_code == 303
    assert alice.get(path).status_code == 404


def test_an_ended_job_cannot_be_aborted(alice: Client, database: Database):
    path = alice.create(PHASE="RUN")
    set_row(database, path, phase="COMPLETED")
    assert alice.post(f"{path}/phase", PHASE="ABORT").status_code == 403


def test_parameters_change_only_while_pending(alice: Client):
    path = alice.create(name="Vera")
    assert alice.post(f"{path}/parameters", name="Cecilia", runId="r2").status_code == 303
    assert parameters(alice, path) == [("name", "Cecilia")]
    assert b"<uws:runId>r2</uws:runId>" in alice.get(path).content
    alice.post(f"{path}/phase", PHASE="RUN")
    assert alice.post(f"{path}/parameters", name="Henrietta").status_code == 403
    assert parameters(alice, path) == [("name", "Cecilia")]


def test_a_new_job_takes_its_times_from_the_request(alice: Client):
    path = alice.create(name="Vera", executionduration="120", DESTRUCTION="9999-01-01T00:00:00", PHASE="RUN")
    assert alice.get(f"{path}/executionduration").text == "120"
    assert alice.get(f"{path}/destruction").text < f"{datetime.now(UTC) + timedelta(days=61):%Y-%m-%d}"
    assert alice.get(f"{path}/phase").text == "QUEUED"
    assert alice.post("/jobs", name="Vera", EXECUTIONDURATION="long").status_code == 400
    assert listed(alice) == [path]


def test_duration_and_destruction_are_set_up_to_the_limits(alice: Client):
    path = alice.create()
    assert alice.post(f"{path}/executionduration", EXECUTIONDURATION="120").status_code == 303
    assert alice.get(f"{path}/executionduration").text == "120"
    alice.post(f"{path}/executionduration", EXECUTIONDURATION="0")
    assert alice.get(f"{path}/executionduration").text == str(24 * 3600)
    soon = datetime.now(UTC) + timedelta(days=3)
    alice.post(f"{path}/destruction", DESTRUCTION=soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))  # as pyvo sends it
    assert alice.get(f"{path}/destruction").text == soon.strftime("%Y-%m-%dT%H:%M:%S.") + f"{soon:%f}"[:3] + "Z"
    alice.post(f"{path}/destruction", DESTRUCTION="9999-01-01T00:00:00")
    assert alice.get(f"{path}/destruction").text < f"{datetime.now(UTC) + timedelta(days=61):%Y-%m-%d}"


@pytest.mark.parametrize(
    ("method", "resource", "values"),
    [
        ("post", "/executionduration", {"EXECUTIONDURATION": "long"}),
        ("post", "/executionduration", {"EXECUTIONDURATION": "9" * 5000}),
        ("post", "/executionduration", {"EXECUTIONDURATION": "-5"}),
        ("post", "/executionduration", {}),
        ("post", "/destruction", {"DESTRUCTION": "tomorrow"}),
        ("post", "/destruction", {"DESTRUCTION": "0001-01-01T00:00:00+14:00"}),
        ("post", "/phase", {}),
        ("get", "", {"WAIT": "a while"}),
        ("get", "", {"WAIT": "1", "PHASE": "SLEEPING"}),
    ],
)
def test_values_that_cannot_be_read_are_refused_in_a_sentence(alice: Client, method: str, resource: str, values: dict):
    answer = getattr(alice, method)(alice.create() + resource, **values)
    assert (answer.status_code, answer.text[-1]) == (400, ".")


def test_a_list_is_filtered_by_phase_time_and_number(alice: Client, database: Database):
    paths = [alice.create() for _ in range(4)]
    start = datetime(2026, 7, 1, tzinfo=UTC)
    for hour, path in enumerate(paths):
        set_row(database, path, created=start + timedelta(hours=hour))
    set_row(database, paths[0], phase="COMPLETED")
    set_row(database, paths[1], phase="ERROR")
    set_row(database, paths[3], phase="ARCHIVED")
    assert listed(alice) == paths[:3]
    assert listed(alice, PHASE=["COMPLETED", "ERROR"]) == paths[:2]
    assert listed(alice, phase="ARCHIVED") == [paths[3]]
    assert listed(alice, AFTER="2026-07-01T00:30:00Z") == paths[1:3]
    assert listed(alice, LAST=2) == [paths[2], paths[1]]
    assert listed(alice, PHASE="PENDING", AFTER="2026-07-01T01:00:00", LAST=10) == [paths[2]]
    for wrong in ({"PHASE": "SLEEPING"}, {"AFTER": "noon"}, {"LAST": "0"}, {"LAST": "-1"}):
        assert alice.get("/jobs", **wrong).status_code == 400


def test_a_job_of_another_is_answered_as_one_that_never_was(site: JobSite, alice: Client, database: Database):
    path, unknown = alice.create(name="Vera"), "/jobs/" + "0" * 32
    set_row(database, path, error="It broke.", results=[{"id": "result", "href": "x", "mime_type": None, "size": 1}])
    for other in (site.user("bob"), site.user("root", Scope.ADMIN, is_admin=True), site.nobody()):
        for resource in (*RESOURCES, "/error", "/events", "/results/result", "?WAIT=5"):
            theirs, none = other.get(path + resource), other.get(unknown + resource)
            assert (theirs.status_code, none.status_code) == (404, 404)
            assert theirs.text.replace(path[6:], "") == none.text.replace(unknown[6:], "")
        assert other.post(f"{path}/phase", PHASE="RUN").status_code == 404
        assert other.post(f"{path}/phase", PHASE="ABORT").status_code == 404
        assert other.post(f"{path}/parameters", name="Eve").status_code == 404
        assert other.post(f"{path}/executionduration", EXECUTIONDURATION="1").status_code == 404
        assert other.post(f"{path}/destruction", DESTRUCTION="2026-01-01T00:00:00Z").status_code == 404
        assert other.post(path, ACTION="DELETE").status_code == 404
        assert other.delete(path).status_code == 404
        assert listed(other) == []
        assert listed(other, LAST=10) == []
    assert (alice.get(f"{path}/phase").text, parameters(alice, path)) == ("PENDING", [("name", "Vera")])


def test_a_job_of_nobody_is_open_to_who_knows_its_id_and_in_no_list(site: JobSite, alice: Client):
    path = site.nobody().create(name="Vera")
    assert site.nobody().get(f"{path}/owner").text == ""
    assert alice.get(path).status_code == 200
    assert listed(site.nobody()) == listed(alice) == []


def test_a_job_of_another_kind_is_not_there(alice: Client, service: JobService):
    job = service.create("nothing", {}, owner="alice", run=False)
    assert alice.get(f"/jobs/{job.id}").status_code == 404
    assert listed(alice) == []


@pytest.mark.parametrize("odd", ["%00", "..%2f..", "é", "x" * 5000, "%27%20OR%201=1"])
def test_odd_ids_are_unknown(alice: Client, odd: str):
    assert alice.get(f"/jobs/{odd}").status_code == 404


def test_the_scope_of_a_job_shrinks_to_that_of_whoever_sets_it_up(site: JobSite, service: JobService):
    admin, reader = site.user("root", Scope.ADMIN, is_admin=True), site.user("root", Scope.READ)

    def scope(path: str) -> str:
        return service.get(path.rpartition("/")[2], owner="root").parameters[SCOPE_PARAMETER]

    asked, run, changed = (admin.create(name="Vera", **{SCOPE_PARAMETER: "admin"}) for _ in range(3))
    assert scope(asked) == "admin"
    reader.post(f"{run}/phase", PHASE="RUN")
    reader.post(f"{changed}/parameters", name="Cecilia", **{SCOPE_PARAMETER: "admin"})
    admin.post(f"{changed}/parameters", name="Henrietta")
    assert (scope(run), scope(changed)) == ("read", "read")
    assert scope(reader.create(**{SCOPE_PARAMETER: "admin"})) == "read"


def test_an_archived_job_is_known_without_its_results_until_its_owner_deletes_it(
    alice: Client, database: Database, service: JobService
):
    path = alice.create(name="Vera")
    kept = [{"id": "result", "href": "x", "mime_type": None, "size": 1}]
    set_row(database, path, phase="COMPLETED", results=kept, destruction=datetime.now(UTC))
    assert alice.get(f"{path}/results/result").status_code == 200
    service.sweep()
    root = etree.fromstring(alice.get(path, WAIT=-1).content)
    schema().assertValid(root)
    assert (root.findtext("uws:phase", namespaces=UWS), len(root.find("uws:results", UWS))) == ("ARCHIVED", 0)
    assert (parameters(alice, path), alice.get(f"{path}/results/result").status_code) == ([("name", "Vera")], 404)
    assert (listed(alice), listed(alice, PHASE="ARCHIVED")) == ([], [path])
    for part, sent in (("phase", {"PHASE": "RUN"}), ("phase", {"PHASE": "ABORT"}), ("parameters", {"name": "Eve"})):
        assert alice.post(f"{path}/{part}", **sent).status_code == 403
    assert alice.post(f"{path}/destruction", DESTRUCTION="2040-01-01T00:00:00Z").status_code == 403
    assert alice.delete(path).status_code == 303
    assert (alice.get(path).status_code, listed(alice, PHASE="ARCHIVED")) == (404, [])


def test_a_wait_returns_at_once_when_there_is_nothing_to_wait_for(alice: Client, database: Database):
    path = alice.create()
    assert alice.get(path, WAIT=30, PHASE="EXECUTING").status_code == 200
    assert alice.get(path, WAIT=0).status_code == 200
    for phase in ("COMPLETED", "ERROR", "ABORTED", "HELD"):
        set_row(database, path, phase=phase)
        assert alice.get(path, WAIT=-1).status_code == 200


def test_events_of_an_ended_job_are_one(alice: Client, database: Database):
    path = alice.create()
    set_row(database, path, phase="ERROR", error="It broke.", progress=0.5, message="half")
    answer = alice.get(f"{path}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    data = answer.text.removeprefix("event: job\ndata: ").removesuffix("\n\n")
    assert json.loads(data) == {"phase": "ERROR", "progress": 0.5, "message": "half", "error": "It broke."}
