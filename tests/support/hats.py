"""Writer of small HATS catalogues, for tests (IVOA Note HATS 1.0)."""

from collections.abc import Iterator
from pathlib import Path

import astropy.units as u
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

__all__ = ["healpix_of", "write_hats"]

_FINEST = 29


def healpix_of(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Give the cells of order 29 of positions in degrees."""
    return np.asarray(lonlat_to_healpix(Longitude(ra, u.deg), Latitude(dec, u.deg), _FINEST), dtype=np.int64)


def write_hats(
    frame: pd.DataFrame | pa.Table, folder: Path, *, most_rows: int, metadata: bool = True, index: bool = True
) -> list[tuple[int, int]]:
    """Write a catalogue with the columns ``ra`` and ``dec`` into adaptive partitions, and give their orders and cells.

    Rows without a position are in the partition at (45, 0).

    Parameters
    ----------
    metadata
        Whether the footers of all partitions are in ``_metadata``; otherwise ``partition_info.csv`` is all there is.
    index
        Whether the rows have ``_healpix_29``.
    """
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    lon, lat = (table[name].to_numpy() for name in ("ra", "dec"))
    missing = np.isnan(lon) | np.isnan(lat)
    cells = healpix_of(np.where(missing, 45.0, lon), np.where(missing, 0.0, lat))
    order = np.argsort(cells, kind="stable")
    table, cells, missing = table.take(order), cells[order], missing[order]
    if index:
        table = table.append_column("_healpix_29", pa.array(cells, mask=missing))
    footers: list[pq.FileMetaData] = []
    found = list(_partitions(cells, most_rows))
    for norder, npix, start, stop in found:
        path = Path(f"Norder={norder}/Dir={npix // 10_000 * 10_000}/Npix={npix}.parquet")
        target = folder / "dataset" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        collected: list[pq.FileMetaData] = []
        pq.write_table(table.slice(start, stop - start), target, metadata_collector=collected)
        collected[0].set_file_path(str(path))
        footers += collected
    if metadata:
        pq.write_metadata(table.schema, folder / "dataset" / "_metadata", metadata_collector=footers)
    pq.write_metadata(table.schema, folder / "dataset" / "_common_metadata")
    lines = [f"{norder},{npix}" for norder, npix, *_ in found]
    (folder / "partition_info.csv").write_text("\n".join(["Norder,Npix", *lines]) + "\n")
    properties = {
        "obs_collection": folder.name,
        "dataproduct_type": "object",
        "hats_nrows": len(frame),
        "hats_col_ra": "ra",
        "hats_col_dec": "dec",
        "hats_col_healpix": "_healpix_29",
        "hats_col_healpix_order": _FINEST,
        "hats_npix_suffix": ".parquet",
        "hats_version": "v1.0",
    }
    text = "\n".join(f"{key}={value}" for key, value in properties.items())
    (folder / "hats.properties").write_text(text + "\n")
    return [(norder, npix) for norder, npix, *_ in found]


def _partitions(cells: np.ndarray, most_rows: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield order, cell, and first and last row of the largest cells with few enough rows, in the order of the sky."""
    waiting = [(0, cell) for cell in reversed(range(12))]
    while waiting:
        order, cell = waiting.pop()
        shift = 2 * (_FINEST - order)
        start, stop = np.searchsorted(cells, [cell << shift, (cell + 1) << shift])
        if start == stop:
            continue
        if stop - start <= most_rows or order == 12:
            yield order, cell, int(start), int(stop)
        else:
            waiting += [(order + 1, 4 * cell + part) for part in reversed(range(4))]
