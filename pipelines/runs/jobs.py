"""Job function of runs: read the inputs with the owner's permissions, run the pipeline, publish the result."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from core.auth.models import Identity, Scope
from core.database import Database, utc_now
from core.errors import ConflictError, NotFoundError
from core.files import FileStore
from core.files.kept import KeptFiles
from core.settings import Settings
from pipelines.crossmatch.objects import ObjectSource
from pipelines.crossmatch.parallel import Runner
from pipelines.definitions import PIPELINES
from pipelines.engines.clusters import running_cluster
from pipelines.engines.engine import Engine, LocalEngine, engine_of
from pipelines.inputs.catalogue_folders import Address
from pipelines.inputs.configuration import configuration_document
from pipelines.inputs.lookup import RunInput
from pipelines.inputs.reading import InputReader
from pipelines.inputs.rows import Projection, RowSource
from pipelines.models import AnyPipeline, InputEntry, MadeFile, PipelineResult, Progress, Run
from pipelines.outputs.result_files import write_result
from pipelines.runs.checks import CheckedRun, RunChecker
from pipelines.runs.clusters import cluster_options, slurm_name
from pipelines.runs.further_results import further_product
from pipelines.runs.progress import RunProgress
from pipelines.runs.provenance import GeneratedFile, activity_of, provenance_json
from pipelines.schema import PipelineRunRow
from pipelines.storage import run_of_row
from products.lifecycle.inspector import Beside, Inspector
from products.lifecycle.job_products import JobProductService, ResultFile
from products.models import FileRole, ProductStatus
from products.provenance import ProvenanceService
from products.provenance.further_products import FurtherProductService
from products.readers import ReadLimits
from products.readers.memory import MemoryReader
from products.schema import ProductRow
from uws import JobContext

__all__ = ["CONFIGURATION", "LOG", "PROVENANCE", "REPORT", "PipelineJobs"]

#: Names of the files that a result has beside its table.
CONFIGURATION, LOG, PROVENANCE, REPORT = "config.yaml", "pipeline.log", "provenance.json", "report.json"
#: Progress of a run when its pipeline has returned the result.
_MADE = 0.7


class PipelineJobs:
    """Job functions of the pipelines.

    Parameters
    ----------
    rows
        The derived rows of products.
    identity_of
        Returns the present identity of an active user with a scope.
    definitions
        The pipelines that can be run, by name.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: FileStore,
        rows: KeptFiles,
        checker: RunChecker,
        results: JobProductService,
        provenance: ProvenanceService,
        inspector: Inspector,
        further: FurtherProductService,
        identity_of: Callable[[str, Scope], Identity],
        definitions: Mapping[str, AnyPipeline] = PIPELINES,
    ) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._rows = rows
        self._checker = checker
        self._identity_of = identity_of
        self._results = results
        self._definitions = definitions
        self._provenance = provenance
        self._inspector = inspector
        self._further = further

    def run(self, context: JobContext) -> None:
        """Run the pipeline of a job and publish its result.

        Raises
        ------
        PhotozError
            An input cannot be used, or the owner can no longer read it.
        """
        run, internal_name, status = self._run_of(context)
        if status is not ProductStatus.PUBLISHED:  # else the worker died after the publication
            self._make(context, run, internal_name)
        context.progress(1.0, "Published")
        context.add_result("result", "results/result")
        names = ("report", "provenance", "configuration", "log")
        for name in names if run.pipeline.rules is None else (*names, "rules"):
            context.add_result(name, f"results/{name}")

    def _make(self, context: JobContext, run: Run, internal_name: str) -> None:
        started, steps = utc_now(), RunProgress(context)
        identity = context.job.identity(self._identity_of)
        limits = ReadLimits(max_columns=self._settings.max_columns)
        reader = InputReader(self._store, self._rows, limits, context.scratch)
        checked = self._checker.check(identity, run.pipeline, run.settings, reader.inspect)
        inputs = checked.inputs
        for sentence in checked.request.ignored:
            steps.log(sentence)
        for each in inputs.all:
            if each.address is not None:
                steps.log(_meanings_of(each))
        with self._engine(context) as engine:
            rows = 0 if engine.is_elsewhere else self._settings.combination_rows
            scratch = context.scratch / "work"
            scratch.mkdir()
            work = _JobWork(checked, reader, engine, steps.part(0.0, _MADE), scratch, rows)
            work.estimators = self._settings.estimators_folder
            made = run.pipeline.run(work)
        for warning in made.warnings:
            steps.log(warning)
        folder = context.scratch / "result"
        folder.mkdir()
        configuration = made.configuration or checked.configuration
        steps.report(0.72, f"Writing {made.table.num_rows} rows")
        written = write_result(
            made.table, folder, _stem(internal_name, run), str(configuration.output_format), made.position, as_zip=True
        )
        steps.close()
        main = ResultFile(written.path, FileRole.MAIN, made.table.num_rows, written.details)
        settings = configuration_document(configuration)
        _write_documents(folder, checked, made, settings, steps)
        files = [_generated(path) for path in sorted(folder.iterdir()) if path.is_file()]
        provenance = provenance_json(
            run, inputs.all, files, settings, steps.done, product=internal_name,
            base_url=self._settings.public_url, started=started, ended=utc_now(),
        )  # fmt: skip
        (folder / PROVENANCE).write_bytes(provenance)
        release = inputs.release.name if inputs.release is not None and inputs.objects is None else None
        activity = activity_of(run, inputs.all, settings, steps.done, started, release, made.rules)
        self._provenance.record(run.product_id, activity)
        others = [path for path in sorted(folder.iterdir()) if path.is_file() and path != written.path]
        further = further_product(run, made, inputs.catalogues, settings, steps.done, started)
        self._publish(
            context, run, [main, *(ResultFile(path, FileRole.AUXILIARY) for path in others)], made,
            steps.part(0.78, 0.99),
            nullcontext() if further is None else self._further.beside(identity, further, context.scratch),
        )  # fmt: skip

    @contextmanager
    def _engine(self, context: JobContext) -> Iterator[Engine]:
        """Give the engine of the settings; a cluster is started for this run alone."""
        options = cluster_options(self._settings)
        if options is None:
            with engine_of(self._settings.dask_scheduler) as engine:
                yield engine
            return
        logs = context.scratch / "cluster"
        with (
            running_cluster(options, slurm_name(context.job.id), logs, context.log) as address,
            engine_of(address) as engine,
        ):
            yield engine

    def _publish(
        self,
        context: JobContext,
        run: Run,
        files: list[ResultFile],
        made: PipelineResult,
        progress: Callable[[float, str], None],
        beside: AbstractContextManager[Beside | None],
    ) -> None:
        details = files[0].details or {}
        self._results.fill(run.product_id, context.job.id, files, made.table.schema, made.meanings)
        table = MemoryReader(made.table, str(details["format"]), {k: v for k, v in details.items() if k != "format"})
        if not self._inspector.publish_table(
            run.product_id, context.job.id, table, progress=progress, scratch=context.scratch, beside=beside
        ):
            raise ConflictError("The product was deleted during the run; nothing was stored.")

    def _run_of(self, context: JobContext) -> tuple[Run, str, ProductStatus]:
        with self._database.read() as session:
            row = session.scalar(select(PipelineRunRow).where(PipelineRunRow.job_id == context.job.id))
            product = None if row is None else session.get(ProductRow, row.product_id)
            if row is None or product is None or product.status == ProductStatus.DELETED:
                raise NotFoundError("The product of this run was deleted.")
            return run_of_row(row, None, self._definitions), product.internal_name or "", ProductStatus(product.status)


class _JobWork:
    """`Work` in a job: inputs are products, files in the VOSpace, and catalogues of releases."""

    def __init__(
        self,
        checked: CheckedRun,
        reader: InputReader,
        engine: Engine,
        progress: Progress,
        scratch: Path,
        rows_in_memory: int,
    ) -> None:
        # Any: each pipeline takes what it configured itself.
        self.configuration: Any = checked.configuration
        self.estimators: Path | None = None
        self._request, self._inputs = checked.request, checked.inputs
        self._reader, self._engine, self._progress = reader, engine, progress
        self.runner: Runner = engine
        self.scratch, self.rows_in_memory = scratch, rows_in_memory

    def read(self, entry: InputEntry, projection: Projection = list) -> pa.Table:
        found = self._found(entry)
        if found is None:
            raise NotFoundError(f"The run was given no input {entry.internal_name}.")
        return self._reader.read(found, projection)

    def open_rows(self, entry: InputEntry) -> AbstractContextManager[RowSource]:
        found = self._found(entry)
        if found is None:
            raise NotFoundError(f"The run was given no input {entry.internal_name}.")
        return self._reader.open_rows(found)

    def made_file(self, entry: InputEntry) -> MadeFile | None:
        found = self._found(entry)
        if found is None or found.facts is None:
            return None
        return MadeFile(self._reader.file(found), found.facts)

    def read_rules(self, name: str) -> str:
        if self._request.rules is None:
            raise NotFoundError(f"The run was given no file {name}.")
        return self._request.rules

    def open_objects(
        self, entry: InputEntry, catalogue_in: Callable[[Address], Address], progress: Progress
    ) -> ObjectSource:
        objects, folder = self._found(entry), self._inputs.release_folder
        if objects is not None:
            path = self._reader.sorted_rows(objects, progress)
            # The workers of an engine elsewhere may not see the scratch folder of this job, nor copies of rows.
            is_seen = objects.stored_table is not None and not self._reader.tables.has_copies
            engine = self._engine if is_seen or not self._engine.is_elsewhere else LocalEngine()
            return engine.objects(path)
        if folder is None:
            raise NotFoundError("The object catalogue no longer exists.")
        return self._engine.objects(catalogue_in(folder))

    def progress(self, fraction: float, step: str) -> None:
        self._progress(fraction, step)

    def _found(self, entry: InputEntry) -> RunInput | None:
        return next((each for each in self._inputs.all if each.name == entry.internal_name), None)


def _meanings_of(each: RunInput) -> str:
    meanings = ", ".join(f"{key} is {column}" for key, column in each.columns.items())
    return f"Columns of {each.name}: {meanings}."


def _write_documents(
    folder: Path, checked: CheckedRun, made: PipelineResult, settings: Mapping[str, object], steps: RunProgress
) -> None:
    import yaml

    (folder / REPORT).write_text(made.report.model_dump_json(indent=1), "utf-8")
    (folder / CONFIGURATION).write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), "utf-8")
    if made.rules is not None and checked.pipeline.rules is not None:
        (folder / checked.pipeline.rules.name).write_text(made.rules, "utf-8")
    for name, content in made.documents.items():
        (folder / name).write_bytes(content)
    lines = [f"{seconds:9.3f} s  {step}" for step, seconds in steps.done]
    lines += [f"WARNING  {warning}" for warning in made.warnings]
    (folder / LOG).write_text("\n".join(lines) + "\n", "utf-8")


def _generated(path: Path) -> GeneratedFile:
    with path.open("rb") as file:
        return GeneratedFile(path.name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _stem(internal_name: str, run: Run) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "", internal_name.partition("_")[2]).strip("_")[:100]
    return name or run.pipeline.name
