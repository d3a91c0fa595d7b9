"""Rows of a table that the server selects, as Arrow, pandas, astropy or polars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzserver.tables.adql import rows_query
from pzserver.tables.queries import run_async as _run_async
from pzserver.tables.queries import run_sync

if TYPE_CHECKING:
    from collections.abc import Iterable
    from functools import cached_property

    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from astropy.table import Table

    from pzserver.connections.connection import Connection
    from pzserver.tables.columns import ColumnList
    from pzserver.tables.query_uploads import QueryUploads
    from pzserver.tables.results import QueryResult

__all__ = ["TableRows"]


class TableRows:
    """Rows of a table that can be queried; products and other tables of the server inherit it."""

    _connection: Connection

    if TYPE_CHECKING:  # what those who inherit have

        @property
        def table_name(self) -> str:
            """Name of the table in queries."""

        @cached_property
        def columns(self) -> ColumnList:
            """Columns of the table."""

    def rows(
        self, columns: Iterable[str] | None = None, *, where: str | None = None, limit: int | None = None
    ) -> QueryResult:
        """Return rows that the server selects.

        Parameters
        ----------
        columns
            Column names; all by default.
        where
            Condition in ADQL, such as ``z < 0.5``.
        limit
            Maximum number of rows; all by default.
        """
        selected = None if columns is None else [self.columns[name].name for name in columns]
        return run_sync(self._connection, rows_query(self.table_name, selected, where), maxrec=limit)

    def to_arrow(
        self, columns: Iterable[str] | None = None, *, where: str | None = None, limit: int | None = None
    ) -> pa.Table:
        """Return rows as an Arrow table; see `rows`."""
        return self.rows(columns, where=where, limit=limit).to_arrow()

    def to_pandas(
        self, columns: Iterable[str] | None = None, *, where: str | None = None, limit: int | None = None
    ) -> pd.DataFrame:
        """Return rows as a frame; see `rows`."""
        return self.rows(columns, where=where, limit=limit).to_pandas()

    def to_table(
        self, columns: Iterable[str] | None = None, *, where: str | None = None, limit: int | None = None
    ) -> Table:
        """Return rows as an astropy table with units; see `rows`."""
        return self.rows(columns, where=where, limit=limit).to_table()

    def to_polars(
        self, columns: Iterable[str] | None = None, *, where: str | None = None, limit: int | None = None
    ) -> pl.DataFrame:
        """Return rows as a frame of polars; see `rows`."""
        return self.rows(columns, where=where, limit=limit).to_polars()

    def query(
        self,
        adql: str,
        *,
        limit: int | None = None,
        upload: QueryUploads | None = None,
        run_async: bool = False,
        progress: bool = False,
    ) -> QueryResult:
        """Run a query in ADQL, in which ``{table}`` is this table; see `pzserver.PzServer.query`."""
        text = adql.replace("{table}", self.table_name)
        if run_async:
            return _run_async(self._connection, text, maxrec=limit, uploads=upload, progress=progress)
        return run_sync(self._connection, text, maxrec=limit, uploads=upload)
