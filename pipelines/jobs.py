"""The work of a run: it reads the inputs as its owner may, runs the pipeline, and publishes what came out."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel
from sqlalchemy import select

from core.auth.models import Identity, Scope
from core.database import Database, utc_now
from core.errors import ConflictError, NotFoundError
from core.files import FileStore
from core.settings import Settings
from pipelines.checks import CheckedRun, RunChecker
from pipelines.combine import FlagsTranslation, combine_redshifts
from pipelines.combine.configuration import CombineConfiguration
from pipelines.combine.projection import columns_needed
from pipelines.engines import Engine, engine_of
from pipelines.inputs import RunInput
from pipelines.models import Run
from pipelines.provenance import GeneratedFile, activity_of, provenance_json
from pipelines.reading import InputReader, LazyTables
from pipelines.schema import PipelineRunRow
from pipelines.steps import Steps
from pipelines.storage import run_of_row
from pipelines.training import ObjectSource, make_training_set, open_objects
from pipelines.training.configuration import TrainingSetConfiguration
from pipelines.writing import write_result
from products.inspector import Inspector
from products.models import FileRole, ProductStatus
from products.provenance import ProvenanceService
from products.readers import ReadLimits
from products.readers.memory import MemoryReader
from products.results import ResultFile, ResultProducts
from products.schema import ProductRow
from uws import JobContext
from uws.scopes import scope_of_job

__all__ = ["CONFIGURATION", "LOG", "PROVENANCE", "REPORT", "RULES", "PipelineJobs"]

#: Names of the files that a result has beside its table.
CONFIGURATION, LOG, PROVENANCE, REPORT, RULES = (
    "config.yaml", "pipeline.log", "provenance.json", "report.json", "flags_translation.yaml",
)  # fmt: skip

_COMBINED = {
    "id": "CRD_ID",
    "z_flag": "z_flag_homogenized",
    **{key: key for key in ("ra", "dec", "z", "z_err", "survey")},
}


@dataclass(frozen=True, slots=True)
class _Made:
    """What a pipeline made: its table, its report, and which column has which meaning."""

    table: pa.Table
    report: BaseModel
    meanings: Mapping[str, str]

    @property
    def position(self) -> tuple[str, str]:
        return self.meanings["ra"], self.meanings["dec"]


class PipelineJobs:
    """Runs pipelines in the process of a job.

    Parameters
    ----------
    identity_of
        Gives the identity of an active user with a scope, as it is now.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: FileStore,
        checker: RunChecker,
        results: ResultProducts,
        provenance: ProvenanceService,
        identity_of: Callable[[str, Scope], Identity],
    ) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._checker = checker
        self._identity_of = identity_of
        self._results = results
        self._provenance = provenance
        self._inspector = Inspector(database, store, settings.tables_folder, max_columns=settings.max_columns)

    def run(self, context: JobContext) -> None:
        """Run the pipeline of a job and publish its result.

        Raises
        ------
        PhotozError
            An input cannot be used, or is not there for the owner any more.
        """
        run, internal_name, status = self._run_of(context)
        if status is not ProductStatus.PUBLISHED:  # else the worker died between the publication and its word of it
            self._make(context, run, internal_name)
        context.progress(1.0, "Published")
        context.add_result("result", "results/result")
        for name in ("report", "provenance", "configuration", "log"):
            context.add_result(name, f"results/{name}")

    def _make(self, context: JobContext, run: Run, internal_name: str) -> None:
        started, steps = utc_now(), Steps(context)
        identity = self._identity_of(run.owner, scope_of_job(context.job))
        limits = ReadLimits(max_columns=self._settings.max_columns)
        reader = InputReader(self._store, self._settings.tables_folder, limits, context.scratch)
        checked = self._checker.check(identity, run.pipeline, run.settings, reader.look)
        for each in checked.inputs:
            if each.address is not None:
                steps.log(_meanings_of(each))
        with engine_of(self._settings.dask_scheduler) as engine:
            made = self._made(checked, reader, steps, engine)
        for warning in getattr(made.report, "warnings", ()):
            steps.log(warning)
        folder = context.scratch / "result"
        folder.mkdir()
        configuration = checked.configuration
        steps.tell(0.72, f"Writing {made.table.num_rows} rows")
        written = write_result(
            made.table, folder, _stem(internal_name, run), str(configuration.output_format), made.position, as_zip=True
        )
        steps.close()
        main = ResultFile(written.path, FileRole.MAIN, made.table.num_rows, written.details)
        settings = configuration.model_dump(mode="json", exclude_none=True)
        _write_documents(folder, checked, made, settings, steps)
        files = [_generated(path) for path in sorted(folder.iterdir()) if path.is_file()]
        provenance = provenance_json(
            run, checked.inputs, files, settings, steps.done, product=internal_name,
            base_url=self._settings.public_url, started=started, ended=utc_now(),
        )  # fmt: skip
        (folder / PROVENANCE).write_bytes(provenance)
        release = checked.release.name if checked.release is not None and checked.objects is None else None
        activity = activity_of(run, checked.inputs, settings, steps.done, started, release)
        self._provenance.record(run.product_id, activity)
        others = [path for path in sorted(folder.iterdir()) if path.is_file() and path != written.path]
        self._publish(
            context, run, [main, *(ResultFile(path, FileRole.AUXILIARY) for path in others)], made,
            steps.part(0.78, 0.99),
        )  # fmt: skip

    def _publish(
        self,
        context: JobContext,
        run: Run,
        files: list[ResultFile],
        made: _Made,
        progress: Callable[[float, str], None],
    ) -> None:
        details = files[0].details or {}
        self._results.fill(run.product_id, context.job.id, files, made.table.schema, made.meanings)
        table = MemoryReader(made.table, str(details["format"]), {k: v for k, v in details.items() if k != "format"})
        if not self._inspector.take(run.product_id, context.job.id, table, progress=progress, scratch=context.scratch):
            raise ConflictError("The product was deleted while it was being made; nothing was kept.")

    def _made(self, checked: CheckedRun, reader: InputReader, steps: Steps, engine: Engine) -> _Made:
        configuration = checked.configuration
        if isinstance(configuration, CombineConfiguration):
            return _combined(checked, configuration, reader, steps, engine)
        return self._trained(checked, configuration, reader, steps, engine)

    def _trained(
        self,
        checked: CheckedRun,
        configuration: TrainingSetConfiguration,
        reader: InputReader,
        steps: Steps,
        engine: Engine,
    ) -> _Made:
        redshifts = checked.redshifts[0]
        steps.tell(0.0, f"Reading {redshifts.name}")
        table = reader.read(redshifts)
        objects = self._objects(checked, reader, steps, engine)
        made = make_training_set(table, objects, configuration, progress=steps.part(0.1, 0.7))
        return _Made(made.table, made.report, made.columns)

    def _objects(self, checked: CheckedRun, reader: InputReader, steps: Steps, engine: Engine) -> ObjectSource:
        if checked.objects is not None:
            path = reader.sorted_rows(checked.objects, steps.part(0.02, 0.1))
            # The workers of an engine elsewhere may not see the scratch folder of this job.
            return engine.objects(path) if checked.objects.stored_table is not None else open_objects(path)
        if checked.release_path is None:
            raise NotFoundError("The object catalogue is not there any more.")
        return engine.objects(checked.release_path)

    def _run_of(self, context: JobContext) -> tuple[Run, str, ProductStatus]:
        with self._database.read() as session:
            row = session.scalar(select(PipelineRunRow).where(PipelineRunRow.job_id == context.job.id))
            product = None if row is None else session.get(ProductRow, row.product_id)
            if row is None or product is None or product.status == ProductStatus.DELETED:
                raise NotFoundError("The product that this run should make was deleted.")
            return run_of_row(row, None), product.internal_name or "", ProductStatus(product.status)


def _combined(
    checked: CheckedRun, configuration: CombineConfiguration, reader: InputReader, steps: Steps, engine: Engine
) -> _Made:
    rules = _rules_of(checked)
    entries = {entry.internal_name: entry for entry in configuration.inputs.specz}

    def read(name: str) -> Callable[[], pa.Table]:
        product = next(each for each in checked.redshifts if each.name == name)
        entry = entries[name]
        return lambda: reader.read(product, lambda names: columns_needed(entry, configuration.param, rules, names))

    tables = LazyTables({name: read(name) for name in entries})
    made = combine_redshifts(
        tables, configuration, rules=rules, progress=steps.part(0.0, 0.7), finder=engine.pairs_within
    )
    names = made.table.column_names
    return _Made(made.table, made.report, {key: column for key, column in _COMBINED.items() if column in names})


def _meanings_of(each: RunInput) -> str:
    said = ", ".join(f"{key} is {column}" for key, column in each.columns.items())
    return f"Columns of {each.name}: {said}."


def _rules_of(checked: CheckedRun) -> FlagsTranslation:
    text = checked.request.rules
    return FlagsTranslation.default() if text is None else FlagsTranslation.from_yaml(text, RULES)


def _write_documents(
    folder: Path, checked: CheckedRun, made: _Made, settings: Mapping[str, object], steps: Steps
) -> None:
    import yaml

    (folder / REPORT).write_text(made.report.model_dump_json(indent=1), "utf-8")
    (folder / CONFIGURATION).write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), "utf-8")
    if checked.request.rules is not None:
        (folder / RULES).write_text(checked.request.rules, "utf-8")
    lines = [f"{seconds:9.3f} s  {step}" for step, seconds in steps.done]
    lines += [f"WARNING  {warning}" for warning in getattr(made.report, "warnings", ())]
    (folder / LOG).write_text("\n".join(lines) + "\n", "utf-8")


def _generated(path: Path) -> GeneratedFile:
    with path.open("rb") as file:
        return GeneratedFile(path.name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _stem(internal_name: str, run: Run) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "", internal_name.partition("_")[2]).strip("_")[:100]
    return name or run.pipeline.name
