"""Files of submissions: they are checked by a job, and count for the storage quota of their authors."""

import html
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, update

from core.auth.schema import UserRow
from pipelines.challenges.models import SubmittedMethod
from pipelines.challenges.schema import DistributionsRow
from pipelines.challenges.stored_files import submitted_bytes
from pipelines.challenges.submissions import NewSubmission
from tests.pipelines.challenges.samples import submission_file
from tests.webui.api.challenges.conftest import Arena, shifted
from tests.webui.api.challenges.held_jobs import HeldJobs, submissions_with

pytestmark = [pytest.mark.slow, pytest.mark.either_database(whole_file=True)]


@pytest.fixture(autouse=True)
def ended(arena: Arena) -> Iterator[None]:
    yield
    arena.end()


def _set_quota(arena: Arena, name: str, more: int | None) -> int:
    """Give a user a quota of so many bytes more than are used, or none; return what is used."""
    services = arena.app.services
    with services.database.write() as session:
        user_id = services.accounts.service.identity_of_user(name).user_id
        assert user_id is not None
        used = services.products.quota.usage(session, user_id).used
        quota = None if more is None else used + more
        session.execute(update(UserRow).where(UserRow.id == user_id).values(quota_bytes=quota))
    return used


def test_a_submission_counts_until_it_is_withdrawn(arena: Arena):
    name = arena.make("quotas")
    before = _set_quota(arena, "carol", 1000)
    refused = arena.send("carol", name)
    assert refused.status_code == 413, refused.text
    assert "The quota has no space" in refused.text
    assert _set_quota(arena, "carol", None) == before
    made = arena.send("carol", name, shifted(0.05))
    assert made.status_code == 201, made.text
    number, size = made.json()["id"], made.json()["size"]
    assert _set_quota(arena, "carol", None) == before + size
    arena.scored("carol", name, number)
    arena.json("carol", "POST", f"/{name}/submissions/{number}/withdraw/")
    assert _set_quota(arena, "carol", None) == before
    with arena.app.services.database.read() as session:
        user_id = arena.app.services.accounts.service.identity_of_user("carol").user_id
        assert user_id is not None
        assert submitted_bytes(session, user_id) == 0


def test_checks_are_made_by_the_job_and_a_rejected_file_is_removed(arena: Arena):
    """The answer comes before the file is read; what is rejected counts towards no limit, and may be sent again."""
    name = arena.make("checked", limits={"per_day": 1})
    alice = arena.app.services.accounts.service.identity_of_user("alice")
    jobs = HeldJobs(arena.app.services.jobs)
    submissions, new = submissions_with(arena, jobs), NewSubmission("recipe", SubmittedMethod("A method"))
    with submissions.stage(alice, name, "recipe") as staging:
        staging.write(b"no table at all")
        stored = staging.finish()
    made = submissions.submit_file(alice, name, new, "estimates.hdf5", stored)
    assert (made.state, [check.name for check in made.checks]) == ("checking", ["file"])
    assert stored.id in set(arena.app.services.store.ids())
    page = arena.ask("alice", "GET", f"/challenges/{name}/submissions/{made.id}").text
    assert "checks are being made" in page
    assert 'http-equiv="refresh"' in page
    assert arena.send("alice", name).status_code == 429  # while it is checked, it counts
    arena.app.services.jobs.run(jobs.created[0], owner="alice")
    rejected = arena.scored("alice", name, made.id)
    assert (rejected["state"], [check["passed"] for check in rejected["checks"]]) == ("rejected", [True] + [False] * 5)
    assert arena.app.services.jobs.wait(jobs.created[0], owner="alice", seconds=60).phase == "COMPLETED"
    assert stored.id not in set(arena.app.services.store.ids())
    assert rejected["checks"][1]["sentence"] in html.unescape(
        arena.ask("alice", "GET", f"/challenges/{name}/submissions/{made.id}").text
    )
    assert arena.ask("olga", "POST", f"/api/challenges/{name}/submissions/{made.id}/score/").status_code == 409
    again = arena.send("alice", name)
    assert (again.status_code, arena.scored("alice", name, again.json()["id"])["state"]) == (201, "scored")


def test_a_submission_that_was_stopped_before_its_checks_is_checked_when_it_is_scored_again(arena: Arena):
    name = arena.make("stopped")
    olga, alice = map(arena.app.services.accounts.service.identity_of_user, ("olga", "alice"))
    jobs = HeldJobs(arena.app.services.jobs)
    submissions, new = submissions_with(arena, jobs), NewSubmission("recipe", SubmittedMethod("A method"))
    with submissions.stage(alice, name, "recipe") as staging:
        staging.write(submission_file(arena.folder).read_bytes())
        stored = staging.finish()
    number = submissions.submit_file(alice, name, new, "estimates.hdf5", stored).id
    arena.app.services.jobs.abort(jobs.created[0], owner="alice")
    assert arena.scored("alice", name, number)["state"] == "failed"
    assert submissions.score_again(olga, name, number).state == "checking"
    arena.app.services.jobs.run(jobs.created[1], owner="olga")
    found = arena.scored("alice", name, number)
    assert (found["state"], len(found["checks"])) == ("scored", 6)

    # Scored by a version that put nothing into bins, it has no distributions until it is scored again.
    figure = f"/api/challenges/{name}/board/?format=svg&figure=redshifts-{number}"
    drawn = arena.ask("olga", "GET", figure).content
    with arena.app.services.database.write() as session:
        session.execute(delete(DistributionsRow).where(DistributionsRow.submission_id == number))
    assert arena.ask("olga", "GET", figure).status_code == 404
    assert "figure=pit" not in arena.ask("olga", "GET", f"/challenges/{name}/submissions/{number}").text
    arena.json("olga", "POST", f"/{name}/submissions/{number}/score/")
    assert arena.scored("alice", name, number)["state"] == "scored"
    assert arena.ask("olga", "GET", figure).content == drawn
    assert "figure=pit" in arena.ask("olga", "GET", f"/challenges/{name}/submissions/{number}").text
