"""`ChallengeServices`: the objects of challenges, constructed from the settings."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from core.database import Database
from core.files import FileStore
from core.parts import part
from core.settings import Settings
from pipelines.challenges.models import SCORE
from products.quotas import QuotaRule
from products.service import ProductService
from uws import Job, JobContext, JobKind, JobService

if TYPE_CHECKING:
    from pipelines.challenges.board import BoardService
    from pipelines.challenges.comparison import ComparisonService
    from pipelines.challenges.files import ChallengeFiles
    from pipelines.challenges.jobs import ScoringJobs
    from pipelines.challenges.service import ChallengeService
    from pipelines.challenges.submissions import SubmissionService
    from pipelines.challenges.tables import ChallengeTableSource

__all__ = ["ChallengeServices"]


class ChallengeServices:
    """The objects of challenges in one process, each constructed when it is first used.

    Parameters
    ----------
    settings
        Settings of the server.
    database
        The metadata database.
    store
        The file store.
    products
        Finds products that are submitted.
    jobs
        Returns the job service; called when it is first used.
    quota
        The storage quota of users.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: FileStore,
        products: ProductService,
        jobs: Callable[[], JobService],
        quota: QuotaRule,
    ) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._products = products
        self._jobs = jobs
        self._quota = quota

    @part
    def service(self) -> "ChallengeService":
        """Service that makes, changes, opens, closes and publishes challenges."""
        from pipelines.challenges.service import ChallengeService

        return ChallengeService(self._database, self.files)

    @part
    def submissions(self) -> "SubmissionService":
        """Service of submissions."""
        from pipelines.challenges.submissions import SubmissionService

        return SubmissionService(self._database, self._store, self.files, self._products, self._jobs(), self._quota)

    @part
    def boards(self) -> "BoardService":
        """Boards of challenges."""
        from pipelines.challenges.board import BoardService

        return BoardService(self._database)

    @part
    def comparisons(self) -> "ComparisonService":
        """Comparisons of submissions."""
        from pipelines.challenges.comparison import ComparisonService

        return ComparisonService(self._database, self.boards)

    @part
    def tables(self) -> "ChallengeTableSource":
        """Challenges, submissions and scores as rows of TAP tables."""
        from pipelines.challenges.tables import ChallengeTableSource

        return ChallengeTableSource(self._database)

    def job_kinds(self) -> Iterator[JobKind]:
        """Yield the kind of job that checks and scores submissions."""
        yield JobKind(
            SCORE,
            self._run,
            retry=True,
            seconds=self._settings.job_seconds,
            on_end=self._ended,
            label="Checks and scoring of a submission",
        )

    def _run(self, context: JobContext) -> None:
        self._scoring_jobs.run(context)

    def _ended(self, job: Job) -> None:
        self._scoring_jobs.ended(job)

    @part
    def _scoring_jobs(self) -> "ScoringJobs":
        from pipelines.challenges.jobs import ScoringJobs

        return ScoringJobs(self._database, self.files)

    @part
    def files(self) -> "ChallengeFiles":
        """Files of truths, test products and submissions."""
        from pipelines.challenges.files import ChallengeFiles
        from products.readers import ReadLimits

        limits = ReadLimits(max_columns=self._settings.max_columns)
        return ChallengeFiles(self._database, self._store, limits, self._settings.scratch_folder)
