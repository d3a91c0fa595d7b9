"""Stored types of columns: those that both the query engine and VOTable support."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from products.rows.stored_columns import stored_schema

__all__ = ["StoredTypes", "UnsignedOverflowError"]


class UnsignedOverflowError(Exception):
    """A column of unsigned 64-bit numbers has values that exceed the signed range."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


class StoredTypes:
    """Conversion of the batches of a reader to the stored types.

    NaN becomes null, as in VOTable, where both mean that there is no value; the engine would sort NaN as the largest
    number. Unsigned 64-bit numbers, which VOTable does not have, become signed ones, or text for the columns in
    ``as_text``, so that identifiers stay distinct; columns without a type become text; dictionaries are decoded.

    Parameters
    ----------
    schema
        Schema of the reader.
    as_text
        Names of unsigned columns with values above the largest signed number.
    position
        Names of the columns of position, in which infinite values become null as well, because the engine refuses to
        compute with them. Empty when rows are not indexed.

    Attributes
    ----------
    schema
        Schema of converted batches, with the names of the table.
    written
        Schema of stored rows.
    """

    def __init__(self, schema: pa.Schema, as_text: Collection[str], *, position: Collection[str] = ()) -> None:
        self.schema = pa.schema([_stored_field(field, as_text) for field in schema])
        self._finite = frozenset(position)
        self.written = stored_schema(self.schema, indexed=bool(position))

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Convert a batch to the stored types.

        Raises
        ------
        UnsignedOverflowError
            A number is too large for the chosen type.
        """
        columns = [
            _without_value(_converted(array, field), infinite=field.name in self._finite)
            for array, field in zip(batch.columns, self.schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def stored(self, batch: pa.RecordBatch, places: tuple[np.ndarray, np.ndarray] | None) -> pa.RecordBatch:
        """Return a converted batch under its stored names, with the derived index as its last column.

        Parameters
        ----------
        places
            The index of each row, and whether it has one; None for tables that are not indexed.
        """
        columns = list(batch.columns)
        if places is not None:
            cells, placed = places
            columns.append(pa.array(cells) if placed.all() else pa.array(cells, mask=~placed))
        return pa.RecordBatch.from_arrays(columns, schema=self.written)


def _stored_field(field: pa.Field, as_text: Collection[str]) -> pa.Field:
    if pa.types.is_uint64(field.type):
        metadata = field.metadata or {}
        if field.name in as_text:
            return field.with_type(pa.string()).with_metadata({**metadata, b"datatype": b"char", b"arraysize": b"*"})
        return field.with_type(pa.int64()).with_metadata({**metadata, b"datatype": b"long"})
    if pa.types.is_null(field.type):
        return field.with_type(pa.string())
    return field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field


def _converted(array: pa.Array, field: pa.Field) -> pa.Array:
    if array.type == field.type:
        return array
    if pa.types.is_uint64(array.type) and pa.types.is_int64(field.type):
        try:
            return pc.cast(array, pa.int64())
        except pa.ArrowInvalid as e:
            raise UnsignedOverflowError(field.name) from e
    return pc.cast(array, field.type, safe=False)


def _without_value(array: pa.Array, *, infinite: bool) -> pa.Array:
    """Replace NaN, and with ``infinite`` also infinite values, by null."""
    if not pa.types.is_floating(array.type):
        return array
    values = array.to_numpy(zero_copy_only=False)
    missing = ~np.isfinite(values) if infinite else np.isnan(values)
    if np.count_nonzero(missing) == array.null_count:
        return array
    return pa.array(values, array.type, mask=missing)
