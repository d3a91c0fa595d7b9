"""Benchmark of challenges: processor time of the scoring of one submission, and of a board of 200 submissions.

Run: ``python -m benchmarks.challenges [--objects 20000] [--points 301] [--submissions 200]``. A submission is submitted
and scored as a job does it, three times; then the scores of it are stored for as many further submissions, and the
board is asked for as JSON and as a page. The claims: 200 submissions of 20 000 objects on 301 points are scored within
an hour of one core, and a board of 200 costs less than 100 ms of the server's time.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from sqlalchemy import insert, select

from benchmarks.validation import generate
from core.auth.models import Scope
from core.files import StoredBytes
from pipelines.challenges.checks import check_submission
from pipelines.challenges.definition import parse_definition
from pipelines.challenges.models import ChallengeState, SubmittedMethod
from pipelines.challenges.schema import DistributionsRow, ScoreRow, SubmissionRow
from pipelines.challenges.scoring import score_submission
from pipelines.challenges.submissions import NewSubmission
from server.services import Services
from tests.pipelines.runs.published import publish
from tests.server.application import Application, running_application

_TIMES, _PAGES = 3, 20
_NAME = "bench"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--points", type=int, default=301)
    parser.add_argument("--submissions", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_application(Path(name) / "data") as app:
        folder = Path(name)
        estimates, truth = folder / "estimates.hdf5", folder / "truth.hdf5"
        generate(estimates, truth, arguments.objects, arguments.points)
        print(f"{arguments.objects} objects x {arguments.points} points, {estimates.stat().st_size / 1e6:.0f} MB")
        first = _submit(app, folder, estimates, truth)
        seconds = statistics.median(_score(app.services, first) for _ in range(_TIMES))
        hours = seconds * arguments.submissions / 3600
        print(f"scoring            {seconds:7.2f} s of a processor; {arguments.submissions}: {60 * hours:.0f} minutes")
        _repeat(app.services, first, arguments.submissions)
        token = {"Authorization": f"Bearer {app.token('admin', Scope.READ)}"}
        for address in (f"/api/challenges/{_NAME}/board/", f"/challenges/{_NAME}/board"):
            print(f"{address:<32} {1000 * _median(app, address, token):7.1f} ms of a processor")


def _submit(app: Application, folder: Path, estimates: Path, truth: Path) -> int:
    """Make a challenge and submit to it; return the number of the submission."""
    services, nothing = app.services, pd.DataFrame()
    services.accounts.service.add_user("admin", None, is_admin=True)
    admin = services.accounts.service.identity_of_user("admin", Scope.ADMIN)
    objects = folder / "objects.hdf5"
    with h5py.File(truth) as known, h5py.File(objects, "w") as file:
        file["photometry/object_id"] = known["photometry/object_id"][:]
        file["photometry/mag_i"] = np.linspace(20, 25, len(file["photometry/object_id"]))
    meanings = {"object_id": "id"}
    hidden = publish(services, admin, "Truth", nothing, kind="training_set", path=truth,
                     meanings={**meanings, "redshift": "z"})  # fmt: skip
    test = publish(services, admin, "Test set", nothing, kind="photoz_estimates", path=objects, meanings=meanings)
    fields: dict[str, Any] = {
        "title": "A challenge",
        "tasks": [{"name": "main", "test": [test.id], "truth": hidden.id}],
    }
    challenges = services.pipelines.challenges
    challenges.service.create(admin, _NAME, parse_definition(fields))
    challenges.service.set_state(admin, _NAME, ChallengeState.OPEN)
    with challenges.submissions.stage(admin, _NAME, "main") as staging:
        staging.write(estimates.read_bytes())
        stored: StoredBytes = staging.finish()
    begin = time.process_time()
    new = NewSubmission("main", SubmittedMethod("A method"))
    made = challenges.submissions.submit_file(admin, _NAME, new, estimates.name, stored)
    print(f"submission         {time.process_time() - begin:7.2f} s of a processor: {made.state}")
    services.jobs.wait(made.job_id or "", owner="admin", seconds=600)
    return made.id


def _score(services: Services, number: int) -> float:
    with services.database.read() as session:
        row = session.get_one(SubmissionRow, number)
        product = row.stored_id, row.file_name, row.size, row.sha256
    challenges = services.pipelines.challenges
    admin = services.accounts.service.identity_of_user("admin", Scope.ADMIN)
    definition = challenges.service.get(admin, _NAME).definition
    from pipelines.challenges.files import TableFile
    from products.adjustments.options import TableOptions

    assert product[0] is not None
    file = TableFile(product[0], product[1], product[2], product[3], TableOptions())
    begin = time.process_time()
    check_submission(challenges.files, file, definition.tasks[0])
    print(f"checks             {time.process_time() - begin:7.2f} s of a processor")
    begin = time.process_time()
    score_submission(challenges.files, file, definition.tasks[0], definition, lambda *_: None)
    return time.process_time() - begin


def _repeat(services: Services, first: int, count: int) -> None:
    """Store the first submission, its scores and its distributions under further numbers."""
    submission, score, binned = SubmissionRow.__table__, ScoreRow.__table__, DistributionsRow.__table__
    with services.database.write() as session:
        row = dict(session.execute(select(submission).where(submission.c.id == first)).mappings().one())
        scores = [
            dict(each) for each in session.execute(select(score).where(score.c.submission_id == first)).mappings()
        ]
        found = session.execute(select(binned).where(binned.c.submission_id == first)).mappings()
        distributions = [dict(each) for each in found]
        for number in range(first + 1, first + count):
            own = {**row, "id": number, "stored_id": None, "job_id": None, "sha256": f"{number:064d}"}
            session.execute(insert(SubmissionRow), [own])
            session.execute(insert(DistributionsRow), [{**each, "submission_id": number} for each in distributions])
            session.execute(insert(ScoreRow), [
                {**each, "submission_id": number, "value": each["value"] and each["value"] + number / 1e4}
                for each in scores
            ])  # fmt: skip
    print(f"{count} submissions with {len(scores)} scores each")


def _median(app: Application, address: str, headers: dict[str, str]) -> float:
    def once() -> None:
        assert app.client.get(address, headers=headers).status_code == 200

    return _processor_seconds(once)


def _processor_seconds(once: Callable[[], None]) -> float:
    once()
    found = []
    for _ in range(_PAGES):
        begin = time.process_time()
        once()
        found.append(time.process_time() - begin)
    return statistics.median(found)


if __name__ == "__main__":
    main()
