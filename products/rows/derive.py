"""Derivation of the inspection and of the sorted Parquet file of a table, in one pass over its rows."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from core.columns import HEALPIX_COLUMN, column_of_field
from core.errors import InvalidValueError
from products.inspection.column_statistics import StatisticsGatherer
from products.inspection.guesses import best_assignment, guess_meanings
from products.inspection.inspection import Inspection
from products.inspection.meanings import Meanings
from products.readers import TableReader
from products.rows.background import Background
from products.rows.findings import Findings
from products.rows.parquet_target import ParquetTarget, rows_in_group
from products.rows.sorting import RowSorter
from products.rows.stored_columns import stored_name
from products.rows.stored_types import StoredTypes, UnsignedOverflowError

__all__ = ["Meanings", "derive_rows", "guessed_columns", "guessed_meanings"]

_BATCH_ROWS = 65_536
_READING_SHARE = 0.55
_HALF_WAY_ROWS = 1_000_000


def derive_rows(
    reader: TableReader,
    target: Path,
    *,
    meanings: Meanings | None,
    progress: Callable[[float, str], None],
    scratch: Path,
    memory_bytes: int = 128_000_000,
) -> Inspection:
    """Inspect a table and write its rows as Parquet.

    Rows are sorted by the HEALPix index of their position, which is added as a column; rows without a position come
    last, and a table without positions keeps its order. Columns have the names of ``products.rows.stored_columns``.

    Parameters
    ----------
    target
        Path of the complete Parquet file, which is read-only.
    meanings
        The columns of position and redshift; None to guess them from the schema and the first batch.
    progress
        Called about once a batch with the fraction done and a sentence; exceptions that it raises end the work.
    scratch
        Folder for rows that do not fit into memory.
    memory_bytes
        Memory for rows; when a quarter of it is full, they are written to ``scratch`` and merged from there.

    Raises
    ------
    InvalidValueError
        A column named in ``meanings`` does not exist or is not numeric.
    UnreadableFileError
        The file is damaged.
    StorageFullError
        There is not enough disk space for the rows.
    """
    chosen = guessed_meanings(reader) if meanings is None else _checked(meanings, reader.schema)
    work = _Work(reader, target, chosen, progress, scratch, memory_bytes)
    as_text: set[str] = set()
    while True:
        try:
            return _attempt(work, as_text)
        except UnsignedOverflowError as e:
            as_text.add(e.column)


@dataclass(frozen=True, slots=True)
class _Work:
    """Arguments of one attempt."""

    reader: TableReader
    target: Path
    chosen: Meanings
    progress: Callable[[float, str], None]
    scratch: Path
    memory_bytes: int


def _attempt(work: _Work, as_text: Collection[str]) -> Inspection:
    position = (work.chosen.ra, work.chosen.dec) if work.chosen.has_position else ()
    types = StoredTypes(work.reader.schema, as_text, position=[name for name in position if name])
    findings = Findings(types.schema, work.chosen)
    key = HEALPIX_COLUMN if work.chosen.has_position else None
    sorter = RowSorter(types.written, key, scratch=work.scratch, memory_bytes=work.memory_bytes)
    try:
        size = _read(work, types, findings, sorter)
        _write(work, types, findings, sorter, row_bytes=size // max(1, findings.rows))
    finally:
        sorter.close()
    return findings.inspection((*work.reader.notes, *_conversions(as_text)))


def _read(work: _Work, types: StoredTypes, findings: Findings, sorter: RowSorter) -> int:
    """Read all batches into the findings and the sorter; return the size of all rows in bytes."""
    size = rows = 0
    total = work.reader.rows
    with Background() as background:
        for raw in work.reader.batches(size=_BATCH_ROWS):
            batch = types.convert(raw)
            places = findings.index(batch)
            background.run(findings.add, batch, places)
            sorter.add(types.stored(batch, places))
            rows, size = rows + batch.num_rows, size + batch.nbytes
            work.progress(*_read_so_far(rows, total))
    return size


def _write(work: _Work, types: StoredTypes, findings: Findings, sorter: RowSorter, *, row_bytes: int) -> None:
    """Write the sorted rows, each row group while the next one is collected."""
    group = rows_in_group(work.memory_bytes, row_bytes)
    written = 0
    repetitive = _stored(types, findings.repetitive())
    # A single row group is read in any case.
    filtered = group if findings.rows > group else None
    with (
        ParquetTarget(work.target, types.written, repetitive=repetitive, group_rows=filtered) as target,
        Background() as background,
    ):
        for batch in sorter.sorted_batches(group):
            background.run(target.write, batch)
            written += batch.num_rows
            share = _READING_SHARE + (1 - _READING_SHARE) * written / max(1, findings.rows)
            work.progress(min(share, 0.99), f"Wrote {_spaced(written)} of {_spaced(findings.rows)} rows")
        background.wait()
        target.finish()
    work.progress(1.0, f"Wrote {_spaced(written)} rows")


def _stored(types: StoredTypes, names: Collection[str]) -> list[str]:
    return [stored_name(position) for position, name in enumerate(types.schema.names) if name in names]


def _read_so_far(rows: int, total: int | None) -> tuple[float, str]:
    """Return the fraction and the sentence of progress; without a known number of rows the fraction is asymptotic."""
    if total:
        return _READING_SHARE * min(1.0, rows / total), f"Read {_spaced(rows)} of {_spaced(total)} rows"
    return _READING_SHARE * rows / (rows + _HALF_WAY_ROWS), f"Read {_spaced(rows)} rows"


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def guessed_meanings(reader: TableReader) -> Meanings:
    """Return the guessed columns of position and redshift."""
    found = guessed_columns(reader)
    return Meanings(ra=found.get("ra"), dec=found.get("dec"), z=found.get("z"))


def guessed_columns(reader: TableReader) -> dict[str, str]:
    """Return the guessed column of each meaning, from the schema and the first batch."""
    gatherer = StatisticsGatherer(reader.schema)
    for batch in reader.batches(size=_BATCH_ROWS):
        gatherer.add(batch)
        break
    columns = [column_of_field(field) for field in reader.schema]
    return {key: name for name, key in best_assignment(guess_meanings(columns, gatherer.statistics())).items()}


def _checked(meanings: Meanings, schema: pa.Schema) -> Meanings:
    for name in (meanings.ra, meanings.dec, meanings.z):
        if name is None:
            continue
        if name not in schema.names:
            raise InvalidValueError(f"The table has no column '{name}'.", field=name)
        if not column_of_field(schema.field(name)).is_numeric:
            raise InvalidValueError(
                f"The column '{name}' does not hold numbers; choose columns of numbers for right ascension, "
                "declination (both in degrees) and redshift.",
                field=name,
            )
    return meanings


def _conversions(as_text: Collection[str]) -> Iterator[str]:
    for name in sorted(as_text):
        yield f"The numbers of '{name}' are too large for signed 64-bit integers; their digits are kept as text."
