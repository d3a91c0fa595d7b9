"""Documents of UWS hold to the schema of UWS 1.1 and to what it asks for besides."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from tests.core.vosi.schemas import schema
from uws import Job, JobResult, Phase
from uws.handlers.documents import job_document, jobs_document, parameters_document, results_document

BASE = "http://example.org/tap/async"
NOW = datetime(2026, 7, 1, 12, 0, 0, 123456, UTC)
UWS = {"uws": "http://www.ivoa.net/xml/UWS/v1.0"}

PENDING = Job(
    id="ab" * 16,
    kind="tap",
    owner=None,
    phase=Phase.PENDING,
    run_id=None,
    parameters={},
    results=(),
    error=None,
    progress=0.0,
    message="",
    created=NOW,
    started=None,
    ended=None,
    destruction=None,
    quote=None,
    execution_duration=0,
)
COMPLETED = replace(
    PENDING,
    owner="maría <of> the & group",
    phase=Phase.COMPLETED,
    run_id="run 1",
    parameters={"QUERY": "SELECT 'a<b' & \x00\x1f\ud800", ".scope": "admin"},
    results=(JobResult("result", "results/result", "text/csv;header=present", 12), JobResult("odd name/", "x")),
    progress=1.0,
    message="12 rows",
    started=NOW,
    ended=NOW,
    destruction=NOW,
    quote=NOW,
    execution_duration=60,
)
FAILED = replace(COMPLETED, phase=Phase.ERROR, results=(), error="The \x07 query is <wrong>.")
JOBS = [PENDING, COMPLETED, FAILED, *(replace(COMPLETED, phase=phase) for phase in Phase)]


def document(job: Job) -> etree._Element:
    return etree.fromstring(job_document(job, BASE, {"QUERY"}, has_detail=True))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.phase.value)
def test_every_document_holds_to_the_schema(job: Job):
    valid = schema()
    valid.assertValid(document(job))
    valid.assertValid(etree.fromstring(parameters_document(job, {"QUERY"})))
    valid.assertValid(etree.fromstring(results_document(job, BASE)))


def test_a_list_holds_to_the_schema_and_says_its_version():
    for jobs in (JOBS, []):
        root = etree.fromstring(jobs_document(jobs, BASE))
        schema().assertValid(root)
        assert root.get("version") == "1.1"
        assert len(root) == len(jobs)


def test_times_have_milliseconds_and_z():
    root = document(COMPLETED)
    assert root.get("version") == "1.1"
    for name in ("quote", "creationTime", "startTime", "endTime", "destruction"):
        assert root.findtext(f"uws:{name}", namespaces=UWS) == "2026-07-01T12:00:00.123Z"


def test_what_is_not_known_is_nil():
    root = document(PENDING)
    for name in ("quote", "startTime", "endTime", "destruction", "ownerId"):
        assert root.find(f"uws:{name}", UWS).get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
    assert root.find("uws:jobInfo", UWS) is None


def test_only_parameters_of_clients_are_shown():
    shown = document(COMPLETED).findall("uws:parameters/uws:parameter", UWS)
    assert [(parameter.get("id"), parameter.text) for parameter in shown] == [
        ("QUERY", "SELECT 'a<b' & \ufffd\ufffd\ufffd")
    ]


def test_progress_and_errors_are_told():
    root = document(FAILED)
    assert (root.findtext("uws:jobInfo/progress", namespaces=UWS), root[-1][1].text) == ("1.0", "12 rows")
    assert root.findtext("uws:errorSummary/uws:message", namespaces=UWS) == "The \ufffd query is <wrong>."
    assert root.find("uws:errorSummary", UWS).attrib == {"type": "fatal", "hasDetail": "true"}


def test_results_are_named_by_their_address_at_the_job():
    results = document(COMPLETED).findall("uws:results/uws:result", UWS)
    link = "{http://www.w3.org/1999/xlink}href"
    assert [result.get(link) for result in results] == [
        f"{BASE}/{COMPLETED.id}/results/result",
        f"{BASE}/{COMPLETED.id}/results/odd%20name%2F",
    ]
    assert (results[0].get("mime-type"), results[0].get("size")) == ("text/csv;header=present", "12")
