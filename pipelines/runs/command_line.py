"""Runs of pipelines on local files with a configuration file (``photoz pipeline run``)."""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import yaml

from core.database import utc_now
from core.errors import InvalidValueError
from pipelines.crossmatch.objects import ObjectSource
from pipelines.crossmatch.parallel import Runner
from pipelines.definitions import PIPELINES, pipeline_by_name
from pipelines.engines.engine import Engine, LocalEngine
from pipelines.inputs.catalogue_folders import Address, address_of, name_of
from pipelines.inputs.configuration import PipelineConfiguration, configuration_document
from pipelines.inputs.rows import Projection, RowSource, projected, table_of
from pipelines.models import AnyPipeline, InputEntry, PipelineResult, Progress
from pipelines.outputs import output_name_for
from pipelines.outputs.result_files import WrittenTable, write_result
from pipelines.runs.provenance import software_versions
from pipelines.training import open_objects
from products.adjustments.reader import open_adjusted
from products.readers.recognition import format_of_name

__all__ = ["ROWS_IN_MEMORY", "FileRun", "run_files"]


#: Rows of a combination that stay in memory, about 1.5 GB.
ROWS_IN_MEMORY = 4_000_000


@dataclass(frozen=True, slots=True)
class FileRun:
    """Files of a finished run: the table and the report."""

    result: Path
    report: Path
    rows: int
    warnings: tuple[str, ...]


def run_files(
    name: str,
    configuration: Path,
    base: Path,
    progress: Progress,
    *,
    inputs: Path | None = None,
    engine: Engine | None = None,
    rows_in_memory: int = ROWS_IN_MEMORY,
    definitions: Mapping[str, AnyPipeline] = PIPELINES,
) -> FileRun:
    """Run a pipeline on the files that a configuration names.

    Parameters
    ----------
    name
        Name of the pipeline.
    base
        Folder that the output folder of the configuration is relative to.
    inputs
        Folder that the paths of inputs are relative to; by default that of the configuration.
    rows_in_memory
        Most rows of a combination that stay in memory; with more, rows wait on disk, beside the result.
    definitions
        The pipelines that can be run, by name.

    Raises
    ------
    PhotozError
        The configuration or a file cannot be used.
    """
    pipeline, started = pipeline_by_name(name, definitions), utc_now()
    if not configuration.is_file():
        raise InvalidValueError(f"There is no configuration {configuration}.", field="configuration")
    settings: PipelineConfiguration = pipeline.load(configuration)
    folder = base / settings.output_root_dir / settings.output_dir
    folder.mkdir(parents=True, exist_ok=True)
    # Beside the result, where workers of a cluster see it, and where there is space for as much as the result.
    with TemporaryDirectory(prefix=".work_", dir=folder) as scratch:
        work = _FileWork(
            settings, inputs or configuration.parent, engine or LocalEngine(), progress, Path(scratch), rows_in_memory
        )
        made = pipeline.run(work)
        written = _written(made, folder, settings, work.output_format)
    report = _write_documents(folder, settings, pipeline, made)
    process = {
        "pipeline": pipeline.name,
        "version": pipeline.version,
        "software": software_versions(),
        "status": "Successful",
        "start_time": started.isoformat(),
        "end_time": utc_now().isoformat(),
        "inputs": [{"path": str(path), "sha256": _digest(path)} for path in work.paths],
        "rules": None if made.rules is None else {"sha256": hashlib.sha256(made.rules.encode()).hexdigest()},
        "outputs": [{"path": written.path.name, "role": "main", "columns_assoc": dict(made.meanings)}],
    }
    (folder / "process.yml").write_text(_yaml(process), "utf-8")
    return FileRun(written.path, report, made.table.num_rows, made.warnings)


def _written(made: PipelineResult, folder: Path, settings: PipelineConfiguration, output_format: str) -> WrittenTable:
    if output_format == "hats" and (folder / settings.output_name).exists():
        raise InvalidValueError(
            f"The folder {folder / settings.output_name} exists; remove it, or name another result."
        )  # fmt: skip
    return write_result(made.table, folder, settings.output_name, output_format, made.position, as_zip=False)


class _FileWork:
    """`Work` on local files.

    Attributes
    ----------
    paths
        Files, folders and URLs that were read.
    """

    def __init__(
        self,
        configuration: PipelineConfiguration,
        folder: Path,
        engine: Engine,
        progress: Progress,
        scratch: Path,
        rows_in_memory: int,
    ) -> None:
        # Any: each pipeline takes what it loaded itself.
        self.configuration: Any = configuration
        self.paths: list[Address] = []
        self.estimators: Path | None = None
        self._folder, self._engine, self._progress = folder, engine, progress
        self.runner: Runner = engine
        self.scratch = scratch
        self.rows_in_memory = 0 if engine.is_elsewhere else rows_in_memory

    @property
    def output_format(self) -> str:
        """The format of the result: the one that the configuration names, or that of the first input."""
        chosen: str | None = self.configuration.output_format
        if chosen not in {None, "specz"}:
            return str(chosen)
        first = self.paths[0]
        is_folder = isinstance(first, Path) and first.is_dir()
        return "hats" if is_folder else output_name_for(format_of_name(name_of(first)))

    def read(self, entry: InputEntry, projection: Projection = list) -> pa.Table:
        with projected(self.open_rows(entry), projection) as rows:
            return table_of(rows)

    def open_rows(self, entry: InputEntry) -> AbstractContextManager[RowSource]:
        path = self._found(entry)
        if not path.exists():
            raise InvalidValueError(f"There is no file {path}.", field="inputs")
        return nullcontext(open_objects(path).all_rows()) if path.is_dir() else open_adjusted(path, path.name)

    def made_file(self, entry: InputEntry) -> None:
        """Return nothing: of files nobody knows who made them."""

    def read_rules(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def open_objects(
        self,
        entry: InputEntry,
        catalogue_in: Callable[[Address], Address],
        progress: Progress,  # noqa: ARG002 - files are opened at once
    ) -> ObjectSource:
        return self._engine.objects(catalogue_in(self._address(entry)))

    def progress(self, fraction: float, step: str) -> None:
        self._progress(fraction, step)

    def _found(self, entry: InputEntry) -> Path:
        address = self._address(entry)
        if isinstance(address, str):
            raise InvalidValueError(
                f"The input '{address[:200]}' is remote; only object catalogues may be. Download it.",
                field="inputs",
            )
        return address

    def _address(self, entry: InputEntry) -> Address:
        address = address_of(entry.path, self._folder)
        if address not in self.paths:
            self.paths.append(address)
        return address


def _write_documents(
    folder: Path, settings: PipelineConfiguration, pipeline: AnyPipeline, made: PipelineResult
) -> Path:
    decided = made.configuration or settings
    if made.rules is not None and pipeline.rules is not None:
        (folder / pipeline.rules.name).write_text(made.rules, "utf-8")
    for name, content in made.documents.items():
        (folder / name).write_bytes(content)
    if made.further is not None:
        shutil.move(made.further.path, folder / made.further.path.name)
    report = folder / f"{settings.output_name}_report.json"
    report.write_text(made.report.model_dump_json(indent=1), "utf-8")
    (folder / "config.yaml").write_text(_yaml(configuration_document(decided)), "utf-8")
    return report


def _yaml(document: Mapping[str, object]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _digest(path: Address) -> str | None:
    if isinstance(path, str) or not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
