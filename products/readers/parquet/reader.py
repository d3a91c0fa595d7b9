"""Reader of Parquet files (https://parquet.apache.org/docs/file-format/), row group by row group.

Column metadata is taken from a VOParquet footer (IVOA Note VOParquet 1.0), from astropy's ``table_meta_yaml``, or from
the metadata of the fields: the first of these that exists.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from products.readers.arrays import masked
from products.readers.astropy_metadata import AstropyMetadata, astropy_metadata
from products.readers.base import FileReader, ReadLimits
from products.readers.column_checks import described_field
from products.readers.errors import DamagedFileError, WrongFormatError, damage_reported, listed
from products.readers.formats import PARQUET
from products.readers.parquet.plain_columns import plain_columns
from products.readers.parquet.repetition import decoded_bytes
from products.readers.unpacking import checked_expansion, checked_repetition
from products.readers.votable.document import column_meanings

__all__ = ["ParquetReader"]

_LIBRARY_ERRORS = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError, IndexError)
# Read through small buffers: a memory map, or buffers of whole columns, would keep much of the file in memory.
_BUFFER_BYTES = 1 << 18
_KEYS = ("unit", "ucd", "utype", "xtype", "description", "density")


class ParquetReader(FileReader):
    """Reader of a Parquet file."""

    format = PARQUET.name

    def __init__(self, path: Path, name: str, limits: ReadLimits) -> None:
        with damage_reported(name, "Parquet", *_LIBRARY_ERRORS):
            _check_end(path, name)
            self._file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
            stored = self._file.schema_arrow
            metadata = self._file.metadata
            created_by = metadata.created_by  # a text that is decoded here
        footer = stored.metadata or {}
        self._astropy = _astropy_metadata(footer, name)
        dropped = _unnamed_index(footer, stored)
        left_out = {*dropped, *self._astropy.masks.values()}
        columns, clashing = plain_columns([field for field in stored if field.name not in left_out])
        meanings = _meanings(footer, name, self._astropy)
        self._columns = {column.field.name: column for column in columns}
        schema = pa.schema([_described(column.field, meanings.get(column.field.name, {})) for column in columns])
        notes = [f"The row index that pandas wrote ({listed(dropped)}) was left out."] if dropped else []
        notes += _conversions(stored, schema)
        #: Notes that do not come from the checks of the columns.
        self.own_notes = tuple(notes)
        super().__init__(
            name, schema, limits=limits, rows=metadata.num_rows, notes=notes, left_out=clashing,
            details={"row_groups": metadata.num_row_groups, "created_by": created_by},
        )  # fmt: skip
        #: Bytes of the table in memory.
        self.unpacked_bytes = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        self.stored_bytes = path.stat().st_size
        checked_expansion(name, self.unpacked_bytes, self.stored_bytes, limits)
        with damage_reported(name, "Parquet", *_LIBRARY_ERRORS):
            most = max(limits.max_unpacked_bytes, self.stored_bytes * limits.max_ratio)
            decoded = decoded_bytes(path, metadata.schema, most)
        checked_repetition(name, decoded, self.stored_bytes, limits)
        self._row_bytes = decoded // max(1, metadata.num_rows)
        self.when_closed(self._file.close)

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        columns = [self._columns[name] for name in schema.names]
        masks = {name: mask for name, mask in self._astropy.masks.items() if name in schema.names}
        wanted = list(dict.fromkeys([*(column.stored for column in columns), *masks.values()]))
        size = max(1, min(size, self.limits.batch_bytes // max(1, self._row_bytes)))
        found = 0
        with damage_reported(self.name, "Parquet", *_LIBRARY_ERRORS):
            for batch in self._file.iter_batches(size, columns=wanted):
                arrays = []
                for column in columns:
                    mask = masks.get(column.field.name)
                    array = column.array(batch.column(column.stored))
                    arrays.append(array if mask is None else masked(array, batch.column(mask)))
                found += batch.num_rows
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        if found != self.rows and len(schema):
            raise DamagedFileError(f"{self.name} promises {self.rows} rows and holds {found}: send it again.")


def _check_end(path: Path, name: str) -> None:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        end = file.read(4)
    if end == b"PARE":
        raise WrongFormatError(f"{name} is an encrypted Parquet file. Send it without encryption.")
    if end != b"PAR1":
        raise DamagedFileError(
            f"{name} is a truncated Parquet file: its end is missing. Check that it opens on your side, "
            "then send it again."
        )


def _astropy_metadata(footer: Mapping[bytes, bytes], name: str) -> AstropyMetadata:
    text = footer.get(b"table_meta_yaml")
    return astropy_metadata(text.decode("utf-8", "replace"), name) if text else AstropyMetadata()


def _unnamed_index(footer: Mapping[bytes, bytes], stored: pa.Schema) -> list[str]:
    """Return the index columns that pandas stored under a generated name.

    Where the metadata of pandas does not tell that it is one, a column of such a name is a column like any other.
    """
    try:
        columns = json.loads(footer.get(b"pandas", b"{}")).get("columns", [])
        generated = {column["field_name"] for column in columns if column["name"] is None}
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
    found = [name for name in stored.names if name in generated]
    return found if len(found) < len(stored.names) else []


def _meanings(footer: Mapping[bytes, bytes], name: str, described: AstropyMetadata) -> Mapping[str, Mapping[str, str]]:
    document = footer.get(b"IVOA.VOTable-Parquet.content")
    if document:
        return column_meanings(document, name)
    return {column.name: column.meanings for column in described.columns.values()}


def _described(field: pa.Field, meanings: Mapping[str, str]) -> pa.Field:
    own = {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in (field.metadata or {}).items()
    }
    known = {key: value for key in _KEYS if (value := meanings.get(key) or own.get(key))}
    try:
        return described_field(field.name, field.type, **known)
    except TypeError:
        return field  # the check of all columns reports those that cannot be read


def _conversions(stored: pa.Schema, schema: pa.Schema) -> list[str]:
    decimals = [field.name for field in stored if pa.types.is_decimal(field.type) and field.name in schema.names]
    empty = [field.name for field in stored if pa.types.is_null(field.type) and field.name in schema.names]
    notes = []
    if decimals:
        notes.append(f"Decimal numbers were read as double precision: {listed(decimals)}.")
    if empty:
        notes.append(f"Columns without any value were read as text: {listed(empty)}.")
    return notes
