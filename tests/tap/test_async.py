"""Asynchronous queries over HTTP, sent by pyvo, STILTS and plain requests."""

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import pyvo
import requests
from astropy.io.votable import parse, parse_single_table
from lxml import etree
from pzserver.sessions import TidySession

from core.auth.models import Scope
from tests.core.vosi.schemas import schema
from tests.support.accounts import new_account
from tests.support.processes import ending_within, is_query_process, processor_seconds
from tests.support.tools import Stilts
from tests.tap.small_site import SmallSite, small_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    with small_site(tmp_path_factory.mktemp("async")) as running:
        yield running


@pytest.fixture(scope="module")
def nobody() -> Iterator[requests.Session]:
    """Somebody without credentials."""
    with TidySession() as session:
        yield session


@pytest.fixture(scope="module")
def maria(site: SmallSite) -> Iterator[requests.Session]:
    """Another user."""
    with TidySession() as session:
        session.headers["Authorization"] = f"Bearer {new_account(site.server, 'maria', scope=Scope.READ)}"
        yield session


@pytest.fixture(scope="module")
def owner(site: SmallSite) -> Iterator[requests.Session]:
    """The user who published everything."""
    with TidySession() as session:
        session.headers["Authorization"] = f"Bearer {site.owner.token}"
        yield session


def tap(site: SmallSite, session: requests.Session) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(site.url("tap"), session=session)


def submit(site: SmallSite, session: requests.Session, query: str, **form: str) -> str:
    """Send a query that runs at once, and give the address of its job."""
    form = {"LANG": "ADQL", "QUERY": query, "PHASE": "RUN", **form}
    answer = session.post(site.url("tap/async"), data=form, allow_redirects=False, timeout=60)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def ended(session: requests.Session, job: str) -> str:
    """Wait until a job has ended, and give its phase."""
    for phase in ("QUEUED", "EXECUTING"):
        assert session.get(job, params={"WAIT": "45", "PHASE": phase}, timeout=60).status_code == 200
    return session.get(f"{job}/phase", timeout=60).text


def endless(site: SmallSite) -> str:
    """Write a query over 10^13 pairs of pairs."""
    n = site.numbered
    return f"SELECT COUNT(*) FROM {n} a, {n} b, {n} c, {n} d WHERE a.zspec*b.zspec*c.zspec*d.zspec <> 1"


def query_processes(site: SmallSite) -> dict[psutil.Process, float]:
    """Give the seconds that each query process has computed."""
    children = site.server.process.children(recursive=True)
    return {child: processor_seconds(child) for child in children if is_query_process(child)}


def test_pyvo_runs_a_query_and_gets_the_rows_of_the_synchronous_one(site: SmallSite, maria: requests.Session):
    query = f"SELECT * FROM {site.numbered} WHERE zspec < 0.5"
    result, expected = tap(site, maria).run_async(query), tap(site, maria).run_sync(query)
    assert len(expected) > 500
    table, other = result.to_table(), expected.to_table()
    table.sort("num")
    other.sort("num")
    assert (table == other).all()
    assert [field.ucd for field in result.fielddescs] == [field.ucd for field in expected.fielddescs]


def test_a_job_of_pyvo_lives_from_pending_to_its_removal(site: SmallSite, maria: requests.Session):
    job = tap(site, maria).submit_job(f"SELECT TOP 3 num FROM {site.numbered}", maxrec=2)
    assert (job.phase, job.owner, job.execution_duration.to_value("s")) == ("PENDING", "maria", 3600)
    job.execution_duration = 100
    job.query = f"SELECT TOP 3 num, note FROM {site.numbered}"
    job.destruction = datetime.now(UTC) + timedelta(days=2)
    job.run().wait(phases=["COMPLETED"], timeout=60)
    assert job.execution_duration.to_value("s") == 100
    address = job.url
    assert job.result_uri == f"{address}/results/result"
    result = job.fetch_result()
    assert (result.fieldnames, len(result), result.query_status) == (("num", "note"), 2, "OVERFLOW")
    job.delete()
    assert maria.get(address, timeout=60).status_code == 404


def test_jobs_are_listed_for_their_owner_alone(
    site: SmallSite, maria: requests.Session, owner: requests.Session, nobody: requests.Session
):
    mine = tap(site, maria).submit_job(f"SELECT TOP 1 num FROM {site.numbered}")
    theirs = tap(site, owner).submit_job(f"SELECT TOP 1 num FROM {site.numbered}")
    nobodys = tap(site, nobody).submit_job(f"SELECT TOP 1 num FROM {site.numbered}")
    listed = {job.jobid for job in tap(site, maria).get_job_list(phases=["PENDING"])}
    assert mine.job_id in listed
    newest = tap(site, maria).get_job_list(last=1)
    assert [job.jobid for job in newest] == [mine.job_id]
    assert tap(site, maria).get_job_list(after=newest[0].creationtime.datetime + timedelta(seconds=1)) == []
    assert not {theirs.job_id, nobodys.job_id} & listed
    assert tap(site, nobody).get_job_list() == []
    for job in (mine.url, f"{mine.url}/phase", f"{mine.url}/parameters", f"{mine.url}/results"):
        assert owner.get(job, timeout=60).status_code == 404
        assert nobody.get(job, timeout=60).status_code == 404
    assert nobody.get(nobodys.url, timeout=60).status_code == 200


def test_the_steps_of_topcat_one_by_one(site: SmallSite, maria: requests.Session):
    form = {"REQUEST": "doQuery", "LANG": "ADQL-2.0", "query": f"SELECT num FROM {site.numbered} WHERE num < 9"}
    made = maria.post(site.url("tap/async"), data=form, allow_redirects=False, timeout=60)
    job = made.headers["Location"]
    assert maria.get(f"{job}/phase", timeout=60).text == "PENDING"
    started = maria.post(f"{job}/phase", data={"PHASE": "RUN"}, allow_redirects=False, timeout=60)
    assert (started.status_code, started.headers["Location"]) == (303, job)
    assert ended(maria, job) == "COMPLETED"
    answer = maria.get(f"{job}/results/result", timeout=60)
    table = parse_single_table(io.BytesIO(answer.content), verify="exception").to_table()
    assert sorted(table["num"]) == list(range(9))
    removed = maria.delete(job, allow_redirects=False, timeout=60)
    assert (removed.status_code, removed.headers["Location"]) == (303, site.url("tap/async"))


def test_a_result_has_the_format_asked_for_and_answers_ranges(site: SmallSite, maria: requests.Session):
    job = submit(site, maria, f"SELECT num FROM {site.numbered} WHERE num < 3 ORDER BY num", FORMAT="csv")
    assert ended(maria, job) == "COMPLETED"
    whole = maria.get(f"{job}/results/result", timeout=60)
    assert whole.headers["Content-Type"].startswith("text/csv;header=present")
    assert whole.text == "num\r\n0\r\n1\r\n2\r\n"
    part = maria.get(f"{job}/results/result", headers={"Range": "bytes=5-5"}, timeout=60)
    assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, "0", "bytes 5-5/14")
    head = maria.head(f"{job}/results/result", timeout=60)
    assert (head.status_code, head.headers["Content-Length"]) == (200, "14")
    assert 'size="14"' in maria.get(job, timeout=60).text


def test_the_file_of_a_result_goes_with_its_job(site: SmallSite, maria: requests.Session):
    job = submit(site, maria, f"SELECT num FROM {site.numbered}")
    assert ended(maria, job) == "COMPLETED"
    folder = site.server.data / "results" / job.rpartition("/")[2]
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o444}
    maria.delete(job, allow_redirects=False, timeout=60)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"QUERY": "SELECT nothing FROM tap_schema.tables"}, "Unknown column nothing at line 1, column 8."),
        ({"QUERY": ""}, "The parameter QUERY is missing"),
        ({"LANG": "OOBLECK"}, "LANG=OOBLECK is not available"),
        ({"RESPONSEFORMAT": "papyrus"}, "'papyrus'"),
        ({"MAXREC": "many"}, "MAXREC=many"),
        (
            {"QUERY": "SELECT (SELECT table_name FROM tap_schema.tables) AS n FROM tap_schema.tables"},
            "The query failed on its rows",
        ),
    ],
)
def test_what_is_wrong_is_said_when_the_job_runs_as_a_votable(
    site: SmallSite, nobody: requests.Session, form: dict, sentence: str
):
    job = submit(site, nobody, **{"query": "SELECT * FROM tap_schema.tables", **form_as_words(form)})
    assert ended(nobody, job) == "ERROR"
    answer = nobody.get(f"{job}/error", timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/x-votable+xml")
    info = parse(io.BytesIO(answer.content)).resources[0].infos[0]
    assert (info.name, info.value) == ("QUERY_STATUS", "ERROR")
    assert sentence in info.content
    assert nobody.get(f"{job}/results/result", timeout=60).status_code == 404


def form_as_words(form: dict[str, str]) -> dict[str, str]:
    return {"query" if name == "QUERY" else name: value for name, value in form.items()}


def test_a_query_that_takes_too_long_ends_in_error_and_says_so(site: SmallSite, maria: requests.Session):
    job = tap(site, maria).submit_job(endless(site))
    job.execution_duration = 10  # of which a fifth is left to tell the end before the job itself is stopped
    job.run()
    assert ended(maria, job.url) == "ERROR"
    assert "longer than the 10 s of its job" in maria.get(f"{job.url}/error", timeout=60).text


def test_abort_stops_the_work_within_two_seconds(site: SmallSite, maria: requests.Session):
    before = query_processes(site)
    job = submit(site, maria, endless(site))
    deadline = time.monotonic() + 60
    while not (busy := [each for each, used in query_processes(site).items() if used - before.get(each, 0) > 1.0]):
        assert time.monotonic() < deadline, "the query did not begin to compute"
        maria.get(job, params={"WAIT": "1"}, timeout=60)
    with ending_within(busy, 2):
        maria.post(f"{job}/phase", data={"PHASE": "ABORT"}, timeout=60)
    assert maria.get(f"{job}/phase", timeout=60).text == "ABORTED"


def test_a_job_reads_what_its_owner_may_read(
    site: SmallSite, maria: requests.Session, owner: requests.Session, nobody: requests.Session
):
    query = f"SELECT COUNT(*) AS n FROM {site.private}"
    assert tap(site, owner).run_async(query)[0]["n"] == 40
    job = submit(site, maria, query)
    assert ended(maria, job) == "ERROR"
    assert "Unknown table" in maria.get(f"{job}/error", timeout=60).text
    sent = {"LANG": "ADQL", "QUERY": query, "PHASE": "RUN"}
    refused = nobody.post(site.url("tap/async"), data=sent, timeout=60)  # the table may exist for a user
    assert (refused.status_code, "Unknown table" in refused.text) == (401, True)


def test_a_result_is_closed_with_its_tables(site: SmallSite, maria: requests.Session, tmp_path: Path):
    path = tmp_path / "shared.csv"
    path.write_text("RA,DEC,z\n" + "".join(f"{i},{i - 20},{i / 50}\n" for i in range(40)))
    product = site.owner.publish("Shared for a while", "redshift_catalog", path, {"RA": "ra", "DEC": "dec", "z": "z"})
    job = submit(site, maria, f"SELECT COUNT(*) AS n FROM {product['tap_table']}")
    assert ended(maria, job) == "COMPLETED"
    assert maria.get(f"{job}/results/result", timeout=60).status_code == 200
    site.owner.json("PATCH", f"products/{product['id']}/", json={"visibility": "private"})
    assert maria.get(f"{job}/results/result", timeout=60).status_code == 403


def test_documents_of_jobs_in_every_phase_hold_to_the_schema(site: SmallSite, maria: requests.Session):
    def phase(address: str) -> str:
        root = etree.fromstring(maria.get(address, timeout=60).content)
        schema().assertValid(root)
        return root.findtext("{*}phase") or root.tag

    pending = tap(site, maria).submit_job(f"SELECT TOP 1 num FROM {site.numbered}").url
    done, wrong, endless_one = (
        submit(site, maria, query) for query in (f"SELECT num FROM {site.numbered}", "SELECT x", endless(site))
    )
    assert [ended(maria, job) for job in (done, wrong)] == ["COMPLETED", "ERROR"]
    maria.get(endless_one, params={"WAIT": "45", "PHASE": "QUEUED"}, timeout=60)
    assert [phase(job) for job in (pending, done, wrong, endless_one)] == ["PENDING", "COMPLETED", "ERROR", "EXECUTING"]
    maria.post(f"{endless_one}/phase", data={"PHASE": "ABORT"}, timeout=60)
    assert phase(endless_one) == "ABORTED"
    for address in (site.url("tap/async"), f"{done}/results", f"{done}/parameters"):
        assert phase(address).startswith("{http://www.ivoa.net/xml/UWS/v1.0}")


def test_taplint_finds_nothing_wrong(site: SmallSite, stilts: Stilts):
    stages = "CPV CAP QGE QAS UWS MDQ"
    report = stilts("taplint", f"tapurl={site.url('tap')}", f"stages={stages}", "maxtable=8")
    assert "Errors: 0; Warnings: 0;" in report, report
