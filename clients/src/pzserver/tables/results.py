"""Result of a query: rows as Arrow, converted once to what the caller works with."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from astropy.table import Column, Table
    from nested_pandas import NestedFrame

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

    def __getitem__(self, name: str) -> Column:
        """Return a column by its name, as one of astropy, masked where values are missing.

        Raises
        ------
        KeyError
            There is no such column; the message names those that there are.
        """
        if name not in self.columns:
            message = f"There is no column '{name}'; there are {', '.join(self.columns)}."
            raise KeyError(message)
        return QueryResult(self._table.select([name]), overflow=self.overflow).to_table()[name]

    def __iter__(self) -> Iterator[dict[str, object]]:
        """Yield the rows as dictionaries, with None for missing values."""
        for batch in self._table.to_batches():
            yield from batch.to_pylist()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)

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

    def to_nested(self) -> NestedFrame:
        """Return the rows as a frame of nested-pandas, which must be installed; columns of arrays are nested."""
        from pzserver.tables.nested import nested_frame

        return nested_frame(self._table)

    def _head(self) -> str:
        return str(self._table.slice(0, _SHOWN).to_pandas().to_string(index=False))
