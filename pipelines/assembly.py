"""The parts of the pipelines, each constructed from the settings when it is first used."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from core.auth.models import Identity, Scope
from core.database import Database
from core.files import FileStore
from core.parts import part
from core.settings import Settings
from pipelines.definitions import PIPELINES
from pipelines.inputs.vospace_files import InputNodes
from pipelines.models import AnyPipeline
from pipelines.runs.checks import RunChecker
from pipelines.runs.completion import RunEndings
from pipelines.service import PipelineService
from products.assembly import ProductServices
from uws import JobContext, JobKind, JobService

if TYPE_CHECKING:
    from pipelines.runs.jobs import PipelineJobs

__all__ = ["PipelineServices"]


class PipelineServices:
    """The pipelines of one process.

    Parameters
    ----------
    settings
        Settings of the server.
    database
        The metadata database.
    store
        The files of products.
    products
        The catalogue that inputs come from and results go to.
    inputs
        Finds the files that ``vos:`` addresses name.
    identity_of
        Returns the identity of an account with a scope.
    jobs
        Returns the jobs of the server; called when runs are first asked for.
    definitions
        The pipelines by name.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: FileStore,
        products: ProductServices,
        inputs: InputNodes,
        identity_of: Callable[[str, Scope], Identity],
        jobs: Callable[[], JobService],
        definitions: Mapping[str, AnyPipeline] = PIPELINES,
    ) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._products = products
        self._inputs = inputs
        self._identity_of = identity_of
        self._jobs = jobs
        self.definitions = definitions

    @part
    def service(self) -> PipelineService:
        """Runs: submit, list, follow, stop."""
        return PipelineService(
            self._database,
            self._jobs(),
            self._products.service,
            self._products.job_products,
            self.checker,
            self.completion,
            self.definitions,
        )

    @part
    def checker(self) -> RunChecker:
        """Checks of runs before they are queued, and again when they begin."""
        return RunChecker(self._products.service, self._inputs, self._settings.datasets)

    @part
    def completion(self) -> RunEndings:
        """Stores how runs ended."""
        return RunEndings(self._database, self._products.job_products)

    def job_kinds(self) -> Iterator[JobKind]:
        """Yield the kinds of job of this package: one a pipeline."""
        for name in self.definitions:
            yield JobKind(
                name,
                self._run,
                retry=True,
                seconds=self._settings.job_seconds,
                lengthy=True,
                on_end=self.completion.ended,
            )

    def _run(self, context: JobContext) -> None:
        self._pipeline_jobs.run(context)

    @part
    def _pipeline_jobs(self) -> "PipelineJobs":
        # Imported when the first run begins: commands, and workers with other jobs, do without.
        from pipelines.runs.jobs import PipelineJobs

        return PipelineJobs(
            self._settings,
            self._database,
            self._store,
            self.checker,
            self._products.job_products,
            self._products.provenance,
            self._identity_of,
            self.definitions,
        )
