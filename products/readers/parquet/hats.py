"""HATS catalogues (IVOA Note HATS 1.0) as one table: their Parquet partitions in the order of the sky."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from core.sky.hats import CATALOGUE_FILES, COLLECTION_FILE, properties_of
from products.readers.base import FileReader, ReadLimits
from products.readers.errors import ArchiveError, DamagedFileError, damage_reported, listed
from products.readers.formats import PARQUET
from products.readers.parquet.reader import ParquetReader
from products.readers.unpacking import checked_expansion

__all__ = ["HatsReader", "hats_partitions", "is_partition"]

_PARTITION = re.compile(
    r"(.*?/?)(?:dataset/)?Norder=(\d{1,2})/(?:Dir=\d+/)?Npix=(\d{1,18})(?:\.parquet|/[^/]+\.parquet)"
)
#: Catalogues that go with another one, and are not the table of a collection.
_SUPPLEMENTS = ("margin", "index", "association", "map")
_FINEST_ORDER = 29


def hats_partitions(names: Sequence[str], text_of: Callable[[str], str]) -> list[str]:
    """Return the files of the partitions of the catalogue among the members of an archive, in the order of the sky.

    Of a collection they are those of its primary catalogue. There are none when nothing is a HATS catalogue.

    Parameters
    ----------
    text_of
        Returns the text of a member.

    Raises
    ------
    ArchiveError
        There is more than one catalogue.
    """
    found: dict[str, list[tuple[int, int, str]]] = {}
    for name in names:
        if match := _PARTITION.fullmatch(name):
            root, order, pixel = match[1], int(match[2]), int(match[3])
            place = pixel << 2 * max(0, _FINEST_ORDER - order)
            found.setdefault(root, []).append((place, order, name))
    if not found:
        return []
    roots = _primary_roots(list(found), set(names), text_of)
    if len(roots) != 1:
        raise ArchiveError(
            f"The archive holds more than one HATS catalogue ({listed([root.strip('/') or '.' for root in roots])}). "
            "Send one, or a collection."
        )
    return [name for _, _, name in sorted(found[roots[0]])]


def is_partition(name: str) -> bool:
    """Return whether a member of an archive is a partition of a HATS catalogue or of its margin."""
    return _PARTITION.fullmatch(name) is not None


class HatsReader(FileReader):
    """Reader of the partitions of a HATS catalogue, one after the other.

    Parameters
    ----------
    paths
        Their files, in the order of the rows.
    stored
        Number of bytes of the archive.
    """

    format = PARQUET.name

    def __init__(self, paths: Sequence[Path], name: str, limits: ReadLimits, *, stored: int) -> None:
        self._paths = list(paths)
        self._part_limits = replace(limits, allow_empty=True)
        rows = unpacked = 0
        for path in self._paths:
            with self._part(path, name) as part:
                rows += part.rows or 0
                unpacked += part.unpacked_bytes
        checked_expansion(name, unpacked, stored, limits)
        with self._part(self._paths[0], name) as first:
            schema, notes, left_out = first.schema, first.notes[: len(first.own_notes)], first.left_out
        super().__init__(
            name, schema, limits=limits, rows=rows, notes=notes, left_out=left_out,
            details={"layout": "HATS", "partitions": len(self._paths)},
        )  # fmt: skip

    def _part(self, path: Path, name: str) -> ParquetReader:
        return ParquetReader(path, name, self._part_limits)

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        for path in self._paths:
            with self._part(path, self.name) as part:
                if missing := [column for column in schema.names if column not in part.schema.names]:
                    raise DamagedFileError(
                        f"A partition of {self.name} has no column {listed(missing)}. Write the catalogue again."
                    )
                for batch in part.batches(schema.names, size=size):
                    with damage_reported(self.name, "HATS", pa.ArrowException):
                        arrays = [array.cast(field.type) for array, field in zip(batch.columns, schema, strict=True)]
                        whole = pa.RecordBatch.from_arrays(arrays, schema=schema)
                    yield whole


def _primary_roots(roots: list[str], names: set[str], text_of: Callable[[str], str]) -> list[str]:
    """Return the folders of the catalogues that are no supplements of others."""
    if len(roots) == 1:
        return roots
    for name in sorted(names):
        folder, _, file = name.rpartition("/")
        if file == COLLECTION_FILE:
            primary = properties_of(text_of(name)).get("hats_primary_table_url", "")
            root = f"{folder}/{primary}/" if folder else f"{primary}/"
            if root in roots:
                return [root]
    kept = []
    for root in roots:
        described = next((root + file for file in CATALOGUE_FILES if root + file in names), None)
        kind = "" if described is None else properties_of(text_of(described)).get("dataproduct_type", "")
        if not kind.startswith(_SUPPLEMENTS):
            kept.append(root)
    return kept or roots
