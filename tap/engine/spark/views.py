"""Views of the tables of a query in a session of Spark Connect."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import InvalidValueError
from tap.engine.file_columns import Conversion
from tap.engine.protocol import EngineTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

__all__ = ["view_of_table"]

#: Most bytes of a table of this server that is sent to the cluster.
_MOST_SENT = 64_000_000

_CONVERSIONS: Mapping[Conversion, str] = {
    Conversion.NONE: "{0}",
    Conversion.NAN: "CASE WHEN isnan({0}) THEN NULL ELSE {0} END",
    Conversion.FINITE: "CASE WHEN abs({0}) < CAST('Infinity' AS DOUBLE) THEN {0} END",
    Conversion.SIGNED: "CAST({0} AS BIGINT)",
    Conversion.TEXT: "CAST({0} AS STRING)",
}


def view_of_table(session: "SparkSession", table: EngineTable) -> "DataFrame":
    """Return a table: files that the executors read where they are, or rows that are sent.

    Raises
    ------
    InvalidValueError
        The rows would have to be sent and are too many.
    """
    known = session.read
    frame = known.parquet(*table.addresses) if table.addresses else session.createDataFrame(_rows(table))
    if not table.columns:
        return frame
    return frame.selectExpr(
        *(
            f"{_CONVERSIONS[column.conversion].format(_identifier(column.source))} AS {_identifier(column.name)}"
            for column in table.columns
        )
    )


def _rows(table: EngineTable) -> pa.Table:
    if table.data is not None:
        return table.data
    if table.upload is not None:
        raise InvalidValueError(
            "Uploads cannot be joined on the cluster. Store the table as one of yours and try again.", field="QUERY"
        )
    size = sum(path.stat().st_size for path in table.files)
    if size > _MOST_SENT:
        raise InvalidValueError(
            f"The query joins a survey catalogue with {size / 1e6:.0f} MB of this server on the cluster; at most "
            f"{_MOST_SENT / 1e6:.0f} MB are sent there. Restrict the query so that this server can run it alone.",
            field="QUERY",
        )
    rows = pa.concat_tables([pq.read_table(path) for path in table.files])
    if table.block_column is None:
        return rows
    hidden = pa.array(table.hidden, rows[table.block_column].type)
    shown = pc.invert(pc.is_in(rows[table.block_column], hidden))
    return rows.filter(shown).drop_columns([table.block_column])


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
