"""A published product: metadata, columns, and rows that the server selects."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, SupportsIndex
from urllib.parse import quote

from pzserver import models
from pzserver.catalogue import positions_of, table_of
from pzserver.products.actions import ProductActions
from pzserver.tables.adql import in_cone
from pzserver.tables.columns import Column, ColumnList
from pzserver.tables.rows import TableRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from astropy.coordinates import Angle, SkyCoord
    from astropy.units import Quantity
    from lsdb import Catalog
    from pyvo.dal import SCSService
    from pyvo.dal.adhoc import DatalinkResults

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.products.crossmatches import Pairs, Radius
    from pzserver.products.files import FileList
    from pzserver.tables.frames import TableLike
    from pzserver.tables.results import QueryResult

__all__ = ["Product"]

Json = dict[str, Any]  # metadata as the server sends it


class Product(TableRows, ProductActions):
    """A published product of a server.

    Parameters
    ----------
    key
        Its number or internal name.

    Raises
    ------
    NotFoundError
        It does not exist, or you may not see it.
    """

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        key: SupportsIndex | str = "",
        *,
        meta: Mapping[str, object] | None = None,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        if meta is None:
            self._key = key
            self._number = int(self._found["id"])
        else:  # of a list: the rest is read when it is asked for
            self._key = self._number = int(str(meta["id"]))
            self.__dict__["meta"] = dict(meta)

    def __repr__(self) -> str:
        rows = "" if self.row_count is None else f", {self.row_count} rows"
        return f"<Product {self.internal_name}: {self.display_name} ({self.product_type}{rows})>"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>"

    @cached_property
    def _found(self) -> Json:
        """What the catalogue in TAP has of it."""
        return self._catalogue.product(self._key)

    @property
    def number(self) -> int:
        """Its number."""
        return self._number

    @property
    def internal_name(self) -> str:
        """Its internal name, which stays the same."""
        return str(self._either("internal_name", "internal_name"))

    @property
    def display_name(self) -> str:
        """The name that its owner gave it."""
        return str(self._either("display_name", "display_name"))

    @property
    def product_type(self) -> str:
        """Internal name of its product type."""
        return str(self._either("product_type_internal_name", "product_type"))

    @property
    def release(self) -> str | None:
        """Name of its release."""
        name = self._either("release_name", "release_name")
        return None if name is None else str(name)

    @property
    def owner(self) -> str:
        """User who uploaded it or ran the pipeline."""
        return str(self._either("uploaded_by", "uploaded_by"))

    @property
    def created_at(self) -> datetime:
        """When it was created, in UTC."""
        return self.record.created_at

    @property
    def record(self) -> models.Product:
        """Its metadata as a typed record."""
        return models.Product.from_json(self.meta)

    @property
    def table_name(self) -> str:
        """Name of its table in queries.

        Raises
        ------
        NotFoundError
            It has no rows that can be queried.
        """
        return table_of(self._found)

    @property
    def row_count(self) -> int | None:
        """Number of rows; None without a table."""
        return None if self._found["row_count"] is None else int(self._found["row_count"])

    @cached_property
    def meta(self) -> Json:
        """Metadata, as the REST API sends them."""
        answer: Json = self._connection.json("GET", f"products/{self.number}/")
        return answer

    @cached_property
    def columns(self) -> ColumnList:
        """Columns of its table, with units, UCDs and meanings."""
        names = ("column_name", "datatype", "unit", "ucd", "alias", "description")
        return ColumnList([Column(*(item[name] for name in names)) for item in self._catalogue.columns(self.number)])

    def lsdb(self, columns: Iterable[str] | None = None, **options: Any) -> Catalog:
        """Open the rows as a catalogue of LSDB, which reads partitions when they are computed.

        Needs the package ``lsdb``.

        Parameters
        ----------
        columns
            Column names; all by default.
        options
            Further arguments of ``lsdb.open_catalog``, such as ``search_filter``.

        Raises
        ------
        ValueError
            The product has no positions.
        """
        try:
            from lsdb import open_catalog
        except ImportError as e:
            message = "LSDB is not installed: pip install pzserver[lsdb]"
            raise ImportError(message) from e
        self.positions("be opened as a HATS catalogue")
        return open_catalog(
            f"{self._connection.base_url}/hats/{self.internal_name}",
            columns=None if columns is None else list(columns),
            storage_options=self._connection.storage_options(),
            **options,
        )

    def cone(
        self,
        center: SkyCoord | tuple[float, float],
        radius: Quantity | Angle | float,
        columns: Iterable[str] | None = None,
        *,
        limit: int | None = None,
    ) -> QueryResult:
        """Return the rows in a cone.

        Parameters
        ----------
        center
            A position, or right ascension and declination in degrees.
        radius
            An angle, or degrees.

        Raises
        ------
        ValueError
            The product has no positions.
        """
        ra_column, dec_column = self.positions("be searched by cone")
        ra, dec = center if isinstance(center, tuple) else (center.icrs.ra.deg, center.icrs.dec.deg)
        degrees = float(radius.to_value("deg") if hasattr(radius, "to_value") else radius)
        where = in_cone(ra_column, dec_column, (float(ra), float(dec), degrees))
        return self.rows(columns, where=where, limit=limit)

    def crossmatch(
        self,
        other: TableLike | SkyCoord | Product | str | Path,
        radius: Radius,
        *,
        pairs: Pairs = "nearest",
        columns: Iterable[str] | None = None,
        positions: tuple[str, str] | None = None,
        run_async: bool = False,
        progress: bool = False,
    ) -> QueryResult:
        """Return the rows of another table, each with the rows of this product within a radius.

        Rows without a match are left out. The columns of the other table come first, then those of this product (with
        a number where the other has the name), then ``separation`` in arcseconds.

        Parameters
        ----------
        other
            A table in memory, a file, positions, or another product, which the server joins.
        radius
            An angle with its unit, such as ``"1 arcsec"``.
        pairs
            ``nearest`` for at most one row of this product for each one of the other table, or ``all``.
        columns
            Columns of this product; all by default.
        positions
            Columns of right ascension and declination of a table in memory, where UCDs and usual names do not tell.
        run_async, progress
            As those of `pzserver.PzServer.query`.

        Raises
        ------
        InvalidValueError
            The radius has no unit, or positions are not known.
        ValueError
            One of the products has no positions.
        """
        from pzserver.products.crossmatches import crossmatch

        return crossmatch(
            self,
            other,
            radius,
            pairs=pairs,
            columns=columns,
            positions=positions,
            run_async=run_async,
            progress=progress,
        )

    @property
    def files(self) -> FileList:
        """Its files, with roles, sizes and checksums."""
        from pzserver.products.files import product_files

        return product_files(self._connection, self.internal_name, self._catalogue.files(self.number))

    def download(self, folder: str | Path = ".", *, progress: bool = False) -> Path:
        """Download all files into a folder with the internal name as its name, and return that folder.

        Interrupted downloads are resumed, complete files are not sent again, and every file is verified by its SHA-256.

        Parameters
        ----------
        progress
            Whether to show a bar for each file.
        """
        from pzserver.products.files import download_all

        return download_all(self._connection, self.internal_name, self.files, folder, progress=progress)

    def nested(self, columns: Iterable[str] | None = None, **options: Any) -> Catalog:
        """Open the rows as a catalogue of LSDB in which each column of arrays is nested, with the field ``value``.

        Partitions are read when they are computed, and are frames of nested-pandas then. Rows of a query become such a
        frame at once by `QueryResult.to_nested`, also those of a product without positions. The arguments are those of
        `lsdb`.

        Raises
        ------
        ValueError
            The product has no positions.
        """
        from pzserver.tables.nested import nested_catalog

        return nested_catalog(self.lsdb(columns, **options))

    def datalink(self) -> DatalinkResults:
        """Return its links as pyvo reads them (DataLink 1.1): files, preview, provenance, cone search."""
        from pyvo.dal.adhoc import DatalinkResults

        url = f"{self._connection.base_url}/datalink?ID={quote(self.internal_name)}"
        try:
            return DatalinkResults.from_result_url(url, session=self._connection.session)
        finally:
            self._connection.session.close_streams()

    def cone_search(self) -> SCSService:
        """Return its cone search as a service of pyvo (Simple Cone Search 1.03)."""
        from pyvo.dal import SCSService

        table = quote(self.table_name)
        return SCSService(f"{self._connection.base_url}/conesearch/{table}", session=self._connection.session)

    def positions(self, what_for: str) -> tuple[str, str]:
        """Return the names of the columns of right ascension and declination.

        Parameters
        ----------
        what_for
            What the product cannot without positions, for the message: "be searched by cone".

        Raises
        ------
        ValueError
            The product has no positions.
        """
        return positions_of(self._found, what_for)

    def _either(self, name: str, name_in_tap: str) -> object:
        """Return an entry of the metadata that were read first, so that no other ones are read for it."""
        return self.meta[name] if "meta" in self.__dict__ else self._found[name_in_tap]
