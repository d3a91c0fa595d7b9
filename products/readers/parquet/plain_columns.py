"""Plain columns of a Parquet table: fields of records become columns, and stored types become those of the readers.

Records of lists, and lists of records, are how nested-pandas and the DP1 photo-z catalogues store p(z); their fields
are list columns called ``record.field``, as nested-pandas calls them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["PlainColumn", "plain_columns"]

_MOST_DEPTH = 8


@dataclass(frozen=True, slots=True)
class PlainColumn:
    """A column as it is read.

    Parameters
    ----------
    field
        Its name, plain type and metadata.
    stored
        Name of the stored column.
    path
        Names of the fields inside records that lead to it.
    """

    field: pa.Field
    stored: str
    path: tuple[str, ...] = ()

    def array(self, stored: pa.Array) -> pa.Array:
        """Convert the values of the stored column."""
        for name in self.path:
            stored = _field_of(stored, name)
        return _converted(stored, self.field.type)


def plain_columns(schema: Sequence[pa.Field]) -> tuple[list[PlainColumn], dict[str, str]]:
    """Return the plain columns of a schema, and the fields of records that are left out, each with the reason.

    Columns of types that no table holds keep their type.
    """
    columns: list[PlainColumn] = []
    taken = {field.name for field in schema}
    left_out: dict[str, str] = {}
    for field in schema:
        for column in _columns_of(field, field.name, field.name, ()):
            name = column.field.name
            if column.path and name in taken:
                left_out[f"{name} in {column.stored}"] = "another column has this name"
                continue
            if column.path:
                taken.add(name)
            columns.append(column)
    return columns, left_out


def _columns_of(field: pa.Field, name: str, stored: str, path: tuple[str, ...]) -> list[PlainColumn]:
    kind = _without_extension(field.type)
    is_list = _is_list(kind)
    record = _without_extension(kind.value_type) if is_list else kind
    if not pa.types.is_struct(record) or len(path) >= _MOST_DEPTH or not record.num_fields:
        plain = field.with_name(name).with_type(_plain_type(kind))
        if pa.types.is_duration(kind):
            plain = plain.with_metadata({b"unit": str(kind.unit).encode(), **(field.metadata or {})})
        return [PlainColumn(plain, stored, path)]
    columns: list[PlainColumn] = []
    for inner in record:
        wrapped = inner.with_type(pa.list_(inner.type)) if is_list else inner
        columns += _columns_of(wrapped, f"{name}.{inner.name}", stored, (*path, inner.name))
    return columns


def _field_of(array: pa.Array, name: str) -> pa.Array:
    """Return a field of records, or of the records in lists; it is null where these are."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_struct(array.type):
        return pc.struct_field(array, name)
    if pa.types.is_fixed_size_list(array.type) or pa.types.is_list_view(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    values = array.values.storage if isinstance(array.values, pa.ExtensionArray) else array.values
    build = pa.LargeListArray if pa.types.is_large_list(array.type) else pa.ListArray
    lists = build.from_arrays(array.offsets, pc.struct_field(values, name))
    return pc.if_else(array.is_null(), pa.scalar(None, lists.type), lists) if array.null_count else lists


def _without_extension(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _is_list(kind: pa.DataType) -> bool:
    kinds = pa.types
    return bool(
        kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_list_view(kind) or kinds.is_fixed_size_list(kind)
    )


def _plain_type(stored: pa.DataType) -> pa.DataType:
    """Return the plain type to which a type is converted, without loss except for decimals."""
    kinds = pa.types
    if kinds.is_dictionary(stored):
        return _plain_type(stored.value_type)
    if isinstance(stored, pa.BaseExtensionType):
        return _plain_type(stored.storage_type)
    if (
        kinds.is_large_string(stored) or kinds.is_string_view(stored) or kinds.is_null(stored)
        or kinds.is_binary(stored) or kinds.is_large_binary(stored) or kinds.is_binary_view(stored)
        or kinds.is_fixed_size_binary(stored)
    ):  # fmt: skip
        return pa.string()
    if kinds.is_float16(stored):
        return pa.float32()
    if kinds.is_decimal(stored):
        return pa.float64()
    if kinds.is_duration(stored):
        return pa.int64()
    if kinds.is_fixed_size_list(stored):
        item = _plain_type(stored.value_type)
        return item if stored.list_size == 1 and not kinds.is_nested(item) else pa.list_(item, stored.list_size)
    if _is_list(stored):
        return pa.list_(_plain_type(stored.value_type))
    return stored


def _converted(array: pa.Array, plain: pa.DataType) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.type != plain:
        array = _cast(array, plain)
    return _with_texts(array)


def _cast(array: pa.Array, plain: pa.DataType) -> pa.Array:
    if pa.types.is_fixed_size_list(array.type) and not pa.types.is_nested(plain):
        return _converted(pc.list_element(array, 0), plain)
    if pa.types.is_string(plain) and not pa.types.is_string_view(array.type):
        try:
            return array.cast(plain)
        except pa.ArrowInvalid:
            return _decoded(array)
    return array.cast(plain, safe=not pa.types.is_decimal(array.type))


def _with_texts(array: pa.Array) -> pa.Array:
    """Return an array whose texts are UTF-8, as Parquet asks and not all writers do."""
    if not pa.types.is_string(array.type):
        return array
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return _decoded(array)
    return array


def _decoded(array: pa.Array) -> pa.Array:
    """Return bytes as texts; those that are not UTF-8 are Latin-1."""
    values = array.cast(pa.binary()).to_pylist()
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
