"""Scores of submissions against the numbers of RAIL and qp, on parts of the truth, without a server."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core.errors import ConflictError, InvalidValueError
from pipelines.challenges.checks import check_submission, check_truth
from pipelines.challenges.definition import ChallengeDefinition
from pipelines.challenges.files import ChallengeFiles, TableFile
from pipelines.challenges.models import CHECKS
from pipelines.challenges.scoring import ScoredSubmission, SubsetScore, read_truth, score_submission
from products.adjustments.options import TableOptions
from products.readers import ReadLimits
from tests.pipelines.challenges.samples import definition_of, marked_truth, objects_file, submission_file
from tests.pipelines.validation.samples import OBJECTS

__all__ = ["Case", "case"]

_TEST, _TRUTH = 1, 2
#: Of RAIL and qp: see `tests/pipelines/validation/test_golden.py`.
_EXPECTED = {
    "cde_loss": -4.3119925, "pit_ks": 0.3673844, "pit_cvm": 20.631547, "bias": -1.57610e-05,
    "sigma_iqr": 0.0045947498, "sigma_mad": 0.0046489048,
}  # fmt: skip


class _Folder(ChallengeFiles):
    """Files of challenges in a folder, in the place of those of products."""

    def __init__(self, products: Mapping[int, Path], scratch: Path) -> None:
        self._products, self._limits, self._scratch = products, ReadLimits(), scratch
        self._store = _Paths()  # type: ignore[assignment] - of which `opened` takes paths alone

    def of_product(self, product_id: int) -> TableFile:
        return _file(self._products[product_id])


class _Paths:
    def local_path(self, file_id: str) -> Path:
        return Path(file_id)


@dataclass(frozen=True, slots=True)
class Case:
    """A truth with its test set, and where submissions are written."""

    files: ChallengeFiles
    folder: Path

    def score(
        self, change: Callable[[dict[str, Any]], None] | None = None, **values: Any
    ) -> Mapping[tuple[str, str], SubsetScore]:
        return {(each.subset, each.metric): each for each in self.scored(change, **values).scores}

    def scored(self, change: Callable[[dict[str, Any]], None] | None = None, **values: Any) -> ScoredSubmission:
        definition = _definition(**values)
        file = _file(submission_file(self.folder, change))
        return score_submission(self.files, file, definition.tasks[0], definition, lambda _, __: None)

    def checks(self, change: Callable[[dict[str, Any]], None] | None = None, **task: Any) -> dict[str, str]:
        """Return the sentences of the checks that fail."""
        definition = _definition(task=task)
        file = _file(submission_file(self.folder, change))
        checks = check_submission(self.files, file, definition.tasks[0])
        assert tuple(check.name for check in checks) == CHECKS
        return {check.name: check.sentence for check in checks if not check.passed}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    truth = marked_truth(tmp_path / "truth")
    files = _Folder({_TRUTH: truth, _TEST: objects_file(tmp_path, truth)}, tmp_path / "scratch")
    return Case(files, tmp_path / "submission")


def _file(path: Path) -> TableFile:
    return TableFile(str(path), path.name, path.stat().st_size, "", TableOptions())


def _definition(**values: Any) -> ChallengeDefinition:
    return ChallengeDefinition.model_validate(definition_of(_TEST, _TRUTH, **values))


def test_scores_on_the_whole_truth_are_those_of_rail_and_qp(case: Case):
    scores = case.score()
    for metric, value in _EXPECTED.items():
        assert scores["all", metric].value == pytest.approx(value, rel=3e-6), metric
    assert scores["all", "outlier_rate"].value == 0
    assert scores["all", "bias"].uncertainty == pytest.approx(0.0046 * np.sqrt(np.pi / 2 / OBJECTS), rel=0.5)
    assert {scores[part, "bias"].objects for part in ("all",)} == {OBJECTS}


def test_scoring_again_gives_the_same_numbers_and_another_seed_other_errors(case: Case):
    first = case.score()
    assert case.score() == first
    other = case.score(parameters={"random_seed": 1})
    assert {key: score.value for key, score in other.items()} == {key: score.value for key, score in first.items()}
    assert other["all", "bias"].uncertainty != first["all", "bias"].uncertainty


def test_the_parts_are_drawn_by_the_seed_and_are_all_objects(case: Case):
    counts = []
    for seed in (0, 1):
        scores = case.score(task={"parts": {"public_fraction": 0.25, "seed": seed}})
        public, private = scores["public", "bias"].objects, scores["private", "bias"].objects
        assert public + private == OBJECTS
        assert public == np.count_nonzero(np.random.default_rng(seed).random(OBJECTS) < 0.25)
        counts.append((public, scores["public", "bias"].value))
    assert counts[0] != counts[1]


def test_a_column_divides_the_truth(case: Case):
    with h5py.File(case.files.of_product(_TRUTH).stored_id, "r+") as file:
        file["photometry/usage"] = np.where(file["photometry/redshift"][:] < 1, b"Public", b"private")
    scores = case.score(task={"parts": {"column": "usage"}})
    assert 0 < scores["public", "bias"].objects < OBJECTS
    assert {subset for subset, _ in scores if subset.startswith("public z_true")} == {
        f"public z_true {low:g}-{low + 0.25:g}" for low in (0, 0.25, 0.5, 0.75)
    }


def test_subsets_are_bins_of_the_truth_that_are_large_enough(case: Case):
    scores = case.score(limits={"smallest_subset": 20}, task={"parts": {"public_fraction": 0.9}})
    bins = {subset: score.objects for (subset, metric), score in scores.items() if " " in subset and metric == "bias"}
    assert bins
    assert min(bins.values()) >= 20
    assert {subset.split()[1] for subset in bins} == {"z_true", "magnitude"}
    assert {metric for subset, metric in scores if subset in bins} == {
        "bias", "sigma_iqr", "outlier_rate", "cde_loss", "pit_ks",
    }  # fmt: skip


def test_a_submission_cannot_choose_the_objects_of_which_a_metric_is_computed(case: Case):
    def keep_few(arrays: dict[str, Any]) -> None:
        arrays["ancil/zmode"][29:] = np.nan
        arrays["data/yvals"][29:] = np.nan

    scores = case.score(keep_few)
    assert all(score.value is None and score.uncertainty is None for score in scores.values())


@pytest.mark.parametrize("value", [-99, -1, 1e8])
def test_a_point_estimate_that_is_no_redshift_is_refused(case: Case, value: float):
    def change(arrays: dict[str, Any]) -> None:
        arrays["ancil/zmode"][5] = value

    with pytest.raises(
        InvalidValueError, match=r"1 of 399 point estimates in zmode are not between -0.5 and 5, such as"
    ):
        case.score(change)


def test_a_part_that_is_too_small_is_no_division(case: Case):
    definition = _definition(task={"parts": {"public_fraction": 0.02}})
    with pytest.raises(InvalidValueError, match=r"public part has .* the smallest subset has 30"):
        read_truth(case.files, definition.tasks[0], definition)


def test_a_truth_must_have_the_objects_of_the_test_set(case: Case):
    definition = _definition()
    check_truth(case.files, definition.tasks[0], definition)
    with h5py.File(case.files.of_product(_TEST).stored_id, "r+") as file:
        file["photometry/object_id"][0] = 5
    with pytest.raises(InvalidValueError, match=r"the truth lacks 1 object of the test products \(5\)"):
        check_truth(case.files, definition.tasks[0], definition)


def test_a_truth_that_cannot_be_read_is_not_described_to_its_participants(case: Case):
    with pytest.raises(InvalidValueError) as error:
        case.score(task={"redshift_column": "z_secret"})
    assert error.value.message == (
        "The truth of the task set 'recipe' cannot be used at present; ask the organisers to check it."
    )


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        for key in [key for key in arrays if key.startswith(name)]:
            del arrays[key]

    return change


def _ids(**changes: int) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        for row, value in changes.items():
            arrays["ancil/object_id"][int(row[1:])] = value

    return change


def test_a_submission_as_rail_writes_it_passes_every_check(case: Case):
    assert case.checks() == {}

    def as_text_in_another_order(arrays: dict[str, Any]) -> None:
        order = np.random.default_rng(5).permutation(OBJECTS)
        for key in ("data/yvals", "ancil/zmode", "ancil/loc", "ancil/object_id"):
            arrays[key] = arrays[key][order]
        arrays["ancil/object_id"] = arrays["ancil/object_id"].astype("S")

    assert case.checks(as_text_in_another_order) == {}


_MISSING = "2 objects missing (1000000000000, 1000000000001); 2 objects not in the test set (7, 8)."


@pytest.mark.parametrize(
    ("change", "failed", "words"),
    [
        (_without("meta"), "ensemble", "densities"),
        (_without("ancil"), "ancillary", "no ancillary data"),
        (_without("ancil/zmode"), "columns", "The ancillary data lack zmode; they have"),
        (_without("ancil/object_id"), "identifier", "lack the identifiers object_id"),
        (_ids(r0=7, r1=8), "objects", _MISSING),
        (_ids(r0=10**12 + 1), "objects", "1 object missing (1000000000000); 1 object more than once (1000000000001)."),
    ],
)  # fmt: skip
def test_each_check_has_its_sentence(case: Case, change: Callable[[dict[str, Any]], None], failed: str, words: str):
    found = case.checks(change)
    assert words in found[failed], found
    first = CHECKS.index(failed)
    assert all(CHECKS.index(name) >= first for name in found)


def test_a_file_that_is_no_table_is_told_so(case: Case, tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"\x00\x01\x02 nothing")
    definition = _definition()
    checks = {check.name: check for check in check_submission(case.files, _file(path), definition.tasks[0])}
    assert not checks["ensemble"].passed
    assert checks["objects"].sentence == "Not checked, because an earlier check failed."


def test_a_test_set_that_cannot_be_read_rejects_no_submission(case: Case, tmp_path: Path):
    definition = _definition(task={"test": [_TEST + 10]})
    broken = tmp_path / "broken.hdf5"
    broken.write_bytes(b"nothing")
    files = _Folder({_TEST + 10: broken}, tmp_path / "scratch")
    with pytest.raises(ConflictError, match=r"test products of the task set 'recipe' cannot be read"):
        check_submission(files, _file(submission_file(case.folder)), definition.tasks[0])


@pytest.mark.parametrize("form", ["interp", "quant", "mixmod"])
def test_golden_files_have_the_scores_of_qp_and_rail(shared_data: Path, tmp_path: Path, form: str):
    golden = shared_data / "validation"
    if not golden.is_dir():
        pytest.skip(f"the estimates with known metrics are not there: {golden}")
    expected = json.loads((golden / "metrics.json").read_text())[form]
    truth = golden / "truth.hdf5"
    files = _Folder({_TRUTH: truth, _TEST: truth}, tmp_path)
    definition = _definition(parameters={"grid": expected["cde_grid"], "bootstrap": 0})
    file = _file(golden / f"estimates_{form}.hdf5")
    assert all(check.passed for check in check_submission(files, file, definition.tasks[0]))
    scores = score_submission(files, file, definition.tasks[0], definition, lambda _, __: None).scores
    found = {each.metric: each.value for each in scores if each.subset == "all"}
    for name, value in expected["point"]["zmode"].items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    for name in ("cde_loss", "pit_ks", "pit_cvm"):
        assert found[name] == pytest.approx(expected[name], rel=1e-9), name
