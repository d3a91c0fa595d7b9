"""Names of columns in stored Parquet files, which do not depend on the names of the table's columns.

Query engines compare names in any case and rename those that are alike, and each has reserved words. Rows are therefore
stored under names of our own, ``c0``, ``c1`` … in the order of the table, and each field has the column's name in its
metadata.
"""

import pyarrow as pa

from core.columns import HEALPIX_COLUMN

__all__ = ["INDEX_FIELD", "column_names", "original_field", "stored_name", "stored_names", "stored_schema"]

_NAME = b"name"

#: Field of the derived index, after all columns of the table.
INDEX_FIELD = pa.field(HEALPIX_COLUMN, pa.int64(), metadata={b"datatype": b"long", b"ucd": b"pos.healpix"})


def stored_name(position: int) -> str:
    """Return the stored name of the column at a position in the table, counted from 0."""
    return f"c{position}"


def stored_names(count: int) -> tuple[str, ...]:
    """Return the stored names of all columns of a table."""
    return tuple(stored_name(position) for position in range(count))


def stored_schema(schema: pa.Schema, *, indexed: bool) -> pa.Schema:
    """Return the schema under which rows of a table are stored.

    Parameters
    ----------
    schema
        Schema of the table.
    indexed
        Whether the rows have the derived index, as the last column.
    """
    fields = [
        field.with_name(stored_name(position)).with_metadata({**(field.metadata or {}), _NAME: field.name.encode()})
        for position, field in enumerate(schema)
    ]
    return pa.schema([*fields, INDEX_FIELD] if indexed else fields)


def original_field(stored: pa.Field) -> pa.Field:
    """Return the field of the table's column; other fields are returned as they are."""
    metadata = dict(stored.metadata or {})
    name = metadata.pop(_NAME, None)
    return stored if name is None else stored.with_name(name.decode()).with_metadata(metadata or None)


def column_names(stored: pa.Schema) -> list[str]:
    """Return the names of the table's columns, in the order of a stored schema; the index keeps its own."""
    return [original_field(field).name for field in stored]
