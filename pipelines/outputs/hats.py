"""HATS writer (IVOA Note HATS 1.0): a folder with a Parquet file per HEALPix cell."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.columns import HEALPIX_COLUMN, Column, field_of_column
from core.errors import InvalidValueError
from core.sky.healpix import FINEST_ORDER, nested_indices
from core.sky.positions import placed_rows
from pipelines.outputs.parquet import parquet_options

__all__ = ["write_hats"]

#: Cells are not divided beyond this order (0.8 arcseconds): rows at one position cannot be separated.
_FINEST = 18
_INDEX = Column(HEALPIX_COLUMN, "long", ucd="pos.healpix", description="HEALPix cell, NESTED, order 29.")


@dataclass(frozen=True, slots=True)
class _Cell:
    order: int
    pixel: int
    first: int
    beyond: int


def write_hats(table: pa.Table, folder: Path, position: tuple[str, str], *, rows_in_file: int = 1_000_000) -> None:
    """Write a table as a HATS catalogue, which appears under its name when it is complete.

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
        partitions, options = list(_divided(cells, rows_in_file)), parquet_options(table)
        for one in partitions:
            path = staged / "dataset" / f"Norder={one.order}" / f"Dir={one.pixel // 10_000 * 10_000}"
            path.mkdir(parents=True, exist_ok=True)
            part = table.slice(one.first, one.beyond - one.first)
            pq.write_table(part, path / f"Npix={one.pixel}.parquet", **options)
        pq.write_metadata(table.schema, staged / "dataset" / "_common_metadata")
        lines = ["Norder,Npix", *(f"{one.order},{one.pixel}" for one in partitions)]
        (staged / "partition_info.csv").write_text("\n".join(lines) + "\n", "utf-8")
        text = _properties(table, folder.name, position, partitions, rows_in_file)
        for name in ("hats.properties", "properties"):
            (staged / name).write_text(text, "utf-8")
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


def _divided(cells: npt.NDArray[np.int64], most: int) -> Iterator[_Cell]:
    """Divide sorted cells until each part has few enough rows."""
    waiting = [_Cell(0, pixel, 0, len(cells)) for pixel in reversed(range(12))]
    while waiting:
        one = waiting.pop()
        shift = 2 * (FINEST_ORDER - one.order)
        first, beyond = np.searchsorted(cells, [one.pixel << shift, (one.pixel + 1) << shift])
        if first == beyond:
            continue
        if beyond - first <= most or one.order == _FINEST:
            yield _Cell(one.order, one.pixel, int(first), int(beyond))
        else:
            waiting.extend(_Cell(one.order + 1, 4 * one.pixel + child, 0, 0) for child in (3, 2, 1, 0))


def _properties(
    table: pa.Table, name: str, position: tuple[str, str], partitions: list[_Cell], rows_in_file: int
) -> str:
    now = datetime.now(UTC)
    properties = {
        "obs_collection": name,
        "dataproduct_type": "object",
        "hats_nrows": table.num_rows,
        "hats_col_ra": position[0],
        "hats_col_dec": position[1],
        "hats_col_healpix": HEALPIX_COLUMN,
        "hats_col_healpix_order": FINEST_ORDER,
        "hats_npix_suffix": ".parquet",
        "hats_max_rows": rows_in_file,
        "hats_order": max(one.order for one in partitions),
        "moc_sky_fraction": f"{sum(1 / (12 * 4**one.order) for one in partitions):.5f}",
        "hats_builder": f"photoz-server {_version()}",
        "hats_creation_date": now.strftime("%Y-%m-%dT%H:%MUTC"),
        "hats_estsize": table.nbytes // 1024,
        "hats_release_date": "2025-08-22",
        "hats_version": "v1.0",
    }
    # A line break in a name would start a key of its own.
    lines = [f"{key}={str(value).replace(chr(10), ' ').replace(chr(13), ' ')}" for key, value in properties.items()]
    return "\n".join(["#HATS catalog", *lines]) + "\n"


def _version() -> str:
    try:
        return version("photoz-server")
    except PackageNotFoundError:
        return "0"
