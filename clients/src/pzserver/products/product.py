"""A published product: metadata, columns, and rows that the server selects."""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from pzserver.adql import in_cone
from pzserver.catalogue import positions_of, table_of
from pzserver.products.actions import ProductActions
from pzserver.tables.columns import Column, ColumnList
from pzserver.tables.rows import TableRows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import lsdb
    from astropy.coordinates import Angle, SkyCoord
    from astropy.units import Quantity

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
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

    def __init__(self, connection: Connection, catalogue: Catalogue, key: int | str) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._found = catalogue.product(key)

    def __repr__(self) -> str:
        rows = "" if self.row_count is None else f", {self.row_count} rows"
        return f"<Product {self.internal_name}: {self.display_name} ({self._found['product_type']}{rows})>"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>"

    @property
    def number(self) -> int:
        """Its number."""
        return int(self._found["id"])

    @property
    def internal_name(self) -> str:
        """Its internal name, which stays the same."""
        return str(self._found["internal_name"])

    @property
    def display_name(self) -> str:
        """The name that its owner gave it."""
        return str(self._found["display_name"])

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

    def lsdb(self, columns: Iterable[str] | None = None, **options: Any) -> lsdb.Catalog:
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
        from lsdb import open_catalog

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
