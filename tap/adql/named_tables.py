"""Check of the tables that a query names, without compiling it."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from tap.adql.catalog import TableResolver
from tap.adql.errors import QueryError, UnknownTableError
from tap.adql.parsing.parser import parse
from tap.adql.tree import TableName, WithQuery

__all__ = ["check_named_tables"]


def check_named_tables(query: str, catalog: TableResolver) -> None:
    """Check that a user may read all tables that a query names; a text that is no ADQL names none.

    Raises
    ------
    UnknownTableError
        A table does not exist, or the user may not read it. Uploaded tables are not checked.
    """
    try:
        nodes = list(_nodes(parse(query)))
    except QueryError:
        return
    common = {node.name.text.lower() for node in nodes if isinstance(node, WithQuery)}
    for node in nodes:
        if not isinstance(node, TableName) or (len(node.names) == 1 and node.names[0].text.lower() in common):
            continue
        try:
            catalog.find(node)
        except UnknownTableError:
            raise
        except QueryError:  # ambiguous, or uploaded: the same for everybody
            continue


def _nodes(tree: object) -> Iterator[object]:
    """Yield all nodes of a tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple | list):
            waiting.extend(node)
        elif is_dataclass(node):
            yield node
            waiting.extend(getattr(node, item.name) for item in fields(node))
