"""Job function that checks and scores a submission, and what is stored when it ends."""

from dataclasses import asdict

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from core.database import Database, utc_now
from core.errors import ConflictError, NotFoundError
from pipelines.challenges.checks import check_submission
from pipelines.challenges.definition import ChallengeDefinition, TaskSet
from pipelines.challenges.files import ChallengeFiles, TableFile
from pipelines.challenges.models import WAITING, SubmissionState
from pipelines.challenges.schema import ChallengeRow, DistributionsRow, ScoreRow, SubmissionRow
from pipelines.challenges.scoring import ScoredSubmission, reproduction, score_submission
from pipelines.challenges.storage import changed
from products.adjustments.options import TableOptions
from uws import Job, JobContext, Phase

__all__ = ["ScoringJobs"]

_STOPPED = "The scoring of this submission was stopped; ask the organisers to score it again."


class ScoringJobs:
    """Job functions of the checks and the scoring of submissions.

    The job belongs to the author of the submission, who may not read the truth: the server reads it, and neither the
    log nor an error has anything of it, nor a score, which may be hidden until the challenge closes.

    Parameters
    ----------
    files
        Reader of truths and submissions.
    """

    def __init__(self, database: Database, files: ChallengeFiles) -> None:
        self._database = database
        self._files = files

    def run(self, context: JobContext) -> None:
        """Check the submission of a job, score it if it passes, and store its scores in one transaction.

        A submission that fails a check is stored as rejected, with the sentences of all checks, and the job completes.

        Raises
        ------
        PhotozError
            The submission was withdrawn or cannot be scored.
        """
        number = int(context.parameters["submission"])
        challenge_id, state, file, task, definition = self._submission(number)
        if file is None:  # a worker died after it had stored this
            return
        context.log(f"Submission {number} to the task set {task.name}: {file.name}, SHA-256 {file.sha256}.")
        if state is SubmissionState.CHECKING and not self._checked(context, number, challenge_id, file, task):
            return
        found = score_submission(self._files, file, task, definition, context.progress)
        how = reproduction(file, found.truth, task, definition)
        with self._database.write() as session:
            kept = session.execute(
                update(SubmissionRow)
                .where(SubmissionRow.id == number, SubmissionRow.state == SubmissionState.QUEUED)
                .values(state=SubmissionState.SCORED, scored_at=utc_now(), error=None, reproduction=how)
                .returning(SubmissionRow.id)
            ).first()
            if kept is None and self._is_scored(session, number):
                return  # by this job, whose worker died before it could say so
            if kept is None:
                raise ConflictError(f"The submission {number} was withdrawn while it was scored.")
            _store(session, number, found)
            changed(session, challenge_id)
        context.log(f"{len({each.subset for each in found.scores})} subsets were scored.")
        context.progress(1.0, "Scored")

    def ended(self, job: Job) -> None:
        """Store why a submission has no scores, when its job ended without."""
        if job.phase is Phase.COMPLETED:
            return
        number = int(job.parameters["submission"])
        with self._database.write() as session:
            failed = session.scalar(
                update(SubmissionRow)
                .where(SubmissionRow.id == number, SubmissionRow.job_id == job.id)
                .where(SubmissionRow.state.in_(WAITING))
                .values(state=SubmissionState.FAILED, error=job.error or _STOPPED)
                .returning(SubmissionRow.challenge_id)
            )
            if failed is not None:
                changed(session, failed)

    def _checked(self, context: JobContext, number: int, challenge_id: int, file: TableFile, task: TaskSet) -> bool:
        """Run the checks of a submission, store their results, and return whether it is to be scored."""
        context.progress(0.0, "Checking the submission")
        checks = check_submission(self._files, file, task)
        passed = all(check.passed for check in checks)
        values: dict[str, object] = {"state": SubmissionState.QUEUED}
        if not passed:
            values = {"state": SubmissionState.REJECTED, "stored_id": None}
        with self._database.write() as session:
            kept = session.execute(
                update(SubmissionRow)
                .where(SubmissionRow.id == number, SubmissionRow.state == SubmissionState.CHECKING)
                .values(checks=[asdict(check) for check in checks], **values)
                .returning(SubmissionRow.id)
            ).first()
            if kept is None:
                raise ConflictError(f"The submission {number} was withdrawn while it was checked.")
            changed(session, challenge_id)
        for check in checks:
            context.log(f"{'Passed' if check.passed else 'Failed'}: {check.sentence}")
        if not passed:
            self._files.delete(file)
            context.progress(1.0, "Rejected")
        return passed

    @staticmethod
    def _is_scored(session: Session, number: int) -> bool:
        return session.scalar(select(SubmissionRow.state).where(SubmissionRow.id == number)) == SubmissionState.SCORED

    def _submission(self, number: int) -> tuple[int, SubmissionState, TableFile | None, TaskSet, ChallengeDefinition]:
        """Return a submission with its file; one that was rejected has none."""
        with self._database.read() as session:
            found = session.execute(
                select(SubmissionRow, ChallengeRow)
                .join(ChallengeRow, ChallengeRow.id == SubmissionRow.challenge_id)
                .where(SubmissionRow.id == number)
            ).first()
            if found is None:
                raise NotFoundError(f"There is no submission {number}.")
            row, challenge = found
            definition = ChallengeDefinition.model_validate(challenge.definition)
            task = definition.task(row.task_set)
            state = SubmissionState(row.state)
            if task is None or (row.stored_id is None and state is not SubmissionState.REJECTED):
                raise ConflictError(f"The submission {number} is {row.state}; it is not scored.")
            options = TableOptions.from_object(row.table_options)
            stored = row.stored_id
            file = None if stored is None else TableFile(stored, row.file_name, row.size, row.sha256, options)
            return challenge.id, state, file, task, definition


def _store(session: Session, number: int, found: ScoredSubmission) -> None:
    """Store the scores and the distributions of a submission in the place of earlier ones."""
    for table in (ScoreRow, DistributionsRow):
        session.execute(delete(table).where(table.submission_id == number))
    session.execute(
        insert(ScoreRow),
        [
            {"submission_id": number, "subset": each.subset, "metric": each.metric, "value": each.value,
             "uncertainty": each.uncertainty, "objects": each.objects}
            for each in found.scores
        ],
    )  # fmt: skip
    for part, each in found.distributions.items():
        session.add(DistributionsRow(submission_id=number, part=part, content=each.to_object()))
