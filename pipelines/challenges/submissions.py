"""`SubmissionService`: submit, list and withdraw submissions, and queue the jobs that check and score them."""

from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.database import Database, utc_now
from core.errors import (
    ConflictError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
    PhotozError,
)
from core.files import FileStore, Staging, StoredBytes
from pipelines.challenges.admission import (
    check_limits,
    check_new,
    check_open,
    rejected_before,
    task_of,
    too_large,
)
from pipelines.challenges.checks import file_check
from pipelines.challenges.definition import TaskSet
from pipelines.challenges.files import ChallengeFiles, TableFile
from pipelines.challenges.models import (
    SCORE,
    WAITING,
    Challenge,
    ChallengeState,
    Score,
    Submission,
    SubmissionState,
    SubmittedMethod,
)
from pipelines.challenges.schema import SubmissionRow
from pipelines.challenges.storage import (
    challenge_of_row,
    changed,
    find_challenge,
    record_challenge,
    stored_scores,
    submission_of_row,
)
from products.access import require_change
from products.adjustments.options import TableOptions
from products.files.names import checked_file_name
from products.quotas import QuotaRule
from products.service import ProductService
from uws import JobService, Phase, UnknownJobError

__all__ = ["NewSubmission", "SubmissionService"]

#: Age after which a submission without a queued job counts as interrupted.
_UNQUEUED = timedelta(minutes=2)
_INTERRUPTED = "The scoring of this submission was interrupted; submit it again, or ask the organisers to score it."


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A submission that is to be made.

    Parameters
    ----------
    task_set
        Name of the task set; may be empty if the challenge has one alone.
    """

    task_set: str
    method: SubmittedMethod


class SubmissionService:
    """Submit, list and withdraw submissions of challenges.

    Parameters
    ----------
    store
        The file store, in which each submission has its own copy of its file.
    products
        Finds products that are submitted.
    quota
        The storage quota of users, in which the files of submissions count.
    """

    def __init__(
        self,
        database: Database,
        store: FileStore,
        files: ChallengeFiles,
        products: ProductService,
        jobs: JobService,
        quota: QuotaRule | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._files = files
        self._products = products
        self._jobs = jobs
        self._quota = quota or QuotaRule()

    def stage(self, identity: Identity, name: str, task_set: str) -> Staging:
        """Check that the caller may submit now, and create a staged file for the bytes of a submission."""
        challenge, task = self._open_task(identity, name, task_set)
        with self._database.read() as session:
            check_limits(session, challenge, task, identity.require(Scope.WRITE), utc_now())
        return self._store.stage(limit=challenge.definition.limits.max_bytes)

    def submit_file(
        self, identity: Identity, name: str, new: NewSubmission, file_name: str, stored: StoredBytes
    ) -> Submission:
        """Submit a stored file; when it is refused, its bytes are removed."""
        file = TableFile(stored.id, file_name, stored.size, stored.sha256, TableOptions())
        return self._submit(identity, name, new, file, None)

    def discard(self, stored: StoredBytes) -> None:
        """Delete a stored file that is not submitted after all."""
        self._store.delete(stored.id)

    def submit_product(self, identity: Identity, name: str, new: NewSubmission, product: int | str) -> Submission:
        """Submit the main file of a product of the caller, published or not.

        Raises
        ------
        PermissionDeniedError
            The product belongs to another user.
        NotFoundError
            There is no such challenge or product.
        """
        challenge, _ = self._open_task(identity, name, new.task_set)
        found = self._products.get(identity, product)
        require_change(identity, found)
        main = self._files.of_product(found.id)
        if main.size > challenge.definition.limits.max_bytes:
            raise too_large(main, challenge)
        copy = TableFile(self._store.duplicate(main.stored_id), main.name, main.size, main.sha256, main.options)
        return self._submit(identity, name, new, copy, found.id)

    def list(self, identity: Identity, name: str) -> tuple[Submission, ...]:
        """Return the caller's submissions, or all of them for those who run the challenge, newest first."""
        identity.require(Scope.READ)
        with self._database.read() as session:
            challenge = challenge_of_row(find_challenge(session, identity, name), identity)
            statement = select(SubmissionRow).where(SubmissionRow.challenge_id == challenge.id)
            if not challenge.manages:
                statement = statement.where(SubmissionRow.user_id == identity.user_id)
            rows = session.scalars(statement.order_by(SubmissionRow.id.desc()))
            return tuple(submission_of_row(row, challenge) for row in rows)

    def get(self, identity: Identity, name: str, number: int) -> Submission:
        """Return a submission of the caller, or any for those who run the challenge."""
        identity.require(Scope.READ)
        with self._database.read() as session:
            return self._find(session, identity, name, number)[1]

    def scores(self, identity: Identity, name: str, number: int) -> tuple[Score, ...]:
        """Return the scores of a submission that the caller may see now."""
        identity.require(Scope.READ)
        with self._database.read() as session:
            challenge, submission = self._find(session, identity, name, number)
            return tuple(stored_scores(session, [submission], challenge))

    def withdraw(self, identity: Identity, name: str, number: int) -> Submission:
        """Withdraw a submission before the challenge closes: it leaves the board, and its file is removed.

        Raises
        ------
        ConflictError
            The challenge is closed, or the submission was withdrawn before.
        PermissionDeniedError
            It belongs to another user.
        """
        user_id = identity.require(Scope.WRITE)
        with self._database.write() as session:
            row = find_challenge(session, identity, name, lock=True)
            challenge, submission = self._find(session, identity, name, number)
            if submission.user_id != user_id and not challenge.manages:
                raise PermissionDeniedError("Only the author of a submission and the organisers withdraw it.")
            if submission.state is SubmissionState.WITHDRAWN:
                raise ConflictError(f"The submission {number} was withdrawn already.")
            if challenge.state is not ChallengeState.OPEN and not challenge.manages:
                raise ConflictError(
                    f"The challenge '{name}' is {challenge.state}; ask its organisers to withdraw a submission."
                )
            stored_id = session.get_one(SubmissionRow, number).stored_id
            values = {"state": SubmissionState.WITHDRAWN, "withdrawn_at": utc_now(), "stored_id": None}
            session.execute(update(SubmissionRow).where(SubmissionRow.id == number).values(**values))
            changed(session, challenge.id)
            record_challenge(session, identity, "withdraw submission", row, submission=number)
        if stored_id is not None:
            self._store.delete(stored_id)
        return self.get(identity, name, number)

    def score_again(self, identity: Identity, name: str, number: int) -> Submission:
        """Queue the scoring of a submission once more, as an organiser; equal inputs give equal scores."""
        identity.require(Scope.WRITE)
        with self._database.write() as session:
            row = find_challenge(session, identity, name, lock=True)
            challenge, submission = self._find(session, identity, name, number)
            if not challenge.manages:
                raise PermissionDeniedError(f"Only the organisers of '{name}' and administrators may do this.")
            if submission.state not in {SubmissionState.SCORED, SubmissionState.FAILED}:
                raise ConflictError(f"The submission {number} is {submission.state}; it cannot be scored again.")
            record_challenge(session, identity, "score again", row, submission=number)
        self._queue(identity, number, SubmissionState.QUEUED if submission.is_checked else SubmissionState.CHECKING)
        return self.get(identity, name, number)

    def log(self, identity: Identity, name: str, number: int) -> tuple[str, ...]:
        """Return the lines of the log of the job that scored a submission, as long as the job exists."""
        submission = self.get(identity, name, number)
        if submission.job_id is None:
            return ()
        try:
            owner = self._jobs.find(submission.job_id).owner  # an organiser, if it was scored again
            lines = self._jobs.log(submission.job_id, owner=owner)
        except UnknownJobError:
            return ()
        return tuple(f"{line.time:%Y-%m-%d %H:%M:%S} {line.text}" for line in lines)

    def reconcile(self) -> None:
        """Fail submissions whose scoring was never queued, or whose jobs are gone, so that they can be scored again."""
        with self._database.read() as session:
            rows = session.scalars(select(SubmissionRow).where(SubmissionRow.state.in_(WAITING))).all()
        for row in rows:
            problem = self._interruption(row)
            if problem is None:
                continue
            with self._database.write() as session:
                session.execute(
                    update(SubmissionRow)
                    .where(SubmissionRow.id == row.id, SubmissionRow.state.in_(WAITING))
                    .where(SubmissionRow.job_id.is_not_distinct_from(row.job_id))
                    .values(state=SubmissionState.FAILED, error=problem)
                )
                changed(session, row.challenge_id)

    def _interruption(self, row: SubmissionRow) -> str | None:
        """Return why a queued submission will not be scored, or None if its job will do that."""
        is_new = row.submitted_at > utc_now() - _UNQUEUED
        if row.job_id is None:
            return None if is_new else _INTERRUPTED
        try:
            job = self._jobs.find(row.job_id)
        except UnknownJobError:
            return _INTERRUPTED
        if job.phase.ended:
            return job.error or _INTERRUPTED
        return _INTERRUPTED if job.phase is Phase.PENDING and not is_new else None

    def _submit(
        self, identity: Identity, name: str, new: NewSubmission, file: TableFile, product_id: int | None
    ) -> Submission:
        """Store a submission, which becomes the owner of a file, and queue its checks and its scoring."""
        kept = False
        try:
            challenge, task = self._open_task(identity, name, new.task_set)
            file = replace(file, name=checked_file_name(file.name))
            if not file.size:
                raise InvalidValueError("The submitted file is empty.", field="file")
            if file.size > challenge.definition.limits.max_bytes:
                raise too_large(file, challenge)
            user_id = identity.require(Scope.WRITE)
            with self._database.read() as session:
                check_new(session, challenge, task, user_id, file.sha256)
            number = self._store_row(identity, name, new, file, product_id)
            kept = True
        finally:
            if not kept:
                self._store.delete(file.stored_id)
        try:
            self._queue(identity, number, SubmissionState.CHECKING)
        except PhotozError:
            self._discard(number, file.stored_id)
            raise
        return self.get(identity, name, number)

    def _store_row(
        self, identity: Identity, name: str, new: NewSubmission, file: TableFile, product_id: int | None
    ) -> int:
        """Store a submission that is to be checked, and return its number; the limits hold under a lock."""
        user_id, now = identity.require(Scope.WRITE), utc_now()
        with self._database.write() as session:
            row = find_challenge(session, identity, name, lock=True)
            challenge = challenge_of_row(row, identity, now)
            task = task_of(challenge, new.task_set)
            check_open(challenge, now)
            check_new(session, challenge, task, user_id, file.sha256)
            check_limits(session, challenge, task, user_id, now)
            self._quota.check(session, user_id, file.size, lock=True)
            submission = rejected_before(session, challenge, task, user_id, file.sha256) or SubmissionRow(
                challenge_id=challenge.id, task_set=task.name, user_id=user_id, sha256=file.sha256, reproduction={}
            )
            submission.product_id, submission.file_name, submission.size = product_id, file.name[:255], file.size
            submission.stored_id, submission.job_id = file.stored_id, None
            submission.table_options = file.options.to_object()
            submission.state = SubmissionState.CHECKING
            submission.method = asdict(new.method)
            submission.checks = [asdict(file_check(file))]
            submission.submitted_at = now
            session.add(submission)
            session.flush()
            changed(session, challenge.id)
            record_challenge(session, identity, "submit", row, submission=submission.id, task_set=task.name)
            return submission.id

    def _queue(self, identity: Identity, number: int, state: SubmissionState) -> None:
        """Create and run the job of a submission; one that was withdrawn meanwhile stays withdrawn."""
        job = self._jobs.create(SCORE, {"submission": str(number)}, owner=identity.name, run=False)
        with self._database.write() as session:
            challenge_id = session.scalar(
                update(SubmissionRow)
                .where(SubmissionRow.id == number, SubmissionRow.state != SubmissionState.WITHDRAWN)
                .values(job_id=job.id, state=state, error=None)
                .returning(SubmissionRow.challenge_id)
            )
            if challenge_id is not None:
                changed(session, challenge_id)
        if challenge_id is None:
            self._jobs.delete(job.id, owner=identity.name)
        else:
            self._jobs.run(job.id, owner=identity.name)

    def _discard(self, number: int, stored_id: str) -> None:
        with self._database.write() as session:
            row = session.get(SubmissionRow, number)
            if row is not None:
                changed(session, row.challenge_id)
                session.delete(row)
        self._store.delete(stored_id)

    def _open_task(self, identity: Identity, name: str, task_set: str) -> tuple[Challenge, TaskSet]:
        """Return a challenge and its task set if the caller may submit to it now."""
        identity.require(Scope.WRITE)
        now = utc_now()
        with self._database.read() as session:
            challenge = challenge_of_row(find_challenge(session, identity, name), identity, now)
        if not challenge.takes_part:
            raise PermissionDeniedError(
                f"Only members of {' and '.join(challenge.groups)} take part in the challenge '{name}'."
            )
        task = task_of(challenge, task_set)
        check_open(challenge, now)
        return challenge, task

    def _find(self, session: Session, identity: Identity, name: str, number: int) -> tuple[Challenge, Submission]:
        challenge = challenge_of_row(find_challenge(session, identity, name), identity)
        statement = select(SubmissionRow).where(SubmissionRow.id == number, SubmissionRow.challenge_id == challenge.id)
        if not challenge.manages:
            statement = statement.where(SubmissionRow.user_id == identity.user_id)
        row = session.scalar(statement)
        if row is None:
            raise NotFoundError(f"The challenge '{name}' has no submission {number} of yours.")
        return challenge, submission_of_row(row, challenge)
