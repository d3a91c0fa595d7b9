"""The provenance of a run that the catalogue keeps names no input in its steps."""

from datetime import UTC, datetime
from typing import cast

import pytest

from pipelines.definitions import COMBINE
from pipelines.inputs.lookup import RunInput
from pipelines.models import AnyPipeline, Run, RunRequest
from pipelines.runs.provenance import activity_of
from uws import Phase

WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _input(name: str) -> RunInput:
    return RunInput(name, name, "redshift_catalog", None, "a.csv", 1, "0" * 64, "stored", WHEN, "csv", {}, (), True)


def _run() -> Run:
    pipeline = cast("AnyPipeline", COMBINE)
    return Run(
        1, pipeline, "1", "Run", 1, "alice", 3, "job", None, (), RunRequest(), Phase.EXECUTING, None, 0.5, "", WHEN,
        WHEN, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "step", "kept"),
    [
        (("1_vvds", "01_vvds"), "Preparing 01_vvds: 40 rows", "Preparing input 2: 40 rows"),
        (("01_vvds", "1_vvds"), "Preparing 1_vvds: 40 rows", "Preparing input 2: 40 rows"),
        (("1_vvds", "1_vvds_deep"), "Preparing 1_vvds_deep: 40 rows", "Preparing input 2: 40 rows"),
        (("1_vvds",), "Preparing 01_vvds: 40 rows", "Preparing 01_vvds: 40 rows"),
        (("1_vvds", "2_input"), "Matching 2_input with 1_vvds", "Matching input 2 with input 1"),
        (("1_vvds", "1_vvds-2"), "Preparing 1_vvds-2", "Preparing input 2"),
        ((), "Writing 40 rows", "Writing 40 rows"),
    ],
)
def test_steps_name_inputs_by_number(names: tuple[str, ...], step: str, kept: str):
    inputs = [_input(name) for name in names]
    activity = activity_of(_run(), inputs, {}, [(step, 1.5), (step, 2.0)], WHEN, None)
    assert activity.timings == {kept: 3.5}
