"""The files of the HATS collection of a product: catalogue, margin cache, and their properties (HATS 1.0 §3)."""

import hashlib
import io
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from core.auth.models import Identity
from core.columns import HEALPIX_COLUMN
from core.errors import NotFoundError
from products.models import ProductStatus
from products.service import ProductDetails, ProductService
from tap.hats.cuts import CutFiles, catalogue_schema, margin_rows, partition_rows
from tap.hats.partitions import Partition, count_margin_rows, partitions_of

__all__ = ["CATALOGUE", "MARGIN", "HatsFile", "HatsService"]

#: Folders of the catalogue and of its margin cache in the collection.
CATALOGUE, MARGIN = "catalog", "margin"

_KEPT = 256
_BLOCK = 1 << 18
#: Stands between the name of stored rows and what was cut from them.
_OF = "~"
_TEXT, _PARQUET, _CSV = "text/plain; charset=utf-8", "application/vnd.apache.parquet", "text/csv"


@dataclass(frozen=True, slots=True)
class HatsFile:
    """A file of a collection; or a folder, whose entries it has.

    Parameters
    ----------
    content
        Its bytes, or the file that has them.
    entries
        Names in the folder, those of folders with a slash at the end; None for a file.
    """

    name: str
    media_type: str
    size: int
    etag: str
    modified: datetime
    content: bytes | Path
    entries: tuple[str, ...] | None = None

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Stream the bytes from ``start`` up to, not including, ``end``."""
        if isinstance(self.content, bytes):
            yield self.content[start:end]
            return
        with self.content.open("rb") as file:
            file.seek(start)
            while block := file.read(min(_BLOCK, end - file.tell())):
                yield block


class HatsService:
    """Service that gives the tables with positions of published products as HATS collections.

    Nothing is stored but what was cut: partitions are ranges of the stored rows, which are sorted by HEALPix.

    Parameters
    ----------
    tables
        Folder of the stored rows.
    most_rows
        Rows of a partition.
    margin_arcsec
        Distance from a partition up to which its margin has all rows.
    """

    def __init__(
        self, products: ProductService, tables: Path, cuts: CutFiles, *, most_rows: int, margin_arcsec: float
    ) -> None:
        self._products = products
        self._tables = tables
        self._cuts = cuts
        self._most_rows = most_rows
        self._margin = margin_arcsec
        self._partitions: OrderedDict[str, tuple[Partition, ...]] = OrderedDict()
        self._margins: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

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
        table = details.table
        if details.product.status is not ProductStatus.PUBLISHED or table is None or not (table.ra and table.dec):
            raise missing
        try:
            found = self._found(details, table.stored_id, path.strip("/"))
        except FileNotFoundError as e:  # the rows were derived anew in this moment
            raise missing from e
        if found is None:
            raise missing
        return found

    def sweep(self) -> int:
        """Remove cut files whose stored rows are gone; return how many."""
        return self._cuts.sweep(lambda name: (self._tables / _source_of(name)).exists())

    def _found(self, details: ProductDetails, stored_id: str, path: str) -> HatsFile | None:
        if path == "collection.properties":
            return self._text(details, path, _properties(self._collection(details)))
        if path == "":
            return self._folder(details, path, ("collection.properties", f"{CATALOGUE}/", f"{MARGIN}/"))
        folder, _, rest = path.partition("/")
        if folder not in {CATALOGUE, MARGIN}:
            return None
        partitions = self._of(stored_id)
        if rest in {"hats.properties", "properties"}:
            return self._text(details, path, _properties(self._catalogue(details, partitions, folder)))
        if rest == "partition_info.csv":
            lines = ["Norder,Npix", *(f"{item.order},{item.pixel}" for item in partitions)]
            return self._text(details, path, "\n".join(lines) + "\n", _CSV)
        if rest == "dataset/_common_metadata":
            return self._metadata(details, path, self._tables / stored_id)
        for item in partitions:
            if rest == f"dataset/{_place(item)}":
                return self._cut(details, path, stored_id, folder, item)
        entries = _entries(rest, partitions)
        return self._folder(details, path, entries) if entries else None

    def _of(self, stored_id: str) -> tuple[Partition, ...]:
        with self._lock:
            known = self._partitions.get(stored_id)
        if known is None:
            known = partitions_of(self._tables / stored_id, self._most_rows)
            with self._lock:
                self._partitions[stored_id] = known
                while len(self._partitions) > _KEPT:
                    self._partitions.popitem(last=False)
        return known

    def _margin_rows(self, stored_id: str, partitions: tuple[Partition, ...]) -> int:
        with self._lock:
            known = self._margins.get(stored_id)
        if known is None:
            known = count_margin_rows(self._tables / stored_id, partitions, self._margin)
            with self._lock:
                self._margins[stored_id] = known
                while len(self._margins) > _KEPT:
                    self._margins.popitem(last=False)
        return known

    def _cut(self, details: ProductDetails, path: str, stored_id: str, kind: str, item: Partition) -> HatsFile:
        source = self._tables / stored_id
        within = f"-{self._margin:g}" if kind == MARGIN else ""
        name = f"{stored_id}{_OF}{kind}{within}-{item.order}-{item.pixel}.parquet"
        cut = self._cuts.path(
            name,
            catalogue_schema(source),
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

    def _catalogue(self, details: ProductDetails, partitions: tuple[Partition, ...], kind: str) -> Mapping[str, object]:
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
                "hats_nrows": self._margin_rows(table.stored_id, partitions) if table else None,
                **common,
            }
        rows = sum(item.stop - item.start for item in partitions)
        return {"obs_collection": name, "dataproduct_type": "object", "hats_nrows": rows, **common}

    def _metadata(self, details: ProductDetails, path: str, source: Path) -> HatsFile:
        import pyarrow.parquet as pq

        target = io.BytesIO()
        pq.write_metadata(catalogue_schema(source), target)
        return self._bytes(details, path, target.getvalue(), _PARQUET)

    def _text(self, details: ProductDetails, path: str, text: str, media_type: str = _TEXT) -> HatsFile:
        return self._bytes(details, path, text.encode(), media_type)

    def _bytes(self, details: ProductDetails, path: str, content: bytes, media_type: str) -> HatsFile:
        etag = hashlib.sha256(content).hexdigest()
        name = path.rpartition("/")[2]
        return HatsFile(name, media_type, len(content), etag, details.product.updated_at, content)

    def _folder(self, details: ProductDetails, path: str, entries: tuple[str, ...]) -> HatsFile:
        return HatsFile(path.rpartition("/")[2], "text/html", 0, "", details.product.updated_at, b"", entries)


def _source_of(name: str) -> str:
    return name.partition(_OF)[0]


def _place(item: Partition) -> str:
    return f"Norder={item.order}/Dir={item.pixel // 10_000 * 10_000}/Npix={item.pixel}.parquet"


def _entries(folder: str, partitions: tuple[Partition, ...]) -> tuple[str, ...]:
    """Return the entries of a folder of a catalogue; none when there is no such folder."""
    names = ["hats.properties", "properties", "partition_info.csv", "dataset/_common_metadata"]
    names += [f"dataset/{_place(item)}" for item in partitions]
    prefix = f"{folder}/" if folder else ""
    inside = (name.removeprefix(prefix).partition("/") for name in names if name.startswith(prefix))
    return tuple(dict.fromkeys(first + slash for first, slash, _ in inside))


def _properties(values: Mapping[str, object]) -> str:
    """Return the text of a Java properties file."""
    lines = [f"{key}={_escaped(str(value))}" for key, value in values.items() if value is not None]
    return "\n".join(["#HATS catalog", *lines]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")
