"""HATS writer (IVOA Note HATS 1.0): a collection of a catalogue and its margin cache.

The catalogue has a Parquet file per HEALPix cell. The margin cache has for each cell a file with the rows of others
that are close to it, so that LSDB finds matches across the borders of cells.
"""

import shutil
from collections.abc import Mapping, Sequence
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
from pipelines.outputs.hats_cells import Cell, divided, margin_rows
from pipelines.outputs.parquet import parquet_options

__all__ = ["write_hats"]

_INDEX = Column(HEALPIX_COLUMN, "long", ucd="pos.healpix", description="HEALPix cell, NESTED, order 29.")
#: Folders in the collection. Their names are in lists that blanks separate, so they are none that a user chose.
_CATALOG, _MARGIN = "catalog", "margin_5arcs"
_MARGIN_ARCSEC = 5.0


def write_hats(table: pa.Table, folder: Path, position: tuple[str, str], *, rows_in_file: int = 1_000_000) -> None:
    """Write a table as a HATS collection, which appears under its name when it is complete.

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
    cells = _cells_of(table, position)
    order = np.argsort(cells, kind="stable")
    cells = cells[order]
    table = table.drop_columns([name for name in table.column_names if name == HEALPIX_COLUMN]).take(pa.array(order))
    table = table.add_column(0, field_of_column(_INDEX), pa.array(cells))
    staged = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        own = _write_catalog(table, cells, staged / _CATALOG, rows_in_file)
        around, rows = _write_margin(table, cells, staged / _MARGIN, rows_in_file)
        common = _common_properties(position)
        _write_properties(staged / _CATALOG, _catalog_properties(table, folder.name, own, rows_in_file) | common)
        _write_properties(staged / _MARGIN, _margin_properties(folder.name, around, rows) | common)
        _write_collection(staged, folder.name)
        staged.rename(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _cells_of(table: pa.Table, position: tuple[str, str]) -> npt.NDArray[np.int64]:
    ra, dec = (table.column(name).to_numpy().astype(np.float64) for name in position)
    _, counts = placed_rows(ra, dec)
    if counts.no_position or not len(ra):
        raise InvalidValueError(
            f"A HATS catalogue needs a position for every row; {counts.no_position} of {len(ra)} rows have none in "
            f"'{position[0]}' and '{position[1]}'. Leave them out, or choose another format."
        )
    return nested_indices(ra, dec)


def _write_catalog(table: pa.Table, cells: npt.NDArray[np.int64], folder: Path, most: int) -> list[Cell]:
    """Write the rows of each cell; return the cells that have rows."""
    partitions, options = [one for one in divided(cells, most) if len(one)], parquet_options(table)
    for one in partitions:
        _write_part(table.slice(one.first, len(one)), folder, one, options)
    _write_index(table.schema, folder, partitions)
    return partitions


def _write_margin(table: pa.Table, cells: npt.NDArray[np.int64], folder: Path, most: int) -> tuple[list[Cell], int]:
    """Write the rows around each cell; return the cells that have a margin, and the number of its rows.

    A cell without rows has a margin as well: those of another catalogue are matched in it.
    """
    partitions, total, options = [], 0, parquet_options(table)
    for one in divided(cells, most):
        rows = margin_rows(cells, one, _MARGIN_ARCSEC)
        if len(rows):
            _write_part(table.take(pa.array(rows)), folder, one, options)
            partitions.append(one)
            total += len(rows)
    _write_index(table.schema, folder, partitions)
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


def _catalog_properties(table: pa.Table, name: str, partitions: Sequence[Cell], most: int) -> dict[str, object]:
    return {
        "obs_collection": name,
        "dataproduct_type": "object",
        "hats_nrows": table.num_rows,
        "hats_max_rows": most,
        "hats_order": max(one.order for one in partitions),
        "moc_sky_fraction": f"{sum(1 / (12 * 4**one.order) for one in partitions):.5f}",
        "hats_estsize": table.nbytes // 1024,
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
