"""Result of a query: rows as Arrow, converted once to what the caller works with."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from astropy.table import Table

__all__ = ["QueryResult"]

_SHOWN = 10


class QueryResult:
    """Rows of a query, with units, UCDs and descriptions of the columns.

    Parameters
    ----------
    table
        The rows; the fields have ``unit``, ``ucd``, ``utype``, ``xtype`` and ``description`` as metadata.
    overflow
        Whether the server cut the result, so that more rows exist.
    """

    def __init__(self, table: pa.Table, *, overflow: bool) -> None:
        self._table = table
        self.overflow = overflow

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        cut = ", cut by the limit of rows" if self.overflow else ""
        return f"<QueryResult: {len(self)} rows, {len(self.columns)} columns{cut}>\n{self._head()}"

    def _repr_html_(self) -> str:
        cut = ", cut by the limit of rows" if self.overflow else ""
        caption = escape(f"{len(self)} rows, {len(self.columns)} columns{cut}")
        return f"<p>{caption}</p>{self._table.slice(0, _SHOWN).to_pandas().to_html(index=False)}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._table.column_names)

    def to_arrow(self) -> pa.Table:
        """Return the rows as an Arrow table, without a copy."""
        return self._table

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a frame; missing numbers are NaN."""
        return self._table.to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a frame of polars, which must be installed."""
        try:
            import polars as pl
        except ImportError as e:
            message = "polars is not installed: pip install polars"
            raise ImportError(message) from e
        frame = pl.from_arrow(self._table)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never becomes a series
        return frame

    def to_table(self) -> Table:
        """Return the rows as an astropy table with units, UCDs and descriptions; missing values are masked."""
        from pzserver.tables.astropy_tables import astropy_table

        return astropy_table(self._table)

    def _head(self) -> str:
        return str(self._table.slice(0, _SHOWN).to_pandas().to_string(index=False))
