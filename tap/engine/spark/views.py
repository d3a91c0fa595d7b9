"""Views of the tables of a query in a session of Spark Connect."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from core.errors import InvalidValueError
from tap.engine.file_columns import Conversion
from tap.engine.protocol import EngineTable, ResultStream

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

__all__ = ["RowsOfTable", "read_rows", "view_of_table"]

RowsOfTable = Callable[[EngineTable], pa.Table]

#: Most bytes of a table of this server that is sent to the cluster.
_MOST_SENT = 64_000_000

#: Types that Spark does not have, as wider ones.
_SENT_AS: Mapping[pa.DataType, pa.DataType] = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.float16(): pa.float32(),
    pa.null(): pa.string(),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
}
_SAME = frozenset(
    {pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.string(), pa.date32()}
)

_CONVERSIONS: Mapping[Conversion, str] = {
    Conversion.NONE: "{0}",
    Conversion.NAN: "CASE WHEN isnan({0}) THEN NULL ELSE {0} END",
    Conversion.FINITE: "CASE WHEN abs({0}) < CAST('Infinity' AS DOUBLE) THEN {0} END",
    Conversion.SIGNED: "CAST({0} AS BIGINT)",
    Conversion.TEXT: "CAST({0} AS STRING)",
}


def view_of_table(session: "SparkSession", table: EngineTable, rows: RowsOfTable) -> "DataFrame":
    """Return a table: files that the executors read where they are, or rows that are sent.

    Parameters
    ----------
    rows
        Returns the rows of a table that the executors cannot read.

    Raises
    ------
    InvalidValueError
        The rows would have to be sent and are too many, or have a type that the cluster does not have.
    """
    if not table.addresses:
        return session.createDataFrame(_sendable(rows(table), table))
    # Names of folders are no patterns.
    frame = session.read.option("__globPaths__", "false").parquet(*table.addresses)
    if not table.columns:
        return frame
    return frame.selectExpr(
        *(
            f"{_CONVERSIONS[column.conversion].format(_identifier(column.source))} AS {_identifier(column.name)}"
            for column in table.columns
        )
    )


def read_rows(table: EngineTable, stream: Callable[[], ResultStream]) -> pa.Table:
    """Return the rows of a table of this server, which are few enough to be sent.

    Parameters
    ----------
    stream
        Opens the stream of all rows.

    Raises
    ------
    InvalidValueError
        They are too many.
    """
    if sum(path.stat().st_size for path in table.files) > _MOST_SENT:
        raise _too_large(table)
    if table.data is not None:
        return table.data
    batches, size = [], 0
    with stream() as opened:
        for batch in opened:
            size += batch.nbytes
            if size > _MOST_SENT:
                raise _too_large(table)
            batches.append(batch)
        return pa.Table.from_batches(batches, opened.schema)


def _too_large(table: EngineTable) -> InvalidValueError:
    name = table.name if table.upload is None else table.upload.label
    return InvalidValueError(
        f"The query joins a survey catalogue with the table {name} on the cluster, which has more than "
        f"{_MOST_SENT / 1e6:.0f} MB; this server sends no more there. Restrict the query so that this server can run "
        "it alone, or use a table with fewer rows or columns.",
        field="QUERY",
    )


def _sendable(rows: pa.Table, table: EngineTable) -> pa.Table:
    """Return rows with types that Spark has."""
    types = [_sent_type(field.type) for field in rows.schema]
    for field, kind in zip(rows.schema, types, strict=True):
        if kind is None:
            name = table.name if table.upload is None else table.upload.label
            raise InvalidValueError(
                f"A column of the table {name} has the type {field.type}, which the cluster does not have. Restrict "
                "the query so that this server can run it alone.",
                field="QUERY",
            )
    fields = [pa.field(field.name, kind) for field, kind in zip(rows.schema, types, strict=True)]
    return rows.cast(pa.schema(fields))


def _sent_type(kind: pa.DataType) -> pa.DataType | None:
    if kind in _SENT_AS:
        return _SENT_AS[kind]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = _sent_type(kind.value_type)
        return None if inner is None else pa.list_(inner)
    return kind if kind in _SAME or pa.types.is_timestamp(kind) else None


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
