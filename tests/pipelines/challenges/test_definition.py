"""Definitions of challenges: defaults, what is refused, and how values are compared."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import InvalidValueError
from pipelines.challenges.definition import ChallengeDefinition, ChosenMetric
from pipelines.challenges.names import checked_name

_TASK = {"name": "dc1", "test": [1], "truth": 2}


def _definition(**values: Any) -> ChallengeDefinition:
    return ChallengeDefinition.model_validate({"title": "A challenge", "tasks": [_TASK], **values})


def test_a_definition_survives_its_json():
    definition = _definition(opens_at="2026-05-01T00:00:00Z", closes_at="2026-06-01T00:00:00+02:00")
    assert ChallengeDefinition.model_validate(definition.model_dump(mode="json")) == definition
    assert definition.primary.name == "bias"
    assert definition.tasks[0].point_column == "zmode"
    assert not definition.closed_at(datetime(2026, 5, 31, 21, 59, tzinfo=UTC))
    assert definition.closed_at(datetime(2026, 5, 31, 22, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tasks": [_TASK, _TASK]}, "two task sets have the name 'dc1'"),
        ({"metrics": [{"name": "biass"}]}, "there is no metric 'biass'"),
        ({"metrics": [{"name": "bias"}, {"name": "bias"}]}, "two metrics have the name 'bias'"),
        ({"primary_metric": "crps"}, "the primary metric 'crps' is not among the metrics"),
        ({"opens_at": "2026-05-02T00:00:00Z", "closes_at": "2026-05-01T00:00:00Z"}, "is not after the opening time"),
        ({"opens_at": "2026-05-02T00:00:00"}, "timezone"),
        ({"parameters": {"match": "order"}}, "are matched by identifiers"),
        ({"parameters": {"estimate_cuts": ["odds > 0.9"]}}, "would let a submission choose its objects"),
        ({"tasks": [{**_TASK, "name": "DC 1"}]}, "pattern"),
        ({"tasks": [{**_TASK, "test": []}]}, "at least 1 item"),
        ({"prize": "fame"}, "prize"),
    ],
)
def test_what_contradicts_itself_is_refused(values: dict[str, Any], words: str):
    with pytest.raises(ValidationError, match=words):
        _definition(**values)


@pytest.mark.parametrize(
    ("metric", "order", "points"),
    [
        (ChosenMetric(name="sigma_iqr", tiers=(0.025, 0.05, 0.1)), [0.02, 0.03, 0.06, 0.2], [3, 2, 1, 0]),
        (
            ChosenMetric(name="bias", direction="target", tiers=(0.05, 0.01, 0.025)),
            [-0.005, 0.02, -0.03, 1],
            [3, 2, 1, 0],
        ),
        (ChosenMetric(name="log_score", direction="higher", tiers=(1, 2)), [2.5, 1.5, 0.5, -1], [2, 1, 0, 0]),
        (
            ChosenMetric(name="coverage_68", direction="target", target=0.68, tiers=(0.03,)),
            [0.68, 0.70, 0.5, 0.99],
            [1, 1, 0, 0],
        ),
    ],
)
def test_values_are_ordered_by_the_direction_and_reach_tiers(
    metric: ChosenMetric, order: list[float], points: list[int]
):
    shuffled = [order[place] for place in (2, 0, 3, 1)]
    assert sorted(shuffled, key=metric.cost) == order
    assert [metric.tier_points(value) for value in order] == points
    assert metric.tier_points(None) == 0


def test_names_are_those_of_addresses():
    assert checked_name(" dc-2026_a ") == "dc-2026_a"
    for name in ("", "new", "DC1", "a/b", "-a", "a" * 65, "é", "a\n"[:1] + "\0"):
        with pytest.raises(InvalidValueError, match="cannot be the name of a challenge"):
            checked_name(name)
