"""Queries of product metadata and rows with ADQL through TAP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

from pzserver.connections.connection import Connection
from pzserver.errors import InvalidValueError, NotFoundError, RequestError
from pzserver.tables.adql import conditions_of, in_cone, rows_query
from pzserver.tables.queries import run_sync, tap_service

if TYPE_CHECKING:
    import pyvo
    from astropy.io.votable.tree import TableElement
    from astropy.table import Table

__all__ = ["Catalogue", "RemoteFile", "positions_of", "table_of"]

Json = dict[str, Any]  # metadata as users see it: names to texts, numbers and None

_PRODUCT_COLUMNS = (
    "product_id, internal_name, display_name, product_type, product_type_name, release_name, owner, description, "
    "pz_code, official, visibility, origin, created_at, updated_at, published_at, table_name, row_count, ra_column, "
    "dec_column, z_column"
)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a published product, as the server describes it; checksums are hexadecimal."""

    name: str
    role: str
    media_type: str
    size: int
    md5: str
    sha256: str


class Catalogue:
    """Queries to the TAP service of one server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session = connection.session

    def _result(self, adql: str, maxrec: int | None) -> pyvo.dal.TAPResults:
        import pyvo

        try:
            return tap_service(self._connection).run_sync(adql, maxrec=maxrec)
        except pyvo.dal.DALQueryError as e:
            raise InvalidValueError(str(e)) from e
        except (pyvo.dal.DALServiceError, pyvo.dal.DALFormatError) as e:
            raise RequestError(str(e)) from e
        finally:
            self._session.close_streams()

    def records(self, adql: str) -> list[Json]:
        """Run a query of metadata and return its rows as dictionaries, with None for missing values."""
        rows: list[Json] = run_sync(self._connection, adql).to_arrow().to_pylist()
        return [{name: None if value == "" else value for name, value in row.items()} for row in rows]

    def product_types(self) -> list[Json]:
        """List the types of products, in their order."""
        return self.records("SELECT name, display_name, description FROM photoz.product_types ORDER BY sort_order")

    def releases(self) -> list[Json]:
        """List the releases."""
        return self.records("SELECT name, display_name, description FROM photoz.releases ORDER BY name")

    def products(self, filters: Json | None) -> list[Json]:
        """List published products, newest first."""
        conditions = conditions_of(filters or {})
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT {_PRODUCT_COLUMNS} FROM photoz.products{where} ORDER BY product_id DESC"  # noqa: S608 - quoted
        return [_product(record) for record in self.records(query)]

    def product(self, key: SupportsIndex | str) -> Json:
        """Find a published product by its number or internal name.

        Raises
        ------
        NotFoundError
            It does not exist, or you may not see it.
        """
        number = _number_of(key)
        found = self.products({"internal_name": key} if number is None else {"id": number})
        if not found:
            message = f"There is no published product '{key}' that you may read."
            raise NotFoundError(message)
        return found[0]

    def number(self, key: SupportsIndex | str) -> int:
        """Return the number of a product; drafts are found by number alone."""
        number = _number_of(key)
        return int(self.product(key)["id"]) if number is None else number

    def columns(self, product_id: int) -> list[Json]:
        """List the columns of a product's table with their meanings."""
        names = ("column_name", "datatype", "arraysize", "unit", "ucd", "alias", "description")
        return self._parts(product_id, "photoz.product_columns", names, "column_index")

    def files(self, product_id: int) -> list[RemoteFile]:
        """List the files of a product."""
        names = ("file_name", "role", "content_type", "content_length", "md5", "sha256")
        records = self._parts(product_id, "photoz.product_files", names, "file_name")
        return [RemoteFile(*(record[name] for name in names)) for record in records]

    def votable(
        self,
        product: Json,
        columns: Iterable[str] | None = None,
        cone: tuple[float, float, float] | None = None,
        *,
        maxrec: int | None = None,
    ) -> TableElement:
        """Return rows of a product as a VOTable, with all that the server says of them.

        Parameters
        ----------
        maxrec
            Maximum number of rows; all by default, which is sent explicitly because the default limit of servers is
            low.

        Raises
        ------
        NotFoundError
            It has no rows that can be queried.
        ValueError
            A cone is given and the product has no positions.
        """
        query, limit = self._rows_query(product, columns, cone, maxrec)
        return self._result(query, limit).resultstable

    def _rows_query(
        self,
        product: Json,
        columns: Iterable[str] | None,
        cone: tuple[float, float, float] | None,
        maxrec: int | None,
    ) -> tuple[str, int]:
        """Return the query for rows of a product, and the number of rows to request."""
        table = table_of(product)
        condition = None if cone is None else in_cone(*positions_of(product, "be searched by cone"), cone)
        query = rows_query(table, columns, condition)
        return query, product["row_count"] if maxrec is None else maxrec

    def rows(
        self,
        product: Json,
        columns: Iterable[str] | None = None,
        cone: tuple[float, float, float] | None = None,
        *,
        maxrec: int | None = None,
    ) -> Table:
        """Return rows of a product as a table; see `votable`."""
        query, limit = self._rows_query(product, columns, cone, maxrec)
        return run_sync(self._connection, query, maxrec=limit).to_table()

    def _parts(self, product_id: int, table: str, names: tuple[str, ...], order: str) -> list[Json]:
        condition = f"product_id = {int(product_id)} ORDER BY {order}"
        return self.records(f"SELECT {', '.join(names)} FROM {table} WHERE {condition}")  # noqa: S608 - fixed names


def table_of(product: Json) -> str:
    """Return the name of the table of a product in queries.

    Raises
    ------
    NotFoundError
        It has no rows that can be queried.
    """
    if product["table_name"] is None:
        message = f"The product '{product['internal_name']}' has no table that can be queried."
        raise NotFoundError(message)
    return str(product["table_name"])


def positions_of(product: Json, what_for: str) -> tuple[str, str]:
    """Return the names of the columns of right ascension and declination.

    Raises
    ------
    ValueError
        The product has no positions; the message states what it cannot do without them.
    """
    ra_column, dec_column = product["ra_column"], product["dec_column"]
    if ra_column is None or dec_column is None:
        message = f"The product '{product['internal_name']}' has no positions, so it cannot {what_for}."
        raise ValueError(message)
    return str(ra_column), str(dec_column)


def _number_of(key: SupportsIndex | str) -> int | None:
    """Return a key as a number, which may be one of numpy or a text; None for an internal name."""
    if not isinstance(key, str):
        return index(key)
    return int(key) if key.isdecimal() else None


def _product(record: Json) -> Json:
    """Return the metadata of a product with the keys of version 0.3."""
    renamed = {
        "id": record["product_id"],
        "uploaded_by": record["owner"],
        "official_product": bool(record["official"]),
        "product_type_internal_name": record["product_type"],
        "n_rows": record["row_count"],
    }
    return {**renamed, **{name: value for name, value in record.items() if name not in {"product_id", "official"}}}
