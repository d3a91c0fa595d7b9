"""`PipelineServices`: the objects of this package, constructed from the settings."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from core.auth.models import Identity, Scope
from core.database import Database
from core.files import FileStore
from core.parts import part
from core.settings import Settings
from pipelines.challenges.assembly import ChallengeServices
from pipelines.definitions import PIPELINES
from pipelines.inputs.made_files import facts_of
from pipelines.inputs.vospace_files import InputNodes
from pipelines.models import AnyPipeline
from pipelines.runs.checks import RunChecker
from pipelines.runs.completion import RunCompletion
from pipelines.runs.presets import PresetService
from pipelines.runs.preview import RunPreviewer
from pipelines.service import PipelineService
from products.assembly import ProductServices
from uws import Job, JobContext, JobKind, JobService

if TYPE_CHECKING:
    from pipelines.runs.jobs import PipelineJobs

__all__ = ["PipelineServices"]


class PipelineServices:
    """The objects of the pipelines in one process, each constructed when it is first used.

    Parameters
    ----------
    settings
        Settings of the server.
    database
        The metadata database.
    store
        The files of products.
    products
        The catalogue, which has the inputs and the results.
    inputs
        Finds the files of ``vos:`` URIs.
    identity_of
        Returns the identity of an account with a scope.
    jobs
        Returns the job service; called when the service is first used.
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
        """Service that submits, lists and stops runs."""
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
        """Checks of runs, before they are queued and again when they start."""
        recorded = facts_of(self._products.provenance)
        return RunChecker(self._products.service, self._inputs, self._settings.datasets, recorded)

    @part
    def presets(self) -> PresetService:
        """Saved parameters of users."""
        return PresetService(self._database, self.definitions)

    @part
    def previewer(self) -> RunPreviewer:
        """Previews of runs."""
        return RunPreviewer(self._products.service, self._products.rows)

    @part
    def challenges(self) -> ChallengeServices:
        """Challenges and their submissions."""
        return ChallengeServices(
            self._settings, self._database, self._store, self._products.service, self._jobs, self._products.quota
        )

    @part
    def completion(self) -> RunCompletion:
        """Service that stores the final state of runs."""
        return RunCompletion(self._database, self._products.job_products)

    def job_kinds(self) -> Iterator[JobKind]:
        """Yield the kinds of job of this package: one a pipeline, and the scoring of submissions."""
        yield from self.challenges.job_kinds()
        for name, pipeline in self.definitions.items():
            yield JobKind(
                name,
                self._run,
                retry=True,
                seconds=self._settings.job_seconds,
                long_running=True,
                on_end=self._ended,
                label=pipeline.display_name,
                path=f"/pipelines/{name}",
            )

    def _ended(self, job: Job) -> None:
        if self._settings.dask_cluster is not None:
            # Imported where clusters are started alone.
            from pipelines.runs.clusters import end_cluster

            end_cluster(self._settings, job.id)
        self.completion.ended(job)

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
            self._products.rows,
            self.checker,
            self._products.job_products,
            self._products.provenance,
            self._products.inspector,
            self._products.further_products,
            self._identity_of,
            self.definitions,
        )
