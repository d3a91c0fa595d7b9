"""Reader of ECSV files (ECSV 1.0, astropy's APE 6): CSV with types, units and descriptions in a YAML header."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from products.readers.arrays import masked
from products.readers.astropy_metadata import AstropyColumn, AstropyMetadata, astropy_metadata
from products.readers.base import FileReader, ReadLimits
from products.readers.column_checks import (
    ARRAYS_OF_ARRAYS,
    ARRAYS_OF_TEXTS,
    COMPLEX,
    NO_VALUES,
    checked_names,
    described_field,
)
from products.readers.errors import DamagedFileError, damage_reported, listed
from products.readers.formats import ECSV
from products.readers.text.rows import DelimitedRows
from products.readers.text.source import Cleaning, TextSource, surveyed_text

__all__ = ["EcsvReader"]

_MOST_HEADER_LINES = 100_000
_TYPES = {
    "bool": pa.bool_(), "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
    "uint8": pa.uint8(), "uint16": pa.uint16(), "uint32": pa.uint32(), "uint64": pa.uint64(),
    "float16": pa.float32(), "float32": pa.float32(), "float64": pa.float64(), "float128": pa.float64(),
    "string": pa.string(),
}  # fmt: skip


class EcsvReader(FileReader):
    """Reader of an ECSV file, with the types of its header."""

    format = ECSV.name

    def __init__(self, path: Path, name: str, limits: ReadLimits) -> None:
        source = surveyed_text(path, name)
        described, skipped = _header(source, name, limits)
        self._masks = dict(described.masks)
        hidden = set(self._masks.values())
        columns = [column for column in described.columns.values() if column.name not in hidden]
        types, left_out = _types(columns)
        self._json = {column.name for column in columns if column.subtype is not None}
        self._rows = DelimitedRows(
            source, name, list(described.columns), delimiter=described.delimiter, skipped_lines=skipped,
            cleaning=Cleaning(), nulls=("",),
        )  # fmt: skip
        schema = pa.schema([
            described_field(column.name, types[column.name], **column.meanings)
            for column in columns
            if column.name in types
        ])  # fmt: skip
        # Arrays are JSON texts in the file; masks are truths.
        in_file = {key: pa.string() if key in self._json else kind for key, kind in types.items()}
        self._rows.types = in_file | dict.fromkeys(hidden, pa.bool_())
        with damage_reported(name, "ECSV", pa.ArrowException, OSError, ValueError):
            first = next(self._rows.batches(list(described.columns)), None)
        super().__init__(
            name, schema, limits=limits, rows=0 if first is None or first.num_rows == 0 else None,
            details={"delimiter": described.delimiter}, left_out=left_out,
        )  # fmt: skip

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        masks = {data: mask for data, mask in self._masks.items() if data in schema.names}
        with damage_reported(self.name, "ECSV", pa.ArrowException, OSError, ValueError, TypeError):
            for batch in self._rows.batches([*schema.names, *masks.values()]):
                columns = []
                for field in schema:
                    array = batch.column(field.name)
                    if field.name in self._json:
                        array = _parsed(array, field.type)
                    columns.append(masked(array, batch.column(masks[field.name]) if field.name in masks else None))
                whole = pa.RecordBatch.from_arrays(columns, schema=schema)
                for start in range(0, whole.num_rows, size):
                    yield whole.slice(start, size)


def _header(source: TextSource, name: str, limits: ReadLimits) -> tuple[AstropyMetadata, int]:
    """Parse the YAML header and the line of names below it, which must agree."""
    yaml_lines: list[str] = []
    for number, line in enumerate(source.lines(), 1):
        if not line.startswith("#"):
            described = astropy_metadata("\n".join(yaml_lines), name)
            _check_delimiter(described, name)
            names = next(csv.reader([line], delimiter=described.delimiter), [])
            checked_names(name, names, limits)
            if list(described.columns) != names:
                raise DamagedFileError(
                    f"The header of {name} describes {len(described.columns)} columns "
                    f"({listed(list(described.columns))}) "
                    f"and its line of names has {len(names)} ({listed(names)}). Write the file again."
                )
            return described, number
        if number > 1:
            yaml_lines.append(line.removeprefix("#").removeprefix(" "))
        if number > _MOST_HEADER_LINES:
            break
    raise DamagedFileError(f"{name} ends inside its header: it is truncated. Send it again.")


def _check_delimiter(described: AstropyMetadata, name: str) -> None:
    if described.delimiter not in {" ", ","}:
        raise DamagedFileError(f"The delimiter of {name} is neither a blank nor a comma. Write the file again.")


def _types(columns: list[AstropyColumn]) -> tuple[dict[str, pa.DataType], dict[str, str]]:
    """Return the types of the columns that can be read, and the others, each with the reason."""
    types, left_out = {}, {}
    for column in columns:
        kind = _type(column)
        if isinstance(kind, str):
            left_out[column.name] = kind
        else:
            types[column.name] = kind
    return types, left_out


def _type(column: AstropyColumn) -> pa.DataType | str:
    """Return the type of a column, or the reason why it cannot be read."""
    base, _, shape = (column.subtype or column.datatype).rstrip("]").partition("[")
    if base.startswith("complex"):
        return COMPLEX
    item = _TYPES.get(base)
    if item is None:
        return f"the type {base}"
    sizes = [size.strip() for size in shape.split(",") if size.strip() not in {"", "1"}]
    if "0" in sizes:
        return NO_VALUES
    if len(sizes) > 1:
        return ARRAYS_OF_ARRAYS
    if not sizes:
        return item
    if pa.types.is_string(item):
        return ARRAYS_OF_TEXTS
    if sizes[0] == "null":
        return pa.list_(item)
    return pa.list_(item, int(sizes[0])) if sizes[0].isdigit() else f"arrays of the shape {shape}"


def _parsed(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Parse the JSON of arrays; an array of one value is that value."""
    values = [None if text is None else json.loads(text) for text in texts.to_pylist()]
    if not pa.types.is_nested(kind):
        values = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in values]
    return pa.array(values, kind)
