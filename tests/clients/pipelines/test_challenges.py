"""The library takes part in a challenge: test set, submission of a file, an ensemble and a product, scores, board."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pzserver import PzServer
from pzserver.errors import InvalidValueError, NotFoundError
from pzserver.jobs import FailedJobError
from pzserver.pipelines.challenges import Challenge

from core.auth.models import Scope
from tests.clients.conftest import LibraryAccount
from tests.pipelines.challenges.samples import definition_of, marked_truth, objects_file, submission_file
from tests.support.accounts import new_account
from tests.support.server import RunningServer


@pytest.fixture(scope="module")
def account(library_server: RunningServer) -> LibraryAccount:
    """An administrator, who alone can open a challenge."""
    return LibraryAccount("challenger", new_account(library_server, "challenger", scope=Scope.ADMIN))


@pytest.fixture(scope="module")
def challenge(ours: PzServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Challenge]:
    folder = tmp_path_factory.mktemp("challenge")
    truth_file = marked_truth(folder / "truth")
    truth = ours.upload(
        truth_file, name="Truth of the library", product_type="training_set",
        columns={"object_id": "id", "redshift": "z"}, visibility="private",
    ).publish()  # fmt: skip
    objects = ours.upload(
        objects_file(folder, truth_file), name="Test set of the library", product_type="photoz_estimates",
        columns={"object_id": "id"},
    ).publish()  # fmt: skip
    definition = definition_of(objects.number, truth.number, scores_shown="at_once", limits={"per_day": 20})
    made = ours.challenges.create("library", definition)
    assert made.record.state == "draft"
    assert made.set_state("open").record.state == "open"
    yield ours.challenges["library"]
    for state in ("closed", "published"):
        made.set_state(state)


def test_a_challenge_is_found_with_its_test_set(ours: PzServer, challenge: Challenge):
    assert "library" in {each.name for each in ours.challenges}
    assert challenge.tasks == ("recipe",)
    (test_set,) = challenge.test()
    assert test_set.display_name == "Test set of the library"
    assert len(test_set.to_arrow()) == 399
    assert challenge.training("recipe") == ()
    with pytest.raises(InvalidValueError, match="no task set 'other'; there are recipe"):
        challenge.test("other")
    with pytest.raises(NotFoundError):
        _ = ours.challenges["nowhere"]


def test_estimates_are_submitted_and_scored(challenge: Challenge, tmp_path: Path):
    submission = challenge.submit(
        submission_file(tmp_path / "first"), method="Normal", authors=["Ann"], code="https://example.org", seconds=1.5
    ).wait()
    assert [check.passed for check in submission.checks] == [True] * 6
    sigma = next(each for each in submission.scores() if each.metric == "sigma_iqr" and each.subset == "all")
    assert sigma.value == pytest.approx(0.0045947498, rel=1e-6)
    board = challenge.board(metric="sigma_iqr")
    frame = board.to_pandas()
    assert list(frame["method"]) == ["Normal"]
    assert {"sigma_iqr", "sigma_iqr_uncertainty"} <= set(frame.columns)
    assert "Normal" in board._repr_html_()
    assert submission.number in {each.number for each in challenge.submissions()}
    assert submission.log
    assert submission.withdraw().state == "withdrawn"
    assert len(challenge.board()) == 0


def test_what_is_refused_says_which_check_it_did_not_pass(challenge: Challenge, tmp_path: Path):
    def without_mode(arrays: dict) -> None:
        del arrays["ancil/zmode"]

    submission = challenge.submit(submission_file(tmp_path / "wrong", without_mode), method="Without mode")
    with pytest.raises(FailedJobError, match="zmode"):
        submission.wait()
    assert (submission.state, len(submission.checks)) == ("rejected", 6)
    with pytest.raises(InvalidValueError, match="task set"):
        challenge.submit(submission_file(tmp_path / "other"), method="Other", task="other")
