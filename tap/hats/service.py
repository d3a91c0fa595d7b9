"""The files of the HATS collection of a product: catalogue, margin cache, and their properties (HATS 1.0 §3)."""

import hashlib
import io
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from core.auth.models import Identity
from core.columns import HEALPIX_COLUMN
from core.errors import NotFoundError
from core.files.kept import KeptFiles
from core.sky.hats import CATALOGUE_FILES, COLLECTION_FILE, partition_name, properties_text
from products.models import ProductStatus
from products.service import ProductDetails, ProductService
from tap.hats.archives import ArchivedCatalogues
from tap.hats.cuts import CutFiles, catalogue_schema, margin_rows, partition_rows
from tap.hats.models import HatsFile, folder_entries
from tap.hats.partitions import Partition, count_margin_rows, partitions_of

__all__ = ["CATALOGUE", "MARGIN", "HatsService"]

#: Folders of the catalogue and of its margin cache in the collection.
CATALOGUE, MARGIN = "catalog", "margin"

_KEPT = 256
#: Stands between the name of stored rows and what was cut from them.
_OF = "~"
_TITLE = "HATS catalog"
_TEXT, _PARQUET, _CSV = "text/plain; charset=utf-8", "application/vnd.apache.parquet", "text/csv"


class HatsService:
    """Service that gives published products as HATS collections.

    A catalogue that was uploaded in a zip or tar is given as it is; else the table, if it has positions. Nothing is
    stored but what was cut: partitions are ranges of the stored rows, which are sorted by HEALPix.

    Parameters
    ----------
    archived
        The catalogues in uploaded archives.
    tables
        The stored rows.
    most_rows
        Rows of a partition.
    margin_arcsec
        Distance from a partition up to which its margin has all rows.
    """

    def __init__(
        self,
        products: ProductService,
        tables: KeptFiles,
        cuts: CutFiles,
        archived: ArchivedCatalogues,
        *,
        most_rows: int,
        margin_arcsec: float,
    ) -> None:
        self._products = products
        self._archived = archived
        self._tables = tables
        self._cuts = cuts
        self._most_rows = most_rows
        self._margin = margin_arcsec
        # By the name of stored rows, which never change.
        self._partitions = lru_cache(_KEPT)(self._read_partitions)
        self._margin_rows = lru_cache(_KEPT)(self._count_margin_rows)

    def file(self, identity: Identity, name: str, path: str) -> HatsFile:
        """Return a file or a folder of the collection of a product.

        Raises
        ------
        NotFoundError
            There is none, or the identity may not read the product; the message is the same.
        """
        missing = NotFoundError(f"There is no file '{path[:200]}' in a HATS catalogue of the product '{name[:200]}'.")
        try:
            details = self._products.details(identity, name)
        except NotFoundError as e:
            raise missing from e
        if details.product.status is not ProductStatus.PUBLISHED:
            raise missing
        table, path = details.table, path.strip("/")
        found: HatsFile | None = None
        try:
            if self._archived.has(details):
                found = self._archived.file(details, path)
            elif table is not None and table.ra and table.dec:
                found = self._found(details, table.stored_id, path)
        except FileNotFoundError as e:  # the rows were derived anew in this moment
            raise missing from e
        if found is None:
            raise missing
        return found

    def sweep(self) -> int:
        """Remove cut files whose stored rows are gone from this machine; return how many."""
        return self._cuts.sweep(self._has_source)

    def _has_source(self, name: str) -> bool:
        source = name.partition(_OF)[0]
        return self._tables.local(source).exists() or self._archived.has_source(name)

    def _found(self, details: ProductDetails, stored_id: str, path: str) -> HatsFile | None:
        if path == COLLECTION_FILE:
            return self._text(details, path, properties_text(_TITLE, self._collection(details)))
        if path == "":
            return self._folder(details, path, (COLLECTION_FILE, f"{CATALOGUE}/", f"{MARGIN}/"))
        folder, _, rest = path.partition("/")
        if folder not in {CATALOGUE, MARGIN}:
            return None
        partitions = self._partitions(stored_id)
        if rest in CATALOGUE_FILES:
            return self._text(
                details, path, properties_text(_TITLE, self._catalogue(details, partitions.values(), folder))
            )
        if rest == "partition_info.csv":
            lines = ["Norder,Npix", *(f"{item.order},{item.pixel}" for item in partitions.values())]
            return self._text(details, path, "\n".join(lines) + "\n", _CSV)
        if rest == "dataset/_common_metadata":
            return self._metadata(details, path, stored_id)
        if (item := partitions.get(rest)) is not None:
            return self._cut(details, path, stored_id, folder, item)
        entries = _entries(rest, partitions)
        return self._folder(details, path, entries) if entries else None

    def _read_partitions(self, stored_id: str) -> Mapping[str, Partition]:
        """Return the partitions by their paths in a catalogue, in the order of the sky."""
        with self._tables.hold(stored_id) as held:
            return {_place(item): item for item in partitions_of(held.path, self._most_rows)}

    def _count_margin_rows(self, stored_id: str) -> int:
        partitions = tuple(self._partitions(stored_id).values())
        with self._tables.hold(stored_id) as held:
            return count_margin_rows(held.path, partitions, self._margin)

    def _cut(self, details: ProductDetails, path: str, stored_id: str, kind: str, item: Partition) -> HatsFile:
        within = f"-{self._margin:g}" if kind == MARGIN else ""
        name = f"{stored_id}{_OF}{kind}{within}-{item.order}-{item.pixel}.parquet"
        with self._tables.hold(stored_id) as held:
            source = held.path
            cut = self._cuts.path(
                name,
                lambda: catalogue_schema(source),
                lambda: margin_rows(source, item, self._margin) if kind == MARGIN else partition_rows(source, item),
            )
        etag = hashlib.sha256(name.encode()).hexdigest()
        modified = details.product.updated_at
        return HatsFile(path.rpartition("/")[2], _PARQUET, cut.stat().st_size, etag, modified, cut)

    def _collection(self, details: ProductDetails) -> Mapping[str, object]:
        return {
            "obs_collection": details.product.internal_name,
            "hats_primary_table_url": CATALOGUE,
            "all_margins": MARGIN,
            "default_margin": MARGIN,
        }

    def _catalogue(self, details: ProductDetails, partitions: Collection[Partition], kind: str) -> Mapping[str, object]:
        table, name = details.table, details.product.internal_name
        common = {
            "hats_version": "v1.0",
            "obs_title": " ".join(details.product.display_name.split()),
            "hats_col_ra": table.ra if table else None,
            "hats_col_dec": table.dec if table else None,
            "hats_col_healpix": HEALPIX_COLUMN,
            "hats_col_healpix_order": 29,
            "hats_npix_suffix": ".parquet",
            "hats_order": max((item.order for item in partitions), default=0),
        }
        if kind == MARGIN:
            return {
                "obs_collection": f"{name}_{MARGIN}",
                "dataproduct_type": "margin",
                "hats_primary_table_url": CATALOGUE,
                "hats_margin_threshold": self._margin,
                "hats_nrows": self._margin_rows(table.stored_id) if table else None,
                **common,
            }
        rows = sum(item.stop - item.start for item in partitions)
        return {"obs_collection": name, "dataproduct_type": "object", "hats_nrows": rows, **common}

    def _metadata(self, details: ProductDetails, path: str, stored_id: str) -> HatsFile:
        import pyarrow.parquet as pq

        target = io.BytesIO()
        with self._tables.hold(stored_id) as held:
            pq.write_metadata(catalogue_schema(held.path), target)
        return self._bytes(details, path, target.getvalue(), _PARQUET)

    def _text(self, details: ProductDetails, path: str, text: str, media_type: str = _TEXT) -> HatsFile:
        return self._bytes(details, path, text.encode(), media_type)

    def _bytes(self, details: ProductDetails, path: str, content: bytes, media_type: str) -> HatsFile:
        etag = hashlib.sha256(content).hexdigest()
        name = path.rpartition("/")[2]
        return HatsFile(name, media_type, len(content), etag, details.product.updated_at, content)

    def _folder(self, details: ProductDetails, path: str, entries: tuple[str, ...]) -> HatsFile:
        return HatsFile(path.rpartition("/")[2], "text/html", 0, "", details.product.updated_at, b"", entries)


def _place(item: Partition) -> str:
    return f"dataset/{partition_name(item.order, item.pixel)}"


def _entries(folder: str, partitions: Iterable[str]) -> tuple[str, ...]:
    """Return the entries of a folder of a catalogue; none when there is no such folder."""
    names = [*CATALOGUE_FILES, "partition_info.csv", "dataset/_common_metadata", *partitions]
    return folder_entries(folder, names)
