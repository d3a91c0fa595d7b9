"""Pipelines on files, without a server: a configuration file names what is read, and where the result goes."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from pydantic import BaseModel

from core.database import utc_now
from core.errors import InvalidValueError
from pipelines.combine import CombineConfiguration, combine_redshifts
from pipelines.combine import load_configuration as load_combine
from pipelines.combine.configuration import CatalogueInput, load_rules
from pipelines.combine.projection import columns_needed
from pipelines.engines import Engine, LocalEngine
from pipelines.known import COMBINE, pipeline_named
from pipelines.outputs import output_name_for
from pipelines.reading import LazyTables, Projection, read_table
from pipelines.training import TrainingSetConfiguration, make_training_set, open_objects
from pipelines.training import load_configuration as load_training
from pipelines.writing import write_result
from products.readers.contents import format_of_name

__all__ = ["FileRun", "run_files"]

Progress = Callable[[float, str], None]

_COMBINED = {"id": "CRD_ID", "ra": "ra", "dec": "dec", "z": "z", "z_flag": "z_flag_homogenized", "z_err": "z_err",
             "survey": "survey"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileRun:
    """What a run left: the table, and beside it its report, configuration and what the public server calls process."""

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
) -> FileRun:
    """Run a pipeline on the files that a configuration names.

    Parameters
    ----------
    name
        Name of the pipeline.
    base
        Folder in which the output folder of the configuration lies.
    inputs
        Folder to which the paths of inputs are relative; by default that of the configuration.

    Raises
    ------
    PhotozError
        The configuration or a file cannot be used.
    """
    pipeline, started = pipeline_named(name), utc_now()
    if not configuration.is_file():
        raise InvalidValueError(f"There is no configuration {configuration}.", field="configuration")
    engine = engine or LocalEngine()
    make = _combined if pipeline is COMBINE else _trained
    made = make(configuration, inputs or configuration.parent, progress, engine)
    folder = base / made.root / made.folder
    folder.mkdir(parents=True, exist_ok=True)
    if made.output_format == "hats" and (folder / made.name).exists():
        raise InvalidValueError(f"The folder {folder / made.name} exists; remove it, or name another result.")
    written = write_result(made.table, folder, made.name, made.output_format, made.position, as_zip=False)
    report = folder / f"{made.name}_report.json"
    report.write_text(made.report.model_dump_json(indent=1), "utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(made.settings, sort_keys=False, allow_unicode=True), "utf-8")
    process = {
        "pipeline": pipeline.name,
        "version": pipeline.version,
        "status": "Successful",
        "start_time": started.isoformat(),
        "end_time": utc_now().isoformat(),
        "inputs": [{"path": str(path), "sha256": _digest(path)} for path in made.inputs],
        "outputs": [{"path": written.path.name, "role": "main", "columns_assoc": dict(made.meanings)}],
    }
    (folder / "process.yml").write_text(yaml.safe_dump(process, sort_keys=False, allow_unicode=True), "utf-8")
    return FileRun(written.path, report, made.table.num_rows, tuple(getattr(made.report, "warnings", ())))


@dataclass(frozen=True, slots=True)
class _Made:
    table: pa.Table
    report: BaseModel
    meanings: Mapping[str, str]
    settings: Mapping[str, Any]
    inputs: tuple[Path, ...]
    root: str
    folder: str
    name: str
    output_format: str

    @property
    def position(self) -> tuple[str, str]:
        return self.meanings["ra"], self.meanings["dec"]


def _combined(path: Path, folder: Path, progress: Progress, engine: Engine) -> _Made:
    configuration = load_combine(path)
    rules = load_rules(configuration, folder)

    def read(entry: CatalogueInput) -> Callable[[], pa.Table]:
        needed: Projection = lambda names: columns_needed(entry, configuration.param, rules, names)  # noqa: E731
        return lambda: _read(folder / entry.path, needed)

    entries = configuration.inputs.specz
    made = combine_redshifts(
        LazyTables({entry.internal_name: read(entry) for entry in entries}),
        configuration,
        rules=rules,
        progress=progress,
        finder=engine.pairs_within,
    )
    names = made.table.column_names
    meanings = {key: column for key, column in _COMBINED.items() if column in names}
    inputs = tuple(folder / entry.path for entry in entries)
    return _of(configuration, made.table, made.report, meanings, inputs, configuration.output_format)


def _trained(path: Path, folder: Path, progress: Progress, engine: Engine) -> _Made:
    configuration = load_training(path)
    source = folder / configuration.redshifts.path
    objects = folder / configuration.inputs.dataset.path
    progress(0.0, f"Reading {source.name}")
    made = make_training_set(_read(source), objects, configuration, progress=progress, opener=engine.objects)
    output_format = configuration.output_format
    if output_format in {None, "specz"}:
        output_format = "hats" if source.is_dir() else output_name_for(format_of_name(source.name))
    return _of(configuration, made.table, made.report, made.columns, (source, objects), str(output_format))


def _of(
    configuration: CombineConfiguration | TrainingSetConfiguration,
    table: pa.Table,
    report: BaseModel,
    meanings: Mapping[str, str],
    inputs: tuple[Path, ...],
    output_format: str,
) -> _Made:
    settings = configuration.model_dump(mode="json", exclude_none=True)
    root, folder, name = configuration.output_root_dir, configuration.output_dir, configuration.output_name
    return _Made(table, report, meanings, settings, inputs, root, folder, name, output_format)


def _read(path: Path, projection: Projection = list) -> pa.Table:
    if path.is_dir():
        return open_objects(path).read(projection)
    if not path.is_file():
        raise InvalidValueError(f"There is no file {path}.", field="inputs")
    return read_table(path, path.name, projection)


def _digest(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
