"""Preparation of a release on a Dask cluster: HATS catalogue, margin cache and index of identifiers, by hats-import.

What is complete is not made again: hats-import keeps a record of finished files and partitions beside its result, and
goes on after an end in between.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, Field

from core.errors import ConflictError, InvalidValueError
from core.sky.hats import COLLECTION_FILE, properties_of
from pipelines.training.releases.configuration import ReleaseConfiguration
from pipelines.training.releases.identifier_index import write_index
from pipelines.training.releases.objects import ReleaseObjects

__all__ = ["PreparedRelease", "ReleaseReport", "prepare_release"]

_COLLECTION, _CATALOGUE = "catalog", "objects"
_REPORT, _SETTINGS = "report.json", "release.json"


class ReleaseReport(BaseModel):
    """The report of a preparation, ``report.json``."""

    files: int = Field(description="Files that were read.")
    rows: int = Field(description="Rows of the files.")
    without_position: int = Field(description="Rows that were left out because they have no position.")
    filters: Mapping[str, int] = Field(description="Rows that each filter removed.")
    cuts: Mapping[str, int] = Field(description="Rows that each cut removed.")
    invalid: Mapping[str, int] = Field(description="Rows without a valid magnitude, by its column, before the cuts.")
    rows_out: int = Field(description="Rows of the catalogue.")
    partitions: int = Field(description="Partitions of the catalogue.")
    dereddening: str = Field(description="Dust map and source of the coefficients.")
    columns: Mapping[str, str] = Field(description="Types of the columns.")


@dataclass(frozen=True, slots=True)
class PreparedRelease:
    """The folder of a HATS collection, and the report."""

    path: Path
    report: ReleaseReport


def prepare_release(
    configuration: ReleaseConfiguration,
    folder: Path,
    output: Path,
    client: Any,  # distributed has no types
    *,
    progress: Callable[[str], None],
) -> PreparedRelease:
    """Prepare a release, or go on with its preparation.

    Parameters
    ----------
    folder
        Folder that paths of the configuration are relative to.
    output
        Folder of releases, ``PHOTOZ_DATASETS``.
    client
        Client of the Dask cluster whose workers read and write; they must see all folders.

    Raises
    ------
    InvalidValueError
        There are no input files, a column is missing, or no row is left.
    ConflictError
        The preparation was begun with another configuration or other files.
    """
    files = _files(configuration, folder)
    place = output / configuration.place
    work = place / ".work"
    work.mkdir(parents=True, exist_ok=True)
    (work / "counts").mkdir(exist_ok=True)
    _refuse_other_work(configuration, files, work)
    objects = ReleaseObjects(configuration, folder.resolve(), (work / "counts").resolve())
    schema = objects.schema(files[0])
    pq.write_metadata(schema, work / "schema.parquet")
    progress(f"Converting {len(files)} files, then partitions, margin and index")
    if not (place / _COLLECTION / COLLECTION_FILE).is_file():
        _refuse_nothing_left(objects, files)
        _import(configuration, objects, files, place, work, client)
    if configuration.partitions.index:
        progress("Sorting identifiers for their index")
        write_index((place / _COLLECTION).resolve(), _CATALOGUE, "id", "index_id", work)
    report = _report(configuration, schema, work / "counts", place / _COLLECTION)
    (place / _REPORT).write_text(report.model_dump_json(indent=1), "utf-8")
    progress(f"{report.rows_out} of {report.rows} rows are in {report.partitions} partitions")
    return PreparedRelease(place / _COLLECTION, report)


def _files(configuration: ReleaseConfiguration, folder: Path) -> list[Path]:
    found: dict[Path, None] = {}
    for pattern in configuration.inputs:
        matching = sorted(path for path in folder.glob(pattern) if path.is_file())
        if not matching:
            raise InvalidValueError(f"There is no file '{pattern}' in {folder}.", field="inputs")
        found |= dict.fromkeys(path.resolve() for path in matching)
    return list(found)


def _refuse_other_work(configuration: ReleaseConfiguration, files: list[Path], work: Path) -> None:
    """Store what the work is about; refuse to go on with another one."""
    settings = {
        "configuration": configuration.model_dump(mode="json"),
        "files": [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in files],
    }
    kept = work / _SETTINGS
    if kept.is_file() and json.loads(kept.read_text("utf-8")) != settings:
        raise ConflictError(
            f"The folder {work.parent} has a catalogue, or the beginning of one, of another configuration or of other "
            "files. Remove it, or choose another name or output folder."
        )
    kept.write_text(json.dumps(settings), "utf-8")


def _refuse_nothing_left(objects: ReleaseObjects, files: list[Path]) -> None:
    if not any(table.num_rows for path in files for table in objects.read(path)):
        raise InvalidValueError("No row is left after the filters and cuts.", field="cuts")


def _import(
    configuration: ReleaseConfiguration,
    objects: ReleaseObjects,
    files: list[Path],
    place: Path,
    work: Path,
    client: Any,  # as above
) -> None:
    from hats_import import CollectionArguments, pipeline_with_client

    partitions = configuration.partitions
    (work / "import").mkdir(exist_ok=True)
    arguments = CollectionArguments(
        output_path=place,
        output_artifact_name=_COLLECTION,
        new_catalog_name=_CATALOGUE,
        tmp_dir=work / "import",
        addl_hats_properties={"hats_builder": "photoz-server release prepare"},
        progress_bar=False,
    ).catalog(
        output_artifact_name=_CATALOGUE,
        input_file_list=files,
        file_reader=_reader(objects),
        ra_column="ra",
        dec_column="dec",
        use_schema_file=work / "schema.parquet",
        pixel_threshold=partitions.rows,
        highest_healpix_order=partitions.highest_order,
        drop_empty_siblings=False,
    )
    arguments.add_margin(margin_threshold=partitions.margin_arcsec, output_artifact_name="margin", is_default=True)
    pipeline_with_client(arguments, client)


def _reader(objects: ReleaseObjects) -> Any:  # hats-import has no types
    from hats_import.catalog.file_readers import InputReader

    class ObjectReader(InputReader):  # type: ignore[misc]  # as above
        """Reader of raw objects that yields rows of the catalogue."""

        def read(self, input_file: Any, read_columns: list[str] | None = None) -> Iterator[pa.Table]:
            for table in objects.read(Path(str(input_file))):
                yield table if read_columns is None else table.select(read_columns)

    return ObjectReader()


def _report(configuration: ReleaseConfiguration, schema: pa.Schema, counts: Path, collection: Path) -> ReleaseReport:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(counts.glob("*.json"))]
    catalogue = collection / properties_of((collection / COLLECTION_FILE).read_text("utf-8"))["hats_primary_table_url"]
    lines = (catalogue / "partition_info.csv").read_text("utf-8").split()
    dust = configuration.dust
    return ReleaseReport(
        files=len(found),
        rows=sum(each["rows"] for each in found),
        without_position=sum(each["without_position"] for each in found),
        filters=_sums(found, "filters"),
        cuts=_sums(found, "cuts"),
        invalid=_sums(found, "invalid"),
        rows_out=sum(each["kept"] for each in found),
        partitions=len(lines) - 1,
        dereddening="none" if dust.kind == "none" else f"{dust.kind}: {configuration.dereddening().source}",
        columns={each.name: str(each.type) for each in schema},
    )


def _sums(found: list[dict[str, Any]], key: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in found:
        total.update(each[key])
    return dict(total)
