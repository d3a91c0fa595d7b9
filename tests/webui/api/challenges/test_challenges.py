"""Challenges over HTTP: an organiser, three participants and others, from the making to the publication."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import numpy as np
import pytest
import yaml
from astropy.table import Table

from core.auth.audit import AuditRow
from core.database import utc_now
from pipelines.challenges.files import ChallengeFiles
from pipelines.challenges.models import ChallengeState
from pipelines.challenges.schema import SubmissionRow
from pipelines.challenges.service import ChallengeService
from pipelines.challenges.tables import ChallengeBlock
from products.models import Visibility
from tests.pipelines.challenges.samples import definition_of, submission_file
from tests.pipelines.runs.published import publish
from tests.webui.api.challenges.conftest import Arena, shifted
from tests.webui.api.challenges.figures import look_at_the_figures
from tests.webui.api.challenges.held_jobs import HeldJobs, submissions_with
from tests.webui.api.challenges.page_forms import refuse_and_keep_fields, submit_without_file
from uws import UnknownJobError

pytestmark = [pytest.mark.slow, pytest.mark.either_database(whole_file=True)]

#: Of RAIL and qp: see `tests/pipelines/validation/test_golden.py`.
EXPECTED = {
    "cde_loss": -4.3119925, "pit_ks": 0.3673844, "bias": -1.57610e-05, "sigma_iqr": 0.0045947498,
    "sigma_mad": 0.0046489048,
}  # fmt: skip
ACTIONS = [
    "create challenge", "change challenge", "open challenge", "submit", "submit", "submit", "submit", "score again",
    "withdraw submission", "closed challenge", "published challenge",
]  # fmt: skip


@pytest.fixture(autouse=True)
def ended(arena: Arena) -> Iterator[None]:
    yield
    arena.end()


def test_a_challenge_from_its_making_to_its_publication(arena: Arena):
    _make_a_draft_whose_truth_is_hidden(arena)
    _open_it(arena)
    first, second, third = _submit_to_it(arena)
    every = _look_at_scores(arena, first, second)
    _look_at_the_board(arena, first)
    _score_again_and_withdraw(arena, first, third, every)
    _close_it(arena, first, every)
    _publish_it(arena)
    with arena.app.services.database.read() as session:
        rows = session.query(AuditRow).filter_by(kind="challenge", subject="dc").order_by(AuditRow.id)
        assert [row.action for row in rows] == ACTIONS


def test_a_challenge_takes_submissions_between_its_times(arena: Arena):
    now = utc_now()
    name = arena.make("times", opens_at=(now + timedelta(days=1)).isoformat())
    early = arena.send("alice", name)
    assert (early.status_code, "it opens at" in early.json()["detail"]) == (409, True)
    assert not arena.json("alice", "GET", f"/{name}/")["accepts_submissions"]
    times = {"opens_at": (now - timedelta(days=1)).isoformat(), "closes_at": (now - timedelta(hours=1)).isoformat()}
    late = arena.json("olga", "PATCH", f"/{name}/", json=times)
    assert late["state"] == "closed"  # by its closing time
    refused = arena.send("alice", name)
    assert (refused.status_code, "it closed at" in refused.json()["detail"]) == (409, True)
    again = arena.ask("olga", "PATCH", f"/api/challenges/{name}/", json={"state": "open"})
    assert (again.status_code, "change it first" in again.json()["detail"]) == (409, True)
    assert arena.json("olga", "PATCH", f"/{name}/", json={"closes_at": None, "state": "open"})["state"] == "open"
    assert arena.send("alice", name).status_code == 201


def test_a_file_is_submitted_once_and_within_the_limits(arena: Arena):
    name = arena.make("limited", limits={"per_day": 2, "in_all": 3, "max_bytes": 1_500_000})
    first = arena.send("alice", name).json()
    stored = len(list(arena.app.services.store.ids()))
    assert "code" in arena.send("bob", name, code="javascript:alert(1)").json()
    doubled = arena.send("alice", name)
    assert len(list(arena.app.services.store.ids())) == stored
    assert (doubled.status_code, f"as submission {first['id']}" in doubled.json()["detail"]) == (409, True)
    assert arena.send("bob", name).status_code == 201  # the same file of somebody else
    arena.json("alice", "POST", f"/{name}/submissions/{first['id']}/withdraw/")
    withdrawn = arena.ask("alice", "POST", f"/api/challenges/{name}/submissions/{first['id']}/withdraw/")
    assert withdrawn.status_code == 409
    second = arena.send("alice", name)
    assert second.status_code == 201  # a withdrawn file may be submitted again, and counts twice
    many = arena.send("alice", name, shifted(0.1))
    assert (many.status_code, "within 24 hours" in many.json()["detail"]) == (429, True)

    arena.json("olga", "PATCH", f"/{name}/", json={"limits": {"per_day": None, "in_all": 2, "max_bytes": 1_500_000}})
    assert "which is the limit" in arena.send("alice", name, shifted(0.1)).json()["detail"]
    arena.json("olga", "PATCH", f"/{name}/", json={"limits": {"max_bytes": 1000}})
    large = arena.send("carol", name, shifted(0.2))
    assert large.status_code == 413
    changed = arena.ask("olga", "PATCH", f"/api/challenges/{name}/", json={"parameters": {"bootstrap": 5}})
    assert (changed.status_code, "has submissions" in changed.json()["detail"]) == (409, True)


def test_opening_an_open_challenge_changes_nothing_and_reads_no_truth(arena: Arena):
    name = arena.make("opened")
    olga = arena.app.services.accounts.service.identity_of_user("olga")
    before = arena.app.services.pipelines.challenges.service.get(olga, name)
    without_files = ChallengeService(arena.app.services.database, cast("ChallengeFiles", None))
    assert without_files.set_state(olga, name, ChallengeState.OPEN) == before


def test_only_members_of_the_groups_take_part(arena: Arena):
    arena.ask("olga", "POST", "/api/groups/", json={"name": "pz-cooperative"})
    group = next(each for each in arena.ask("olga", "GET", "/api/groups/").json()["results"])
    arena.ask("olga", "PUT", f"/api/groups/{group['id']}/members/alice", json={})
    name = arena.make("grouped", groups=["pz-cooperative"], is_public=True)
    assert arena.json("nobody", "GET", f"/{name}/")["takes_part"] is False
    assert arena.json("nobody", "GET", f"/{name}/board/")["results"] == []
    assert arena.send("nobody", name).status_code == 401
    bob = arena.send("bob", name)
    assert (bob.status_code, "Only members of pz-cooperative" in bob.json()["detail"]) == (403, True)
    assert arena.send("alice reading", name).status_code == 403
    assert arena.send("alice", name).status_code == 201
    arena.json("olga", "PATCH", f"/{name}/", json={"is_public": False})
    assert arena.ask("bob", "GET", f"/api/challenges/{name}/").status_code == 404


def test_what_is_wrong_with_a_definition_is_named(arena: Arena):
    body = {"name": "wrong", "title": "Wrong", "tasks": [{"name": "a", "test": [arena.test.id], "truth": 10**6}]}
    missing = arena.ask("admin", "POST", "/api/challenges/", json=body)
    assert (missing.status_code, "There is no product '1000000'" in missing.text) == (400, True)
    body["tasks"] = [{"name": "a", "test": [arena.truth.id], "truth": arena.truth.id}]
    assert "the truth is hidden" in arena.ask("admin", "POST", "/api/challenges/", json=body).text
    body["tasks"] = [{"name": "a", "test": [arena.test.id], "truth": arena.truth.id, "point": 5}]
    assert "tasks.0.point" in arena.ask("admin", "POST", "/api/challenges/", json=body).json()
    name = arena.make("columns", state="draft", task={"id_column": "name"})
    opened = arena.ask("olga", "PATCH", f"/api/challenges/{name}/", json={"state": "open"})
    assert (opened.status_code, "has no column 'name'" in opened.text) == (400, True)
    assert arena.ask("admin", "POST", "/api/challenges/", json={**body, "name": "Wrong Name"}).status_code == 400
    again = arena.ask("admin", "POST", "/api/challenges/", json={
        "name": name, "title": "Again", "tasks": [{"name": "a", "test": [arena.test.id], "truth": arena.truth.id}]
    })  # fmt: skip
    assert (again.status_code, "already a challenge" in again.text) == (409, True)


def test_a_submission_whose_job_is_gone_fails_and_is_scored_again(arena: Arena):
    name = arena.make("interrupted")
    number = arena.send("alice", name).json()["id"]
    arena.scored("alice", name, number)
    submissions = arena.app.services.pipelines.challenges.submissions
    for job_id, hours, state in (("no such job", 0, "failed"), (None, 0, "queued"), (None, 1, "failed")):
        with arena.app.services.database.write() as session:
            row = session.get_one(SubmissionRow, number)
            row.state, row.job_id, row.submitted_at = "queued", job_id, utc_now() - timedelta(hours=hours)
        submissions.reconcile()
        assert arena.json("alice", "GET", f"/{name}/submissions/{number}/")["state"] == state
    assert "interrupted" in arena.json("alice", "GET", f"/{name}/submissions/{number}/")["error"]
    arena.json("olga", "POST", f"/{name}/submissions/{number}/score/")
    assert arena.scored("alice", name, number)["state"] == "scored"


def test_what_is_seen_of_a_submission_changes_while_it_is_scored_again(arena: Arena):
    name = arena.make("again")
    number = arena.send("alice", name).json()["id"]
    arena.scored("alice", name, number)
    olga = arena.app.services.accounts.service.identity_of_user("olga")

    def block() -> ChallengeBlock:
        blocks = arena.app.services.pipelines.challenges.tables.blocks(olga)
        return next(each for each in blocks if each.challenge.name == name)

    before = block()
    assert [row["state"] for row in before.rows("submissions")] == ["scored"]
    jobs = HeldJobs(arena.app.services.jobs)
    assert submissions_with(arena, jobs).score_again(olga, name, number).state == "queued"
    after = block()
    assert ([row["state"] for row in after.rows("submissions")], [*after.rows("scores")]) == (["queued"], [])
    assert after.key != before.key
    arena.app.services.jobs.delete(jobs.created[0], owner="olga")


def test_a_submission_that_is_withdrawn_while_it_is_queued_stays_withdrawn(arena: Arena):
    name = arena.make("meanwhile")
    number = arena.send("alice", name).json()["id"]
    arena.scored("alice", name, number)
    identity_of = arena.app.services.accounts.service.identity_of_user
    submissions = arena.app.services.pipelines.challenges.submissions
    jobs = HeldJobs(arena.app.services.jobs, meanwhile=lambda: submissions.withdraw(identity_of("alice"), name, number))
    again = submissions_with(arena, jobs).score_again(identity_of("olga"), name, number)
    assert (again.state, again.error) == ("withdrawn", None)
    with pytest.raises(UnknownJobError):
        arena.app.services.jobs.find(jobs.created[0])


def test_a_challenge_on_pages(arena: Arena):
    definition = yaml.safe_dump(
        {
            "organisers": ["olga"],
            **definition_of(arena.test.id, arena.truth.id, rules="*Fair*", limits={"max_bytes": 3_000_000}),
        }
    )
    wrong = arena.ask("admin", "POST", "/challenges/new", data={"name": "on-pages", "definition": "title: A\ntasks: 5"})
    assert (wrong.status_code, "tuple" in wrong.text) == (400, True)
    made = arena.ask("admin", "POST", "/challenges/new", data={"name": "on-pages", "definition": definition})
    assert (made.status_code, made.headers["location"]) == (303, "/challenges/on-pages")
    arena.made.append("on-pages")
    page = "/challenges/on-pages"
    assert "title: A challenge" in arena.ask("olga", "GET", f"{page}/edit").text
    assert (
        arena.ask("olga", "POST", f"{page}/edit", data={"definition": definition + "is_public: true\n"}).status_code
        == 303
    )
    assert [arena.ask(who, "GET", page).status_code for who in ("alice", "nobody", "olga")] == [404, 404, 200]
    assert arena.ask("olga", "POST", f"{page}/state", data={"state": "open"}).status_code == 303
    assert arena.ask("olga", "POST", f"{page}/state", data={"state": "published"}).status_code == 409
    shown = arena.ask("alice", "GET", page).text
    for words in ("<em>Fair</em>", "Submit estimates", "Organised by olga", arena.test.display_name):
        assert words in shown
    assert "Submit estimates" not in arena.ask("nobody", "GET", page).text
    empty = arena.ask("alice", "POST", f"{page}/submissions", data={"method": "BPZ"}, files={"other": b""})
    assert (empty.status_code, "alert" in empty.text) == (400, True)
    named = submit_without_file(arena, f"{page}/submissions", {"method": "BPZ", "product": "1_none"})
    assert (named.status_code, "There is no product &#39;1_none&#39;." in named.text) == (404, True)
    assert 'value="BPZ"' in named.text
    refuse_and_keep_fields(arena, f"{page}/submissions")
    sent = {
        "method": "BPZ",
        "task_set": "recipe",
        "authors": "Alice\nAl",
        "seconds": "",
        "product": "",
        "training_set": "",
    }
    content = submission_file(arena.folder).read_bytes()
    done = arena.ask("alice", "POST", f"{page}/submissions", data=sent, files={"file": ("a.hdf5", content)})
    assert done.status_code == 303, done.text
    own = done.headers["location"]
    arena.scored("alice", "on-pages", int(own.rpartition("/")[2]))
    shown = arena.ask("alice", "GET", own).text
    assert "The 399 objects are those of the test set." in shown
    assert '<th scope="col" class="num">public</th>' in shown
    assert "private</th>" not in shown
    assert "private</th>" in arena.ask("olga", "GET", own).text
    assert arena.ask("bob", "GET", own).status_code == 404
    board = arena.ask("nobody", "GET", f"{page}/board?metric=sigma_mad").text
    assert "BPZ" in board
    assert "Alice, Al" in board
    assert arena.ask("alice", "POST", f"{own}/withdraw").status_code == 303
    assert "no scores that you may see" in arena.ask("nobody", "GET", f"{page}/board").text
    assert "A challenge" in arena.ask("nobody", "GET", "/challenges").text


def _sees_truth(arena: Arena, who: str) -> bool:
    status = arena.ask(who, "GET", f"/api/products/{arena.truth.id}/main_file/").status_code
    assert status in {200, 401, 404}
    return status == 200


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _all_scores(arena: Arena, who: str, name: str, number: int) -> dict[tuple[str, str], dict[str, Any]]:
    rows = arena.json(who, "GET", f"/{name}/submissions/{number}/scores/")["results"]
    return {(row["subset"], row["metric"]): row for row in rows}


def _make_a_draft_whose_truth_is_hidden(arena: Arena) -> None:
    """It is made by an administrator, and seen by its organisers alone; from then on the truth is hidden."""
    assert _sees_truth(arena, "nobody")
    refused = arena.ask("olga", "POST", "/api/challenges/", json={"name": "mine"})
    assert (refused.status_code, "Only administrators make challenges" in refused.text) == (403, True)
    arena.make("dc", state="draft", limits={"per_day": 2, "smallest_subset": 15}, metrics=[
        {"name": "bias", "direction": "target", "tiers": [0.01, 0.025, 0.05]}, {"name": "cde_loss"},
    ])  # fmt: skip
    assert [_sees_truth(arena, who) for who in ("olga", "admin", "alice", "nobody")] == [True, True, False, False]
    assert arena.json("alice", "GET", "/dc/", status=404) == arena.json("alice", "GET", "/dc/", status=404)
    assert arena.json("alice", "GET", "/")["count"] == 0
    assert arena.json("olga", "GET", "/dc/")["tasks"][0]["truth"] == arena.truth.id
    assert "accepts no submissions" in arena.send("olga", "dc").json()["detail"]


def _open_it(arena: Arena) -> None:
    """Its organiser opens it."""
    assert arena.ask("alice", "PATCH", "/api/challenges/dc/", json={"state": "open"}).status_code == 404
    assert arena.json("olga", "PATCH", "/dc/", json={"state": "open", "rules": "# Rules"})["rules"] == "# Rules"
    assert arena.ask("alice", "PATCH", "/api/challenges/dc/", json={"state": "closed"}).status_code == 403
    seen = arena.json("alice", "GET", "/dc/")
    assert (seen["state"], seen["accepts_submissions"], seen["can_change"]) == ("open", True, False)
    assert {"truth", "parts"}.isdisjoint(seen["tasks"][0])
    assert arena.ask("nobody", "GET", "/api/challenges/dc/").status_code == 404


def _submit_to_it(arena: Arena) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A product, a file, and a file that fails two checks."""
    alice = arena.app.services.accounts.service.identity_of_user("alice")
    product = publish(
        arena.app.services, alice, "Mine", None, kind="photoz_estimates", path=submission_file(arena.folder),  # type: ignore[arg-type]
        meanings={"object_id": "id"}, visibility=Visibility.PRIVATE,
    )  # fmt: skip
    body = {"product": product.id, "method": "FlexZBoost", "authors": ["Alice", "Al"], "seconds": 12.5}
    first = arena.json("alice", "POST", "/dc/submissions/", status=201, json=body)
    assert (first["state"], first["authors"], first["product"]) == ("checking", ["Alice", "Al"], product.id)
    assert [check["name"] for check in first["checks"]] == ["file"]  # the others are made by the job
    assert [check["passed"] for check in arena.scored("alice", "dc", first["id"])["checks"]] == [True] * 6
    assert arena.ask("bob", "POST", "/api/challenges/dc/submissions/", json=body).status_code == 404
    second = arena.send("bob", "dc", shifted(0.025)).json()

    def lacking(arrays: dict[str, Any]) -> None:
        del arrays["ancil/zmode"]
        arrays["ancil/object_id"][0] = 5

    sent = arena.send("carol", "dc", lacking).json()
    wrong = arena.scored("carol", "dc", sent["id"])
    assert (sent["state"], wrong["state"]) == ("checking", "rejected")
    assert [check["name"] for check in wrong["checks"] if not check["passed"]] == ["columns", "objects"]
    sentences = [check["sentence"] for check in wrong["checks"]]
    log = arena.json("carol", "GET", f"/dc/submissions/{sent['id']}/log/")["lines"]
    assert all(any(sentence in line for line in log) for sentence in sentences)
    third = arena.send("carol", "dc", shifted(0.1)).json()
    numbers = [each["id"] for each in (first, second, third)]
    for who, number in zip(("alice", "bob", "carol"), numbers, strict=True):
        assert arena.scored(who, "dc", number)["state"] == "scored"
    return first, second, third


def _look_at_scores(arena: Arena, first: dict[str, Any], second: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Participants see the public part of their own submissions, organisers all."""
    assert [each["id"] for each in arena.json("alice", "GET", "/dc/submissions/")["results"]] == [first["id"]]
    assert arena.ask("alice", "GET", f"/api/challenges/dc/submissions/{second['id']}/").status_code == 404
    assert arena.json("olga", "GET", "/dc/submissions/")["count"] >= 4
    public, every = _all_scores(arena, "alice", "dc", first["id"]), _all_scores(arena, "olga", "dc", first["id"])
    assert {subset.split()[0] for subset, _ in public} == {"public"}
    rounded = {
        key: {**row, "value": _rounded(row["value"]), "uncertainty": _rounded(row["uncertainty"])}
        for key, row in every.items()
    }
    assert {key: row for key, row in rounded.items() if key in public} == public
    for metric, value in EXPECTED.items():
        assert every["all", metric]["value"] == pytest.approx(value, rel=3e-6)
    assert every["public", "bias"]["uncertainty"] > 0
    assert public["public", "sigma_iqr"]["value"] != every["public", "sigma_iqr"]["value"]
    known = arena.json("alice", "GET", f"/dc/submissions/{first['id']}/")["reproduction"]
    assert "parts" not in known
    assert {known["submission_sha256"], known["truth_sha256"]} >= {first["sha256"]}
    log = arena.json("alice", "GET", f"/dc/submissions/{first['id']}/log/")["lines"]
    assert any(first["sha256"] in line for line in log)
    return every


def _look_at_the_board(arena: Arena, first: dict[str, Any]) -> None:
    """Whoever sees the challenge sees the board."""
    public = _all_scores(arena, "alice", "dc", first["id"])
    board = arena.json("alice", "GET", "/dc/board/")
    assert (board["subset"], board["metric"]) == ("public", "bias")
    ranked = [(entry["rank"], entry["medal"], entry["points"], entry["user"]) for entry in board["results"]]
    assert ranked == [(1, "gold", 3, "alice"), (2, "silver", 2, "bob"), (3, "bronze", 1, "carol")]
    assert board["results"][1]["values"]["bias"]["value"] == pytest.approx(np.median(0.025 / (1 + 1.25)), rel=0.3)
    rows = list(csv.DictReader(io.StringIO(arena.ask("bob", "GET", "/api/challenges/dc/board/?format=csv").text)))
    assert [row["user"] for row in rows] == ["alice", "bob", "carol"]
    assert float(rows[0]["bias"]) == public["public", "bias"]["value"]
    table = Table.read(arena.ask("bob", "GET", "/api/challenges/dc/board/?format=ecsv").text, format="ascii.ecsv")
    assert list(table["user"]) == ["alice", "bob", "carol"]
    assert table["bias"][0] == public["public", "bias"]["value"]
    assert table.meta["ranked_by"] == "bias"
    look_at_the_figures(arena, board)
    assert "csv, ecsv, latex, svg, pdf" in arena.json("bob", "GET", "/dc/board/?format=odt", status=400)["detail"]
    assert arena.json("bob", "GET", "/dc/board/?subset=private", status=400)["subset"]
    assert arena.json("olga", "GET", "/dc/board/?subset=private&metric=crps")["metrics"] == ["crps", "bias", "cde_loss"]


def _score_again_and_withdraw(
    arena: Arena, first: dict[str, Any], third: dict[str, Any], every: dict[tuple[str, str], Any]
) -> None:
    """Scoring again gives the same numbers; withdrawing leaves the board."""
    arena.json("olga", "POST", f"/dc/submissions/{first['id']}/score/")
    assert arena.scored("alice", "dc", first["id"])["state"] == "scored"
    assert _all_scores(arena, "olga", "dc", first["id"]) == every
    assert arena.ask("alice", "POST", f"/api/challenges/dc/submissions/{first['id']}/score/").status_code == 403
    assert arena.json("carol", "POST", f"/dc/submissions/{third['id']}/withdraw/")["state"] == "withdrawn"
    assert [entry["user"] for entry in arena.json("bob", "GET", "/dc/board/")["results"]] == ["alice", "bob"]


def _close_it(arena: Arena, first: dict[str, Any], every: dict[tuple[str, str], Any]) -> None:
    """The private part is shown, and nothing more is accepted."""
    arena.json("olga", "PATCH", "/dc/", json={"state": "closed"})
    assert arena.send("bob", "dc", shifted(0.2)).status_code == 409
    assert _all_scores(arena, "alice", "dc", first["id"]) == every
    assert arena.json("bob", "GET", "/dc/board/")["subset"] == "private"
    assert not _sees_truth(arena, "bob")


def _publish_it(arena: Arena) -> None:
    """The truth has the visibility of its owner again."""
    published = arena.json("olga", "PATCH", "/dc/", json={"state": "published"})
    assert published["state"] == "published"
    assert [_sees_truth(arena, who) for who in ("olga", "bob", "nobody")] == [True, True, True]
    assert arena.json("alice", "GET", "/dc/")["tasks"][0]["truth"] == arena.truth.id
