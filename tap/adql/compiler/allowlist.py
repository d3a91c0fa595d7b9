"""Allowlist of functions and tables, checked on the compiled SQL tree before it is sent to the engine.

It is a second line of defence: functions of an engine can read files, show settings and use up memory, so nothing that
is not listed runs, even if the compiler has a defect.
"""

from collections.abc import Collection

from sqlglot import exp

from tap.adql.catalog import CatalogTable
from tap.adql.errors import QueryError
from tap.kernels import KERNELS

__all__ = ["ENGINE_FUNCTIONS", "MAX_DEPTH", "require_allowed"]

#: Deepest tree that sqlglot's generator and the engine's parser can both process.
MAX_DEPTH = 200

#: Functions of the engine that the compiler uses; kernels are allowed as well.
ENGINE_FUNCTIONS = frozenset(
    {
        "abs",
        "acos",
        "array_extract",
        "array_to_string",
        "array_value",
        "asin",
        "atan",
        "atan2",
        "ceil",
        "corr",
        "cos",
        "cot",
        "covar_pop",
        "covar_samp",
        "degrees",
        "epoch",
        "exp",
        "floor",
        "greatest",
        "histogram",
        "isfinite",
        "isnan",
        "least",
        "left",
        "len",
        "list_avg",
        "list_concat",
        "list_contains",
        "list_count",
        "list_extract",
        "list_has_all",
        "list_max",
        "list_min",
        "list_reduce",
        "list_slice",
        "list_stddev_samp",
        "list_sum",
        "list_transform",
        "list_value",
        "ln",
        "log10",
        "lower",
        "mad",
        "map_extract_value",
        "median",
        "mod",
        "pi",
        "pow",
        "quantile_cont",
        "quantile_disc",
        "radians",
        "random",
        "range",
        "regexp_matches",
        "regexp_split_to_array",
        "replace",
        "round",
        "sin",
        "sqrt",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "string_split",
        "tan",
        "trim",
        "trunc",
        "try",
        "unnest",
        "upper",
        "var_pop",
        "var_samp",
    }
)

_ALLOWED_CLASSES = (
    exp.Avg,
    exp.Case,
    exp.Cast,
    exp.Coalesce,
    exp.Connector,
    exp.Count,
    exp.Exists,
    exp.If,
    exp.Max,
    exp.Min,
    exp.RowNumber,
    exp.Sum,
    exp.TryCast,
)


def require_allowed(
    sql: exp.Query, tables: list[CatalogTable], with_names: set[str], kernels: Collection[str] = frozenset(KERNELS)
) -> None:
    """Raise QueryError if a tree calls a function or reads a table that is not listed.

    Parameters
    ----------
    tables
        The tables of the catalogue that the query names.
    with_names
        Names in the engine of the queries of WITH.
    kernels
        Names of the kernels that may be called.
    """
    known = {(table.engine_schema, table.engine_table) for table in tables}
    pending: list[tuple[exp.Expr, int]] = [(sql, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise QueryError("The query is nested too deep", None, "write it in smaller steps, with WITH")
        if isinstance(node, exp.Anonymous):
            if node.name not in ENGINE_FUNCTIONS and node.name not in kernels:
                raise QueryError(f"The function {node.name} is not available")
        elif isinstance(node, exp.Func) and not isinstance(node, _ALLOWED_CLASSES):
            raise QueryError(f"The function {node.key} is not available")
        if isinstance(node, exp.Table):
            place = (node.db, node.name)
            if place not in known and not (node.db == "" and node.name in with_names):
                raise QueryError(f"The table {node.name} is not available")
        pending.extend((child, depth + 1) for child in node.iter_expressions())
