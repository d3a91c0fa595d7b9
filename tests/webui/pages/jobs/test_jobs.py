"""My jobs: those of all kinds in one list, each person's own; administrators see and end all."""

import secrets
from datetime import timedelta

import httpx2
import pytest
from lxml import html

from core.database import utc_now
from server.services import Services
from tests.webui.pages.conftest import Publish, SignIn
from uws import Phase
from uws.schema import JobLogRow, JobRow


@pytest.fixture
def add_job(services: Services):
    """Stores a job as a worker would leave it."""

    def added(
        kind: str, owner: str | None = "alice", phase: Phase = Phase.COMPLETED, minutes: int = 0, **values
    ) -> str:
        created = utc_now() - timedelta(minutes=minutes)
        row = JobRow(
            id=secrets.token_hex(16), kind=kind, owner=owner, phase=phase.value, created=created,
            **{"parameters": {}, "results": [], "execution_duration": 60, **values},
        )  # fmt: skip
        with services.database.write() as session:
            session.add(row)
            session.flush()
            session.add(JobLogRow(job_id=row.id, time=created, text=f"line of {kind}"))
            return row.id

    return added


def _listed(page: httpx2.Response) -> list[str]:
    assert page.status_code == 200
    return [
        address.rpartition("/")[2] for address in html.document_fromstring(page.text).xpath("//tbody/tr/th/a/@href")
    ]


def test_jobs_of_all_kinds_are_listed_newest_first(alice: httpx2.Client, services: Services, add_job):
    ids = [add_job(kind, minutes=place) for place, kind in enumerate(services.jobs.kinds)]
    assert len(ids) >= 9
    page = alice.get("/jobs")
    assert _listed(page) == ids
    cells = html.document_fromstring(page.text).xpath("//tbody/tr/td[1]/text()")
    assert {"TAP query", "Inspection of an upload", "Load of a user table", "Combine Redshift Catalogs"} <= set(cells)
    assert _listed(alice.get("/jobs?kind=tap")) == [ids[list(services.jobs.kinds).index("tap")]]


def test_filters_and_pages_are_in_the_address(alice: httpx2.Client, add_job):
    running = add_job("tap", phase=Phase.EXECUTING, progress=0.25, message="Half of the half", minutes=90)
    failed = add_job("inspect", phase=Phase.ERROR, error="Not a table.", minutes=91)
    archived = add_job("tap", phase=Phase.ARCHIVED, minutes=92)
    done = [add_job("tap", minutes=place) for place in range(60)]
    page = alice.get("/jobs?state=running")
    assert _listed(page) == [running]
    assert html.document_fromstring(page.text).xpath("//progress/@value") == ["25"]
    assert "Half of the half" in page.text
    assert _listed(alice.get("/jobs?state=failed")) == [failed]
    assert _listed(alice.get("/jobs?state=archived")) == [archived]
    assert _listed(alice.get("/jobs")) == done[:50]
    assert _listed(alice.get("/jobs?page=2")) == [*done[50:], running, failed]
    assert alice.get("/jobs?page=2&state=completed").text.count("Page 2 of 2") == 1
    for wrong in ("kind=x", "state=lost", "page=0", "page=x", "page=99999999"):
        refused = alice.get(f"/jobs?{wrong}")
        assert refused.status_code == 400
        assert wrong.partition("=")[2] in refused.text


def test_nobody_sees_or_ends_the_job_of_another(
    visitor: httpx2.Client, alice: httpx2.Client, sign_in: SignIn, services: Services, add_job
):
    own, other = add_job("tap"), add_job("tap", owner="bob", phase=Phase.PENDING)
    anonymous = add_job("tap", owner=None)
    assert visitor.get("/jobs").status_code == 303
    assert _listed(alice.get("/jobs")) == [own]
    assert _listed(alice.get("/jobs?owner=bob")) == [own]
    for job in (other, anonymous, "0" * 32):
        assert alice.get(f"/jobs/{job}").status_code == 404
        for act in ("abort", "delete"):
            assert alice.post(f"/jobs/{job}/{act}").status_code == 404
    assert services.jobs.find(other).phase is Phase.PENDING
    root = sign_in("root")
    assert set(_listed(root.get("/jobs"))) == {own, other, anonymous}
    assert _listed(root.get("/jobs?owner=bob")) == [other]
    assert "line of tap" in root.get(f"/jobs/{other}").text
    assert root.post(f"/jobs/{other}/abort").status_code == 303
    assert services.jobs.find(other).phase is Phase.ABORTED


def test_a_job_is_shown_aborted_and_deleted(alice: httpx2.Client, services: Services, add_job):
    text = "SELECT <b> FROM t"
    job = add_job("tap", phase=Phase.PENDING, parameters={"QUERY": text, ".scope": "write"})
    page = alice.get(f"/jobs/{job}").text
    assert "SELECT &lt;b&gt; FROM t" in page
    assert ".scope" not in page
    assert f'href="/tap/async/{job}"' in page
    assert alice.post(f"/jobs/{job}/abort").headers["location"] == f"/jobs/{job}"
    assert services.jobs.find(job).phase is Phase.ABORTED
    assert alice.post(f"/jobs/{job}/abort").status_code == 303
    assert alice.post(f"/jobs/{job}/delete").headers["location"] == "/jobs"
    assert alice.get(f"/jobs/{job}").status_code == 404


def test_the_job_of_an_upload_leads_to_its_product(alice: httpx2.Client, register: Publish):
    product = register("VVDS sample")
    (job,) = _listed(alice.get("/jobs?kind=inspect"))
    page = alice.get(f"/jobs/{job}").text
    assert f'href="/product/{product.internal_name}"' in page
    assert "VVDS sample" in page
