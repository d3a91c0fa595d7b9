"""HATS writer (IVOA Note HATS 1.0): a collection of a catalogue and its margin cache.

The catalogue has a Parquet file per HEALPix cell. The margin cache has for each cell a file with the rows of others
that are close to it, so that LSDB finds matches across the borders of cells.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.columns import HEALPIX_COLUMN, Column, field_of_column
from core.errors import InvalidValueError
from core.sky.hats import CATALOGUE_FILES, COLLECTION_FILE, partition_name, properties_text
from core.sky.healpix import FINEST_ORDER, nested_indices
from core.sky.positions import placed_rows
from pipelines.outputs.hats_cells import Cell, divided, margin_ranges
from pipelines.outputs.parquet import parquet_options
from pipelines.outputs.sorted_runs import SortedRuns
from pipelines.outputs.stored_tables import ResultTable

__all__ = ["write_hats"]

_INDEX = Column(HEALPIX_COLUMN, "long", ucd="pos.healpix", description="HEALPix cell, NESTED, order 29.")
#: Folders in the collection. Their names are in lists that blanks separate, so they are none that a user chose.
_CATALOG, _MARGIN = "catalog", "margin_5arcs"
_MARGIN_ARCSEC = 5.0
#: Folder of the sorted rows while the catalogue is written.
_ROWS = ".rows"
_ROWS_IN_BATCH, _ROWS_IN_RUN = 65_536, 524_288


def write_hats(table: ResultTable, folder: Path, position: tuple[str, str], *, rows_in_file: int = 1_000_000) -> None:
    """Write a table as a HATS collection, which appears under its name when it is complete.

    The rows are sorted on disk, so that about as many are in memory as a file has.

    Parameters
    ----------
    folder
        Must not exist.
    position
        Columns of right ascension and declination, in degrees; a HEALPix index in the table is made anew from them.

    Raises
    ------
    InvalidValueError
        When a row has no position, for which a catalogue of cells has no place, or there are no rows.
    """
    staged = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        rows = _sorted_on_disk(table, staged / _ROWS, position, min(rows_in_file, _ROWS_IN_RUN))
        own = _write_catalog(rows, staged / _CATALOG, rows_in_file)
        around, number = _write_margin(rows, staged / _MARGIN, rows_in_file)
        common = _common_properties(position)
        _write_properties(staged / _CATALOG, _catalog_properties(rows, folder.name, own, rows_in_file) | common)
        _write_properties(staged / _MARGIN, _margin_properties(folder.name, around, number) | common)
        _write_collection(staged, folder.name)
        shutil.rmtree(staged / _ROWS)
        staged.rename(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


@dataclass(slots=True)
class _Rows:
    """Rows with their HEALPix index, in sorted runs on disk."""

    schema: pa.Schema
    runs: SortedRuns
    options: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0
    size: int = 0

    def add(self, cells: npt.NDArray[np.int64], part: pa.Table) -> None:
        """Add rows with their cells of order 29."""
        table = pa.table([pa.array(cells), *part.select(self.schema.names[1:]).columns], schema=self.schema)
        # The first rows decide how all files are compressed.
        self.options = self.options or parquet_options(table)
        self.runs.add(cells, table.unify_dictionaries())
        self.number += table.num_rows
        self.size += table.nbytes

    def take(self, first: npt.NDArray[np.int64], beyond: npt.NDArray[np.int64]) -> pa.Table:
        """Return the rows in ranges of cells, in the order of the cells and of the table."""
        table = self.runs.take(first, beyond)
        return table.take(pa.array(np.argsort(table.column(0).to_numpy(), kind="stable")))


def _sorted_on_disk(table: ResultTable, folder: Path, position: tuple[str, str], most: int) -> _Rows:
    others = [each for each in table.schema if each.name != HEALPIX_COLUMN]
    schema = pa.schema([field_of_column(_INDEX), *others], metadata=table.schema.metadata)
    rows, without = _Rows(schema, SortedRuns(folder, schema)), 0
    for part in _parts(table, most):
        ra, dec = (part.column(name).to_numpy().astype(np.float64) for name in position)
        without += placed_rows(ra, dec)[1].no_position
        if not without:
            rows.add(nested_indices(ra, dec), part)
    if without or not table.num_rows:
        raise InvalidValueError(
            f"A HATS catalogue needs a position for every row; {without} of {table.num_rows} rows have none in "
            f"'{position[0]}' and '{position[1]}'. Leave them out, or choose another format."
        )
    return rows


def _parts(table: ResultTable, most: int) -> Iterator[pa.Table]:
    """Yield the rows of a table in parts that are sorted in memory, of whole batches."""
    waiting: list[pa.RecordBatch] = []
    for batch in table.to_batches(max_chunksize=_ROWS_IN_BATCH):
        waiting.append(batch)
        if sum(map(len, waiting)) >= most:
            yield pa.Table.from_batches(waiting, schema=table.schema)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting, schema=table.schema)


def _write_catalog(rows: _Rows, folder: Path, most: int) -> list[Cell]:
    """Write the rows of each cell; return the cells that have rows."""
    partitions = [one for one in divided(rows.runs.count, most) if one.rows]
    for one in partitions:
        _write_part(rows.take(*one.ranges()), folder, one, rows.options)
    _write_index(rows.schema, folder, partitions)
    return partitions


def _write_margin(rows: _Rows, folder: Path, most: int) -> tuple[list[Cell], int]:
    """Write the rows around each cell; return the cells that have a margin, and the number of its rows.

    A cell without rows has a margin as well: those of another catalogue are matched in it.
    """
    partitions, total = [], 0
    for one in divided(rows.runs.count, most):
        margin = rows.take(*margin_ranges(one, _MARGIN_ARCSEC))
        if margin.num_rows:
            _write_part(margin, folder, one, rows.options)
            partitions.append(one)
            total += margin.num_rows
    _write_index(rows.schema, folder, partitions)
    return partitions, total


def _write_part(part: pa.Table, folder: Path, cell: Cell, options: Mapping[str, Any]) -> None:
    path = folder / "dataset" / partition_name(cell.order, cell.pixel)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(part, path, **options)


def _write_index(schema: pa.Schema, folder: Path, partitions: Sequence[Cell]) -> None:
    (folder / "dataset").mkdir(parents=True, exist_ok=True)
    pq.write_metadata(schema, folder / "dataset" / "_common_metadata")
    lines = ["Norder,Npix", *(f"{one.order},{one.pixel}" for one in partitions)]
    (folder / "partition_info.csv").write_text("\n".join(lines) + "\n", "utf-8")


def _common_properties(position: tuple[str, str]) -> dict[str, object]:
    return {
        "hats_col_ra": position[0],
        "hats_col_dec": position[1],
        "hats_col_healpix": HEALPIX_COLUMN,
        "hats_col_healpix_order": FINEST_ORDER,
        "hats_npix_suffix": ".parquet",
        "hats_builder": f"photoz-server {_version()}",
        "hats_creation_date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MUTC"),
        "hats_release_date": "2025-08-22",
        "hats_version": "v1.0",
    }


def _catalog_properties(rows: _Rows, name: str, partitions: Sequence[Cell], most: int) -> dict[str, object]:
    return {
        "obs_collection": name,
        "dataproduct_type": "object",
        "hats_nrows": rows.number,
        "hats_max_rows": most,
        "hats_order": max(one.order for one in partitions),
        "moc_sky_fraction": f"{sum(1 / (12 * 4**one.order) for one in partitions):.5f}",
        "hats_estsize": rows.size // 1024,
    }


def _margin_properties(name: str, partitions: Sequence[Cell], rows: int) -> dict[str, object]:
    return {
        "obs_collection": f"{name}_{_MARGIN}",
        "dataproduct_type": "margin",
        "hats_nrows": rows,
        "hats_order": max((one.order for one in partitions), default=0),
        "hats_primary_table_url": _CATALOG,
        "hats_margin_threshold": _MARGIN_ARCSEC,
    }


def _write_properties(folder: Path, properties: Mapping[str, object]) -> None:
    for name in CATALOGUE_FILES:
        (folder / name).write_text(properties_text("HATS catalog", properties), "utf-8")


def _write_collection(folder: Path, name: str) -> None:
    properties = {
        "obs_collection": name,
        "hats_primary_table_url": _CATALOG,
        "all_margins": _MARGIN,
        "default_margin": _MARGIN,
    }
    (folder / COLLECTION_FILE).write_text(properties_text("HATS collection", properties), "utf-8")


def _version() -> str:
    try:
        return version("photoz-server")
    except PackageNotFoundError:
        return "0"
