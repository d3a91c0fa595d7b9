"""Baselines of the mock challenge: one by a run of the pipeline, whose product is submitted, and others as files."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.auth.models import Identity
from pipelines.challenges.files import ChallengeFiles
from pipelines.challenges.models import SubmittedMethod
from pipelines.challenges.submissions import NewSubmission
from pipelines.definitions import ESTIMATION
from pipelines.estimation.configuration import EstimationInput, EstimationParameters
from pipelines.estimation.estimation import OpenTable, estimate_redshifts
from pipelines.models import Run, RunRequest
from products.models import Product, Visibility
from server.demo.challenge import DEMO_CHALLENGE
from server.services import Services

__all__ = ["BASELINES", "DEMO_BASELINE", "submit_baselines"]

#: Name of the product of the first baseline.
DEMO_BASELINE = "Mock Nearest Neighbours"

_AUTHORS = ("Photo-z Server Developers",)
_SECONDS = 600
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Baseline:
    """A baseline, with its parameters of the pipeline."""

    method: str
    description: str
    param: Mapping[str, Any] = field(default_factory=dict)


BASELINES = (
    _Baseline("Nearest neighbours", "The pipeline of this server with its defaults."),
    _Baseline(
        "Nearest neighbours, wide", "The same with five neighbours and wide kernels.",
        {"knn": {"neighbours": 5, "bandwidth": 0.05, "weights": "uniform"}},
    ),
    _Baseline("N(z) of the training set", "The same density for each object.", {"algorithm": "training_nz"}),
)  # fmt: skip


def submit_baselines(services: Services, identity: Identity, training: Product, folder: Path) -> int:
    """Make the baselines that are not submitted yet and submit them; they are scored in the background.

    Returns
    -------
    The number of baselines that were submitted.
    """
    challenges = services.pipelines.challenges
    (task,) = challenges.service.get(identity, DEMO_CHALLENGE).definition.tasks
    known = {each.method.method for each in challenges.submissions.list(identity, DEMO_CHALLENGE)}
    missing = [each for each in BASELINES if each.method not in known]
    run = _run(services, identity, training.id, task.test[0]) if BASELINES[0] in missing else None
    for each in missing:
        if each is not BASELINES[0]:
            _submit_file(services, identity, each, training.id, task.test[0], folder)
    if run is not None:
        services.jobs.wait(run.job_id, owner=identity.name, seconds=_SECONDS)
        new = NewSubmission("main", _method(BASELINES[0], training.id, None))
        challenges.submissions.submit_product(identity, DEMO_CHALLENGE, new, run.product_id)
    return len(missing)


def _run(services: Services, identity: Identity, training: int, test: int) -> Run:
    request = RunRequest(
        display_name=DEMO_BASELINE, inputs=(str(training),), objects=str(test), visibility=Visibility.PUBLIC
    )  # fmt: skip
    return services.pipelines.service.submit(identity, ESTIMATION, request)


def _submit_file(
    services: Services, identity: Identity, baseline: _Baseline, training: int, test: int, folder: Path
) -> None:
    begin = time.monotonic()
    files = services.pipelines.challenges.files
    tables = [_table(files, product) for product in (training, test)]
    param = EstimationParameters.model_validate(baseline.param)
    path = estimate_redshifts(tables[0], tables[1], param, folder, lambda *_: None).written.table.path
    new = NewSubmission("main", _method(baseline, training, time.monotonic() - begin))
    submissions = services.pipelines.challenges.submissions
    with path.open("rb") as file, submissions.stage(identity, DEMO_CHALLENGE, "main") as staging:
        while chunk := file.read(_CHUNK):
            staging.write(chunk)
        stored = staging.finish()
    submissions.submit_file(identity, DEMO_CHALLENGE, new, path.name, stored)


def _table(files: ChallengeFiles, product: int) -> OpenTable:
    file = files.of_product(product)
    return OpenTable(file.name, EstimationInput(), lambda: files.opened(file))


def _method(baseline: _Baseline, training: int, seconds: float | None) -> SubmittedMethod:
    return SubmittedMethod(
        baseline.method, baseline.description, training_set=training, authors=_AUTHORS,
        seconds=None if seconds is None else round(seconds, 2),
    )  # fmt: skip
