"""Check of GROUP BY: columns outside aggregate functions must be grouped (SQL-92 §7.9)."""

from collections.abc import Sequence

from sqlglot import exp

from tap.adql.domains import AGGREGATE_NAMES
from tap.adql.errors import Position, QueryError

__all__ = ["require_grouped"]

_AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max)


def require_grouped(nodes: Sequence[exp.Expr], groups: Sequence[exp.Expr], aliases: set[str], at: Position) -> None:
    """Raise QueryError for a column that is neither grouped nor aggregated.

    Parameters
    ----------
    nodes
        The expressions of SELECT, ORDER BY and HAVING.
    aliases
        Names in the engine of the tables that are grouped; columns of enclosing queries are constant.
    at
        Position of the query, for errors about columns that are not in its text.
    """
    grouped = {group.unnest() for group in groups}
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node in grouped or isinstance(node, _AGGREGATES) or _is_named_aggregate(node):
            continue
        if isinstance(node, exp.Column) and node.table in aliases:
            raise QueryError(
                "A column is neither grouped by nor aggregated",
                node.meta.get("at", at),
                "add it to GROUP BY, or take its MIN or MAX",
            )
        pending.extend(node.iter_expressions())


def _is_named_aggregate(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name in AGGREGATE_NAMES
