"""Conversion of tables in memory (pandas, astropy, Arrow, polars, results of queries) to Arrow, with units and UCDs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pzserver.errors import InvalidValueError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from astropy.coordinates import SkyCoord
    from astropy.table import Table

__all__ = [
    "DESCRIPTIVE_KEYS",
    "ArrowStream",
    "ColumnWords",
    "TableLike",
    "arrow_table",
    "is_table",
    "parquet_file",
    "with_metadata",
]

#: Keys of the metadata of a field that the server reads and sends.
DESCRIPTIVE_KEYS = ("unit", "ucd", "utype", "xtype", "description")


class ArrowStream(Protocol):
    """A table that can be read as a stream of Arrow (the PyCapsule interface), such as those of polars and DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the stream."""


#: A table in memory: a frame of pandas or polars, a table of astropy or Arrow, a result, or columns by name.
TableLike: TypeAlias = "pd.DataFrame | pa.Table | Table | ArrowStream | Mapping[str, Sequence[object]]"


@dataclass(frozen=True, slots=True)
class ColumnWords:
    """Units, UCDs and descriptions by column name, beside those that a table has itself."""

    units: Mapping[str, object] | None = None
    ucds: Mapping[str, str] | None = None
    descriptions: Mapping[str, str] | None = None

    def by_column(self) -> dict[str, dict[str, str]]:
        """Return what is known of each column, as the REST API takes it."""
        found: dict[str, dict[str, str]] = {}
        for key, values in (("unit", self.units), ("ucd", self.ucds), ("description", self.descriptions)):
            for name, value in (values or {}).items():
                found.setdefault(name, {})[key] = _unit_text(value)
        return found


def is_table(value: object) -> bool:
    """Return whether a value is a table in memory, rather than a path or an address."""
    return (
        hasattr(value, "__arrow_c_stream__")
        or isinstance(value, Mapping)
        or _is_of("pandas", "DataFrame", value)
        or _is_of("astropy.table", "Table", value)
    )


def arrow_table(table: TableLike) -> pa.Table:
    """Return a table in memory as an Arrow table; units, UCDs and descriptions become metadata of the fields.

    A named index of pandas becomes a column. Positions in a column (``SkyCoord``) become ICRS degrees in two columns.

    Raises
    ------
    InvalidValueError
        It is not a table, or a column holds what a file cannot, which the message names.
    """
    import pyarrow as pa

    try:
        if _is_of("pandas", "DataFrame", table):
            found = _of_pandas(table)
        elif _is_of("astropy.table", "Table", table):
            found = _of_astropy(table)
        elif hasattr(table, "__arrow_c_stream__") or isinstance(table, Mapping):
            found = pa.table(table)
        else:
            raise InvalidValueError(f"{type(table).__name__} is not a table; give a frame, a table or a path.")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as e:
        reason = "; ".join(map(str, e.args))
        raise InvalidValueError(f"The table has values that cannot be sent: {reason}.") from e
    names = found.column_names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidValueError(f"Several columns are called {', '.join(twice)}; give each a name of its own.")
    return found


def parquet_file(table: pa.Table) -> BytesIO:
    """Return an Arrow table as a Parquet file in memory."""
    import pyarrow.parquet as pq

    file = BytesIO()
    pq.write_table(table, file, compression="zstd", compression_level=1)
    file.seek(0)
    return file


def with_metadata(table: pa.Table, words: ColumnWords) -> pa.Table:
    """Return a table whose fields have further units, UCDs and descriptions as metadata.

    Raises
    ------
    InvalidValueError
        The table has no column of one of the names.
    """
    import pyarrow as pa

    added = words.by_column()
    if unknown := [name for name in added if name not in table.column_names]:
        raise InvalidValueError(f"There is no column '{unknown[0]}'; there are {', '.join(table.column_names)}.")
    fields = []
    for field in table.schema:
        known = {key.encode(): text.encode() for key, text in added.get(field.name, {}).items()}
        fields.append(field.with_metadata({**(field.metadata or {}), **known}) if known else field)
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields, table.schema.metadata))


def _is_of(module: str, name: str, value: object) -> bool:
    """Return whether a value is of a class, without importing the module: nobody has its objects who did not."""
    loaded = sys.modules.get(module)
    kind = getattr(loaded, name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _of_pandas(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    named = any(name is not None for name in frame.index.names)
    renamed = frame.rename(columns=str)
    # The metadata of pandas would name an index that other readers do not look for.
    return pa.Table.from_pandas(renamed, preserve_index=named).replace_schema_metadata(None)


def _of_astropy(table: Table) -> pa.Table:
    import pyarrow as pa

    arrays: list[pa.Array] = []
    fields: list[pa.Field] = []
    for name in table.colnames:
        column = table[name]
        parts = _of_positions(name, column, table) if _is_of("astropy.coordinates", "SkyCoord", column) else None
        for part, values, described in parts or [(name, column, _descriptions(column))]:
            array = _array(part, values)
            arrays.append(array)
            fields.append(pa.field(part, array.type, metadata=described))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _of_positions(name: str, column: SkyCoord, table: Table) -> list[tuple[str, object, dict[str, str]]]:
    """Return the two columns of a column of positions: ``ra`` and ``dec``, or with its name where these are taken."""
    sky = column.icrs
    taken = {"ra", "dec"} & set(table.colnames)
    names = (f"{name}_ra", f"{name}_dec") if taken else ("ra", "dec")
    return [
        (part, values, {"unit": "deg", "ucd": f"pos.eq.{axis};meta.main"})
        for part, values, axis in zip(names, (sky.ra.deg, sky.dec.deg), ("ra", "dec"), strict=True)
    ]


def _descriptions(column: object) -> dict[str, str]:
    info = getattr(column, "info", None)
    meta = {**(getattr(info, "meta", None) or {}), **(getattr(column, "meta", None) or {})}
    found: dict[str, object] = {key: meta.get(key) for key in DESCRIPTIVE_KEYS}
    found["unit"] = getattr(column, "unit", None)
    found["description"] = getattr(info, "description", None)
    return {key: _unit_text(value) for key, value in found.items() if value is not None and str(value)}


def _unit_text(value: object) -> str:
    """Return a unit as text in the syntax of the IVOA, or any other value as it is."""
    to_string = getattr(value, "to_string", None)
    if to_string is None:
        return str(value)
    try:
        return str(to_string("vounit"))
    except ValueError:
        return str(value)


def _array(name: str, column: object) -> pa.Array:
    """Return a column of astropy, a quantity or an array as an Arrow array, with nulls where it is masked."""
    import numpy as np
    import pyarrow as pa

    if _is_of("astropy.time", "Time", column):
        column = column.utc.datetime64  # type: ignore[attr-defined]  # it is a Time, as was just seen
    values: np.ma.MaskedArray[Any, np.dtype[Any]] = np.ma.asarray(
        getattr(column, "value", column) if hasattr(column, "to_value") else column
    )
    mask = np.ma.getmaskarray(values)
    data = np.ma.getdata(values)
    if data.dtype.kind == "c" or data.ndim > 2:
        raise InvalidValueError(f"The column '{name}' ({data.dtype}, shape {data.shape}) cannot be sent; split it.")
    if data.dtype.kind == "S":
        data = np.char.decode(data, "utf-8", "replace")
    if data.dtype.kind in "iufb" and not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    if data.ndim == 2:
        flat = pa.array(np.ascontiguousarray(data).ravel(), mask=mask.ravel() if mask.any() else None)
        return pa.FixedSizeListArray.from_arrays(flat, data.shape[1])
    return pa.array(data, mask=mask if mask.any() else None)
