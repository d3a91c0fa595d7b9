"""Stored types of columns: those that both the query engine and VOTable support."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import HEALPIX_COLUMN

__all__ = ["StoredTypes", "UnsignedOverflowError"]


class UnsignedOverflowError(Exception):
    """A column of unsigned 64-bit numbers has values that exceed the signed range."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


class StoredTypes:
    """Conversion of the batches of a reader to the stored types.

    NaN becomes null, as in VOTable, where both mean that there is no value; the engine would sort NaN as the largest
    number. Unsigned 64-bit numbers, which VOTable does not have, become signed ones, or double precision for the
    columns in ``as_double``; columns without a type become text; dictionaries are decoded.

    Parameters
    ----------
    schema
        Schema of the reader.
    as_double
        Names of unsigned columns with values above the largest signed number.
    position
        Names of the columns of position, in which infinite values become null as well, because the engine refuses to
        compute with them. Empty when rows are not indexed.
    """

    def __init__(self, schema: pa.Schema, as_double: Collection[str], *, position: Collection[str] = ()) -> None:
        self.schema = pa.schema([_stored_field(field, as_double) for field in schema])
        self._finite = frozenset(position)
        indexed = bool(position)
        self._position = schema.names.index(HEALPIX_COLUMN) if HEALPIX_COLUMN in schema.names else len(schema)
        self.written = self._written(indexed=indexed)
        self.replaces_index = indexed and self._position < len(schema)

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

    def with_index(self, batch: pa.RecordBatch, cells: np.ndarray, placed: np.ndarray) -> pa.RecordBatch:
        """Add the derived index to a converted batch, in place of a column of its name, else as the last.

        Parameters
        ----------
        cells, placed
            The index, and which rows have one.
        """
        columns = list(batch.columns)
        index = pa.array(cells) if placed.all() else pa.array(cells, mask=~placed)
        columns[self._position : self._position + 1] = [index]
        return pa.RecordBatch.from_arrays(columns, schema=self.written)

    def _written(self, *, indexed: bool) -> pa.Schema:
        if not indexed:
            return self.schema
        if self._position < len(self.schema):
            field = self.schema.field(self._position)
            return self.schema.set(self._position, _index_field(field.metadata))
        return self.schema.append(_index_field({b"ucd": b"pos.healpix"}))


def _index_field(metadata: dict[bytes, bytes] | None) -> pa.Field:
    kept = {key: value for key, value in (metadata or {}).items() if key not in {b"arraysize", b"xtype"}}
    return pa.field(HEALPIX_COLUMN, pa.int64(), metadata={**kept, b"datatype": b"long"})


def _stored_field(field: pa.Field, as_double: Collection[str]) -> pa.Field:
    if pa.types.is_uint64(field.type):
        kind, datatype = (pa.float64(), b"double") if field.name in as_double else (pa.int64(), b"long")
        return field.with_type(kind).with_metadata({**(field.metadata or {}), b"datatype": datatype})
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
