"""Partitions of a catalogue, found without opening them: by ``_metadata``, ``partition_info.csv`` or their names.

``_metadata`` has the footers of all partitions, hence their rows and the cells that they have. It is read up to a size;
that of a large catalogue with many columns would take gigabytes of memory.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import InvalidValueError, NotFoundError, UnreadableFileError
from core.sky.hats import partition_name
from core.sky.healpix import FINEST_ORDER
from tap.metadata.survey_catalogues.footers import checked_metadata
from tap.metadata.survey_catalogues.partitions import LISTING
from tap.metadata.survey_catalogues.places import CatalogueFolder
from tap.metadata.survey_catalogues.properties import CatalogueProperties

__all__ = ["DataFiles", "data_files", "partition_cells"]

_DATASET = "dataset"
_METADATA = "_metadata"
_COMMON = "_common_metadata"
_INFO = "partition_info.csv"
_LARGEST_METADATA = 400_000_000
_SAMPLE = 32
_MOST_PARTITIONS = 5_000_000
_PARTITION = re.compile(r"(?:.*/)?Norder=(\d{1,2})/(?:Dir=\d{1,18}/)?Npix=(\d{1,18})(?:\.parquet|/[^/]+\.parquet)")
#: Names of files: relative, and without characters that the engine or a URL would read as something else.
_NAME = re.compile(r"[A-Za-z0-9._=+@~,-]+(?:/[A-Za-z0-9._=+@~,-]+)*")
_WHOLE_SKY = (0, (12 << 2 * FINEST_ORDER) - 1)

_Cells = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DataFiles:
    """The files of a catalogue.

    Parameters
    ----------
    root
        Folder of the partitions.
    partitions
        Their list (`tap.metadata.survey_catalogues.partitions.LISTING`).
    schema_file
        File whose footer has the schema.
    weights
        Compressed bytes of each column in some of the rows; empty when they are not known.
    """

    root: CatalogueFolder
    partitions: pa.Table
    schema_file: str
    weights: Mapping[str, int]


def data_files(properties: CatalogueProperties) -> DataFiles:
    """Return the files of a catalogue.

    Raises
    ------
    InvalidValueError
        There are no Parquet files.
    UnreadableFileError
        Files that the catalogue names are missing, or its metadata cannot be read.
    """
    root = properties.root
    inner = root.child(_DATASET)
    has_dataset = root.has_folder(_DATASET) or any(inner.has(name) for name in (_COMMON, _METADATA))
    data = inner if has_dataset else root
    sizes = _sizes(data) if data.can_list else {}
    metadata = _read_metadata(data, properties.healpix)
    if metadata is not None:
        found = _of_metadata(metadata, properties.healpix)
    elif data.can_list:
        found = {name: _Found(partition_cells(name) or _WHOLE_SKY) for name in sizes}
    else:
        found = _of_information(properties)
    if not found:
        raise InvalidValueError(f"There is no Parquet file in the catalogue '{root.url[:200]}'.", field="url")
    if len(found) > _MOST_PARTITIONS:
        raise InvalidValueError(f"The catalogue has {len(found)} files; at most {_MOST_PARTITIONS} are registered.")
    if strange := [name for name in found if not _NAME.fullmatch(name) or ".." in name.split("/")]:
        raise UnreadableFileError(
            f"The catalogue names the file {strange[0][:200]!r}; names have letters, digits and . _ = - + @ ~ , and "
            "lead to files in its folder."
        )
    if missing := [name for name in found if sizes and name not in sizes]:
        raise UnreadableFileError(
            f"The catalogue names {len(missing)} partitions that do not exist, for example {missing[0][:200]}."
        )
    schema_file = next((name for name in (_COMMON, _METADATA) if data.has(name)), next(iter(found)))
    weights = _weights(metadata if metadata is not None else checked_metadata(data, next(iter(found)), (), _SAMPLE))
    average = (properties.number("hats_estsize") or 0) * 1024 // len(found)
    return DataFiles(data, _listing(found, sizes, average), schema_file, weights)


def partition_cells(name: str) -> _Cells | None:
    """Return the first and last cell of order 29 of a partition by its path; None when the path has no cell."""
    match = _PARTITION.fullmatch(name)
    if match is None or int(match[1]) > FINEST_ORDER:
        return None
    shift = 2 * (FINEST_ORDER - int(match[1]))
    return int(match[2]) << shift, ((int(match[2]) + 1) << shift) - 1


@dataclass(slots=True)
class _Found:
    """Cells, rows and uncompressed bytes of a file, as far as they are known."""

    cells: _Cells
    rows: int | None = None
    bytes: int = 0


def _sizes(data: CatalogueFolder) -> dict[str, int]:
    return {
        name: size
        for name, size in data.listed().items()
        if name.endswith(".parquet") and not name.rpartition("/")[2].startswith(("_", "."))
    }


def _read_metadata(data: CatalogueFolder, healpix: str | None) -> pq.FileMetaData | None:
    if not data.has(_METADATA) or data.size(_METADATA) > _LARGEST_METADATA:
        return None
    return checked_metadata(data, _METADATA, () if healpix is None else (healpix,), _SAMPLE)


def _of_metadata(metadata: pq.FileMetaData, healpix: str | None) -> dict[str, _Found]:
    """Return the files that footers in one file are of, with the cells that their rows have."""
    names = metadata.schema.to_arrow_schema().names
    plain = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    index = plain.index(healpix) if healpix in names and healpix in plain else None
    found: dict[str, _Found] = {}
    unknown: set[str] = set()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        name = group.column(0).file_path
        cells = _group_cells(group, index)
        known = found.setdefault(name, _Found(cells or _WHOLE_SKY, 0))
        known.rows = (known.rows or 0) + group.num_rows
        known.bytes += group.total_byte_size
        if cells is None:
            unknown.add(name)
        else:
            known.cells = min(known.cells[0], cells[0]), max(known.cells[1], cells[1])
    for name in unknown:
        found[name].cells = partition_cells(name) or _WHOLE_SKY
    return found


def _group_cells(group: pq.RowGroupMetaData, index: int | None) -> _Cells | None:
    if index is None:
        return None
    statistics = group.column(index).statistics
    if statistics is None or not statistics.has_min_max:
        return None
    return int(statistics.min), int(statistics.max)


def _of_information(properties: CatalogueProperties) -> dict[str, _Found]:
    """Return the files that ``partition_info.csv`` lists, where files cannot be listed."""
    text = properties.root.text(_INFO)
    if text is None:
        raise NotFoundError(
            "The catalogue has neither dataset/_metadata nor partition_info.csv, and files cannot be listed over HTTP."
        )
    if properties.suffix == "/":
        raise InvalidValueError("Each partition of the catalogue is a folder, which cannot be listed over HTTP.")
    return {
        partition_name(order, pixel, properties.suffix): _Found(
            partition_cells(f"Norder={order}/Npix={pixel}.parquet") or _WHOLE_SKY, rows
        )
        for order, pixel, rows in _lines(text)
    }


def _lines(text: str) -> Iterator[tuple[int, int, int | None]]:
    import csv

    lines = csv.DictReader(text.splitlines(), skipinitialspace=True)
    try:
        for line in lines:
            rows = line.get("num_rows")
            yield int(line["Norder"]), int(line["Npix"]), int(rows) if rows else None
    except (KeyError, TypeError, ValueError) as e:
        raise UnreadableFileError(
            f"Line {lines.line_num} of {_INFO} cannot be read: it needs whole numbers Norder and Npix."
        ) from e


def _weights(metadata: pq.FileMetaData) -> Mapping[str, int]:
    weights: dict[str, int] = {}
    for number in range(min(_SAMPLE, metadata.num_row_groups)):
        group = metadata.row_group(number)
        for position in range(metadata.num_columns):
            column = group.column(position)
            name = column.path_in_schema.split(".")[0]  # nested columns have a path for each of their parts
            weights[name] = weights.get(name, 0) + column.total_compressed_size
    return weights


def _listing(found: Mapping[str, _Found], sizes: Mapping[str, int], average: int) -> pa.Table:
    columns = [
        list(found),
        [item.cells[0] for item in found.values()],
        [item.cells[1] for item in found.values()],
        [item.rows for item in found.values()],
        [sizes.get(name) or item.bytes or average for name, item in found.items()],
    ]
    return pa.table([pa.array(values, field.type) for values, field in zip(columns, LISTING, strict=True)], LISTING)
