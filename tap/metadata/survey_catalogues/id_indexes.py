"""Look-up of the partitions of identifiers by the HATS index catalogues of a collection (IVOA Note HATS 1.0)."""

import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePosixPath

import pyarrow as pa

from core.errors import UnreadableFileError
from core.sky.healpix import FINEST_ORDER
from tap.adql.cell_ranges import Ranges, united_ranges
from tap.metadata.survey_catalogues.footers import checked_metadata
from tap.metadata.survey_catalogues.places import CatalogueFolder

__all__ = ["ranges_of_identifiers"]

_DATASET = "dataset"
_METADATA = "dataset/_metadata"
_CELL = ("Norder", "Npix")

_log = logging.getLogger(__name__)


def ranges_of_identifiers(index: CatalogueFolder, column: str, values: Sequence[object]) -> Ranges | None:
    """Return the cells of the partitions that have rows with some values of a column.

    Parameters
    ----------
    index
        Folder of the index of the column.

    Returns
    -------
    First and last cell of order 29 of each range; None when the index cannot be used.
    """
    # Imported for look-ups of identifiers alone.
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    try:
        has_metadata = index.has(_METADATA)
        if not has_metadata and not index.can_list:
            return None
        versions = {_METADATA: index.version(_METADATA)} if has_metadata else _listed(index)
        for name, version in versions.items():
            _check(index.url, name, version, column)
        path, files = index.arrow_place(_METADATA if has_metadata else _DATASET)
        # Of remote files the row groups are read that may have the values, by ranges of bytes.
        source = (
            ds.parquet_dataset(path, filesystem=files)
            if has_metadata
            else ds.dataset(path, filesystem=files, format="parquet")
        )
        wanted = pa.array(values).cast(source.schema.field(column).type)
        chosen = source.to_table(columns=list(_CELL), filter=pc.field(column).isin(wanted))
    except (pa.ArrowException, OSError, KeyError, OverflowError, UnreadableFileError) as e:
        _log.warning("the index of a survey catalogue cannot be used", extra={"index": index.url}, exc_info=e)
        return None
    pairs = set(zip(chosen["Norder"].to_pylist(), chosen["Npix"].to_pylist(), strict=True))
    shifted = [(pixel, 2 * (FINEST_ORDER - order)) for order, pixel in pairs]
    return united_ranges([(pixel << shift, ((pixel + 1) << shift) - 1) for pixel, shift in shifted])


def _listed(index: CatalogueFolder) -> dict[str, str]:
    """Return the versions of the files that are read where there is no list of row groups."""
    found = index.versions(_DATASET)
    return {name: version for name, version in found.items() if not PurePosixPath(name).name.startswith((".", "_"))}


@lru_cache(maxsize=4096)
def _check(index: str, name: str, version: str, column: str) -> None:  # noqa: ARG001 - another version is another file
    """Check the footer of a file once: of one that contradicts itself pyarrow's threads never come back.

    Raises
    ------
    UnreadableFileError
        It cannot be read as Parquet.
    """
    checked_metadata(CatalogueFolder(index), name, (column, *_CELL), 0)
