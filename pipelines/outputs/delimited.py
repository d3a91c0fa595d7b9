"""CSV writer (RFC 4180): a header line, missing values empty."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

__all__ = ["write_csv"]


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV; NaN is written as an empty field, as pandas does."""
    for position, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            column = table.column(position)
            missing = pc.is_null(column, nan_is_null=True)
            table = table.set_column(position, field, pc.if_else(missing, pa.scalar(None, field.type), column))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(position, field.name, pc.cast(table.column(position), field.type.value_type))
    # Arrow quotes every text, so that empty and missing texts differ; names are quoted only where necessary.
    names = io.StringIO()
    csv.writer(names, lineterminator="\n").writerow(table.column_names)
    with path.open("wb") as file:
        file.write(names.getvalue().encode())
        arrow_csv.write_csv(table, file, arrow_csv.WriteOptions(include_header=False, quoting_style="needed"))
