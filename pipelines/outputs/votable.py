"""VOTable writer with BINARY2, which supports nulls of all types (VOTable 1.4 §5.4)."""

from pathlib import Path

from core.columns import column_of_field
from core.errors import InvalidValueError
from core.votable import TableDescription, votable_columns
from core.votable import write_votable as votable_pieces
from pipelines.outputs.stored_tables import ResultTable

__all__ = ["write_votable"]


def write_votable(table: ResultTable, path: Path) -> None:
    """Write a table as a VOTable with one resource, batch by batch.

    Raises
    ------
    InvalidValueError
        When a column is neither numbers, texts, truth values nor times, or a number does not fit into its type.
    """
    columns = votable_columns([column_of_field(field) for field in table.schema], table.schema)
    for column in columns:
        if column.arraysize is not None and not column.is_text:
            raise InvalidValueError(f"The column '{column.name}' holds arrays; choose Parquet, or leave it out.")
    pieces = votable_pieces(
        TableDescription(columns), table.to_batches(max_chunksize=65_536),
        serialization="BINARY2", limit=None, states_errors=False,
    )  # fmt: skip
    with path.open("wb") as file:
        file.writelines(pieces)
