"""Distributions of submissions in bins: what is counted, what is stored, and what is shown of a hidden truth."""

from datetime import UTC, datetime

import numpy as np
import pytest

from pipelines.challenges.definition import PRIVATE, PUBLIC, ChallengeDefinition
from pipelines.challenges.distributions.binning import binned
from pipelines.challenges.distributions.disclosure import disclosed
from pipelines.challenges.distributions.models import Distributions
from pipelines.challenges.models import Challenge, ChallengeState
from pipelines.validation.configuration import ValidationParameters
from pipelines.validation.reference import Reference
from pipelines.validation.sample import Sample
from tests.pipelines.challenges.samples import definition_of
from tests.pipelines.challenges.test_scoring import Case, case

__all__ = ["case"]

_SMALLEST = 30
_PARAM = ValidationParameters(grid=(0.0, 3.0, 301))


def _challenge(state: ChallengeState, *, manages: bool = False) -> Challenge:
    definition = ChallengeDefinition.model_validate(definition_of(1, 2, limits={"smallest_subset": _SMALLEST}))
    now = datetime.now(UTC)
    return Challenge(1, "c", state, definition, (), (), 1, "a", now, now, manages=manages, takes_part=True)


def _drawn(objects: int, *, moved: int = 0) -> tuple[Sample, Reference]:
    """Return estimates of objects, of which some have another estimate and PIT."""
    draw = np.random.default_rng(4)
    z = draw.uniform(0.0, 3.0, objects)
    z_phot, pit = np.clip(z + draw.normal(0, 0.05, objects), 0, 3), draw.uniform(0, 1, objects)
    z_phot[:moved], pit[:moved] = 2.9 - z_phot[:moved] / 2, 1 - pit[:moved] / 3
    nothing = np.zeros(objects)
    reference = Reference("truth", None, None, z, nothing, None, np.ones(objects, dtype=np.bool_), {})
    return Sample(z, z_phot, nothing, pit, *(nothing for _ in range(5))), reference


def _found(objects: int, *, moved: int = 0) -> Distributions:
    sample, reference = _drawn(objects, moved=moved)
    stack = np.full(301, objects / 3.0)
    return binned(sample, stack, reference, np.ones(objects, dtype=np.bool_), _PARAM)


def _counts(found: Distributions | None) -> np.ndarray:
    assert found is not None
    return np.concatenate([found.pit, found.redshifts.ravel(), found.stacked, found.true_counts])


def test_each_object_is_counted_once_and_stored_counts_come_back():
    found = _found(1000)
    for counts in (found.pit, found.redshifts, found.true_counts, found.stacked):
        assert counts.sum() == pytest.approx(1000)
    assert np.array_equal(found.redshifts.sum(axis=1), found.true_counts)
    again = Distributions.from_object(found.to_object())
    assert np.allclose(_counts(again), _counts(found))
    assert (again.objects, again.limits) == (1000, (0.0, 3.0))
    assert _counts(found + found) == pytest.approx(2 * _counts(found))


def test_true_redshifts_are_those_of_the_part_whatever_is_submitted():
    sample, reference = _drawn(500)
    part = np.arange(500) < 400
    few = sample.take(np.arange(7))
    found = binned(few, np.zeros(301), reference, part, _PARAM)
    assert (found.objects, found.true_counts.sum(), found.pit.sum()) == (400, 400, 7)


@pytest.mark.parametrize("state", [ChallengeState.OPEN, ChallengeState.CLOSED])
@pytest.mark.parametrize("objects", [310, 2_000, 20_000])
def test_no_bin_of_a_hidden_truth_has_fewer_objects_than_the_smallest_subset(state: ChallengeState, objects: int):
    shown = disclosed(_found(objects), _challenge(state))
    counts = _counts(shown)
    assert counts.any()
    assert ((counts == 0) | (counts >= _SMALLEST)).all()
    assert (counts == np.round(counts)).all()
    if state is ChallengeState.OPEN:
        assert (counts % _SMALLEST == 0).all()


def test_a_part_with_too_few_objects_for_two_bins_is_not_shown():
    assert disclosed(_found(299), _challenge(ChallengeState.OPEN)) is None
    assert disclosed(_found(300), _challenge(ChallengeState.OPEN)) is not None


def test_the_bins_do_not_depend_on_the_submission():
    sample, reference = _drawn(3000)
    part = np.ones(3000, dtype=np.bool_)
    shapes = set()
    for rows in (3000, 40):
        found = disclosed(binned(sample.take(np.arange(rows)), np.zeros(301), reference, part, _PARAM),
                          _challenge(ChallengeState.OPEN))  # fmt: skip
        assert found is not None
        shapes.add((len(found.pit), len(found.stacked)))
    assert len(shapes) == 1


def test_submissions_that_differ_in_one_object_look_alike_while_the_challenge_is_open():
    """Whoever changes one object at a time learns nothing from nearly every change."""
    challenge, alike = _challenge(ChallengeState.OPEN), 0
    before = _found(3000)
    for moved in range(1, 21):
        after = _found(3000, moved=moved)
        assert not np.array_equal(_counts(before), _counts(after))
        alike += np.array_equal(_counts(disclosed(before, challenge)), _counts(disclosed(after, challenge)))
        before = after
    assert alike >= 14


@pytest.mark.parametrize(
    ("state", "manages"),
    [(ChallengeState.OPEN, True), (ChallengeState.CLOSED, True), (ChallengeState.PUBLISHED, False)],
)
def test_organisers_see_all_and_so_does_everyone_after_the_publication(state: ChallengeState, *, manages: bool):
    found = _found(100)
    assert disclosed(found, _challenge(state, manages=manages)) is found


def test_scoring_puts_both_parts_into_bins(case: Case):
    found = case.scored(task={"parts": {"public_fraction": 0.4, "seed": 5}})
    assert set(found.distributions) == {PUBLIC, PRIVATE}
    whole = found.distributions[PUBLIC] + found.distributions[PRIVATE]
    public = int(found.truth.is_public.sum())
    assert found.distributions[PUBLIC].objects == public
    assert whole.objects == 399
    # The sample has narrow densities: their sum over all objects is that of one pass without parts.
    assert whole.stacked.sum() == pytest.approx(399, rel=1e-2)
    assert found.distributions[PUBLIC].stacked.sum() == pytest.approx(public, rel=1e-2)
    ks = np.abs(np.cumsum(whole.pit) / whole.pit.sum() - whole.pit_edges[1:]).max()
    exact = next(each.value for each in found.scores if (each.subset, each.metric) == ("all", "pit_ks"))
    assert exact is not None
    assert ks <= exact <= ks + 1 / len(whole.pit)
