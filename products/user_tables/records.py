"""Records of tables of users: conversions between models and what is stored of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from core.columns import Column
from products.models import ColumnSummary
from products.schema import UserTablePartRow, UserTableRow
from products.user_tables.models import TableDefinition, TablePart, UserTable
from products.user_tables.permissions import permissions_of

__all__ = ["json_columns", "json_summaries", "part_of_row", "table_of_row"]


def json_columns(columns: Sequence[Column]) -> list[dict[str, str]]:
    """Return columns as they are stored."""
    return [{key: value for key, value in asdict(column).items() if value is not None} for column in columns]


def json_summaries(part: TablePart) -> dict[str, dict[str, float | None]] | None:
    """Return the statistics of the columns of a part as they are stored; None when they are not known."""
    return None if part.summaries is None else {name: asdict(known) for name, known in part.summaries.items()}


def part_of_row(row: UserTablePartRow) -> TablePart:
    """Return a part as a model."""
    known = None if row.statistics is None else {name: _summary(each) for name, each in row.statistics.items()}
    return TablePart(row.id, row.stored_id, row.rows, row.size, row.sha256, known)


def _summary(known: Mapping[str, float | None]) -> ColumnSummary:
    nulls, distinct = known["nulls"] or 0, known["distinct"]
    return ColumnSummary(int(nulls), known["minimum"], known["maximum"], None if distinct is None else int(distinct))


def table_of_row(row: UserTableRow, schema: str) -> UserTable:
    """Return a table of a schema as a model."""
    return UserTable(
        id=row.id,
        owner_id=row.owner_id,
        owner=row.owner.name,
        schema=schema,
        name=row.name,
        definition=TableDefinition(row.description, tuple(Column(**column) for column in row.columns)),
        permissions=permissions_of(row),
        parts=tuple(part_of_row(part) for part in row.parts),
        indexed=tuple(row.indexed),
        created_at=row.created_at,
        unique=tuple(row.unique_columns),
    )
