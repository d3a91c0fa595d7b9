"""Check of a statement before it runs: it may only read the tables that it was given.

It is a second line of defence behind the translator. That a statement begins with `SELECT` proves nothing: DuckDB 2.0
writes files in ``WITH x AS (COPY …) SELECT``, and a path that may be read may be written. So the parse tree of the
engine is checked.
"""

import json
from collections.abc import Collection, Iterator
from typing import Any

import duckdb

__all__ = ["refusal_reason"]

_READING_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}
_REVEALING_FUNCTIONS = {"current_setting", "current_query", "getenv", "getvariable", "version"}
_REVEALING_PREFIXES = ("duckdb_", "pragma_", "pg_", "read_")


def refusal_reason(connection: duckdb.DuckDBPyConnection, sql: str, tables: Collection[tuple[str, str]]) -> str | None:
    """Return why a statement must not run; None when it may.

    Parameters
    ----------
    tables
        Schema and name of each table that it may read.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        return "not one SELECT"
    text = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0][0]
    try:
        tree = json.loads(text)
    except RecursionError:
        return "nested too deeply"
    if tree["error"]:
        return "not one SELECT"
    nodes = list(_nodes(tree))
    known = {(schema.lower(), name.lower()) for schema, name in tables}
    known |= {("", entry["key"].lower()) for node in nodes for entry in node.get("cte_map", {}).get("map", ())}
    return next((reason for node in nodes if (reason := _reason(node, known)) is not None), None)


def _nodes(tree: object) -> Iterator[dict[str, Any]]:  # the values are whatever the engine writes
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _reason(node: dict[str, Any], known: Collection[tuple[str, str]]) -> str | None:
    kind = node.get("type")
    if isinstance(kind, str) and kind.endswith("_NODE") and kind not in _READING_NODES:
        return f"does not only read: {kind}"
    if kind == "SHOW_REF":
        return "shows what there is"
    if kind == "BASE_TABLE":
        name = (node["schema_name"].lower(), node["table_name"].lower())
        return None if name in known and not node["catalog_name"] else f"names another table: {'.'.join(name)}"
    if kind == "TABLE_FUNCTION":
        name = node["function"].get("function_name", "")
        return None if name.lower() in _TABLE_FUNCTIONS else f"calls a table function: {name}"
    function = str(node.get("function_name", "")).lower()
    if function in _REVEALING_FUNCTIONS or function.startswith(_REVEALING_PREFIXES):
        return f"calls a function that reveals the state of the engine: {function}"
    return None
