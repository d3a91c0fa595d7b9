"""CSV writer (RFC 4180): a header line, missing values empty."""

import csv
import io
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from pipelines.outputs.stored_tables import ResultTable

__all__ = ["write_csv"]


def write_csv(table: ResultTable, path: Path) -> None:
    """Write a table as CSV, batch by batch; NaN is written as an empty field, as pandas does."""
    with path.open("wb") as file:
        _write_names(table.schema, file)
        for batch in table.to_batches(max_chunksize=65_536):
            _write_rows(pa.Table.from_batches([batch]), file)


def _write_names(schema: pa.Schema, file: IO[bytes]) -> None:
    # Arrow quotes every text, so that empty and missing texts differ; names are quoted only where necessary.
    names = io.StringIO()
    csv.writer(names, lineterminator="\n").writerow(schema.names)
    file.write(names.getvalue().encode())


def _write_rows(table: pa.Table, file: IO[bytes]) -> None:
    for position, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            column = table.column(position)
            missing = pc.is_null(column, nan_is_null=True)
            table = table.set_column(position, field, pc.if_else(missing, pa.scalar(None, field.type), column))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(position, field.name, pc.cast(table.column(position), field.type.value_type))
    arrow_csv.write_csv(table, file, arrow_csv.WriteOptions(include_header=False, quoting_style="needed"))
