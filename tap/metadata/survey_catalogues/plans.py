"""Plans of queries on survey catalogues: the partitions that a query reads, and how many bytes these are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError, NotFoundError, UnreadableFileError
from core.files.kept import KeptFiles
from products.rows.stored_columns import stored_names, stored_schema
from tap.adql import Scan
from tap.engine import Conversion, EngineTable, FileColumn, TableSize
from tap.metadata.survey_catalogues.copies import PartitionCopies
from tap.metadata.survey_catalogues.id_indexes import ranges_of_identifiers
from tap.metadata.survey_catalogues.models import SCHEMA, SurveyCatalogue
from tap.metadata.survey_catalogues.partitions import PartitionList, open_partitions
from tap.metadata.survey_catalogues.places import CatalogueFolder

__all__ = ["CataloguePlans", "FileLayout", "TooLargeScanError"]

#: Bytes of the footer of a file, which is read whatever columns are.
_FOOTER_BYTES = 32_000
#: Part of the bytes of the files that the HEALPix column takes.
_SMALL = 0.02
_TYPES = {Conversion.SIGNED: pa.int64(), Conversion.TEXT: pa.string()}


class TooLargeScanError(InvalidValueError):
    """Error of a query that would read more bytes of a survey catalogue than the settings allow."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """The columns of a catalogue as the engine reads them; made once for many queries.

    Parameters
    ----------
    sources
        Names of the columns in the files, by those in the engine.
    shares
        Parts of the bytes of the files, by the names in the engine.
    """

    columns: tuple[FileColumn, ...]
    sources: Mapping[str, str]
    shares: Mapping[str, float]

    @classmethod
    def of_catalogue(cls, catalogue: SurveyCatalogue) -> "FileLayout":
        """Return the layout of a catalogue."""
        names = stored_names(len(catalogue.columns))
        named = tuple(zip(names, catalogue.columns, strict=True))
        columns = [FileColumn(name, item.source, item.conversion) for name, item in named]
        if catalogue.healpix is not None:
            columns.append(FileColumn(HEALPIX_COLUMN, catalogue.healpix))
        sources = {column.name: column.source for column in columns}
        return cls(tuple(columns), sources, {name: item.share for name, item in named})


class CataloguePlans:
    """Maker of plans.

    Parameters
    ----------
    listings
        The lists of partitions.
    copies
        Copies of the partitions of remote catalogues.
    most_bytes
        Most bytes that a query may read of one catalogue; 0 is no limit.
    in_place
        Whether the engine reads the files from where it runs, so that remote ones are not copied.
    """

    def __init__(
        self, listings: KeptFiles, copies: PartitionCopies, *, most_bytes: int, in_place: bool = False
    ) -> None:
        self._listings = listings
        self._copies = copies
        self._most_bytes = most_bytes
        self._in_place = in_place

    def table(self, catalogue: SurveyCatalogue, layout: FileLayout, scans: Sequence[Scan]) -> EngineTable:
        """Return the table for the engine, with the files of the partitions that scans of a query read.

        Raises
        ------
        TooLargeScanError
            The query would read more bytes than the settings allow.
        UnreadableFileError
            The list of partitions is missing.
        """
        try:
            with self._listings.hold(catalogue.listing) as held:
                partitions = open_partitions(held.path)
        except (FileNotFoundError, NotFoundError) as e:
            raise UnreadableFileError(
                f"The list of the partitions of {catalogue.full_name} is missing. Ask an administrator to run "
                f"photoz catalogue refresh {catalogue.name}."
            ) from e
        columns, sources = layout.columns, layout.sources
        scans = [_looked_up(catalogue, scan, sources) for scan in scans]
        found = [_places(partitions, scan) for scan in scans]
        places = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
        sizes = [_size(catalogue, layout, partitions, some, scan) for some, scan in zip(found, scans, strict=True)]
        read = sum(size.bytes for size in sizes)
        if self._most_bytes and read > self._most_bytes:
            raise TooLargeScanError(
                f"The query would read {_quantity(read)} of {catalogue.full_name} in {len(places)} of "
                f"{len(partitions)} partitions; at most {_quantity(self._most_bytes)} are read. Restrict it to a "
                "smaller region, or select fewer columns.",
                field="QUERY",
            )
        by_alias = {scan.alias: size for scan, size in zip(scans, sizes, strict=True)}
        if not len(places):
            return EngineTable(SCHEMA, catalogue.name, data=_empty(catalogue, partitions), sizes=by_alias)
        wanted = {sources[name] for scan in scans for name in scan.columns if name in sources}
        names = partitions.names(places)
        if self._in_place:
            root = CatalogueFolder(catalogue.data_root)
            addresses = tuple(map(root.address, names))
            return EngineTable(SCHEMA, catalogue.name, addresses=addresses, columns=columns, sizes=by_alias)
        root = CatalogueFolder(catalogue.data_root)
        if root.is_local:
            folder = Path(root.url)
            files = tuple(folder / name for name in names)
            return EngineTable(SCHEMA, catalogue.name, files=files, folder=folder, columns=columns, sizes=by_alias)
        files = self._copies.paths(root, names, wanted)
        return EngineTable(SCHEMA, catalogue.name, files=files, columns=columns, sizes=by_alias)


def _looked_up(catalogue: SurveyCatalogue, scan: Scan, sources: Mapping[str, str]) -> Scan:
    """Return a scan restricted to the partitions of the identifiers that it seeks, where the catalogue has an index."""
    for name, values in scan.values.items():
        source = sources.get(name, "")
        index = catalogue.indexes.get(source)
        scan = scan.within(None if index is None else ranges_of_identifiers(CatalogueFolder(index), source, values))
    return scan


def _places(partitions: PartitionList, scan: Scan) -> NDArray[np.int64]:
    """Return the partitions that a scan reads; where a limit alone bounds its rows, the first ones with so many."""
    places = partitions.overlapping(scan.ranges)
    if scan.rows is None:
        return places
    rows = partitions.rows[places]
    if not len(rows) or rows.min() < 0:
        return places
    return places[: int(np.searchsorted(np.cumsum(rows), scan.rows)) + 1]


def _size(
    catalogue: SurveyCatalogue, layout: FileLayout, partitions: PartitionList, places: NDArray[np.int64], scan: Scan
) -> TableSize:
    rows = partitions.rows[places]
    count = int(rows.sum()) if not len(rows) or rows.min() >= 0 else _typical(catalogue) * len(places)
    share = sum(layout.shares.get(name, _SMALL) for name in scan.columns)
    size = min(1.0, share) * float(partitions.bytes[places].sum())
    if scan.rows is not None and count > scan.rows:
        count, size = scan.rows, size * scan.rows / count
    return TableSize(count, int(size) + _FOOTER_BYTES * len(places))


def _typical(catalogue: SurveyCatalogue) -> int:
    return (catalogue.rows or 0) // max(1, catalogue.partitions)


def _empty(catalogue: SurveyCatalogue, partitions: PartitionList) -> pa.Table:
    """Return a table without rows, of the types that the files would give."""
    fields = [partitions.types.field(item.source) for item in catalogue.columns]
    types = [_TYPES.get(item.conversion, field.type) for item, field in zip(catalogue.columns, fields, strict=True)]
    schema = pa.schema([field.with_type(kind) for field, kind in zip(fields, types, strict=True)])
    return stored_schema(schema, indexed=catalogue.healpix is not None).empty_table()


def _quantity(size: int) -> str:
    """Return a number of bytes in words."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"
