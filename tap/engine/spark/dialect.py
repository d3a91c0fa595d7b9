"""SQL of Spark from that of `tap.adql.translate`: what has no equal there is refused before anything runs.

The engines differ in the division of integers, in overflow, in what FLOOR returns, and in functions. Types decide the
first, so they are derived from those of the tables.
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from core.errors import InvalidValueError

__all__ = ["UnsupportedQueryError", "spark_sql"]

_WHOLE = frozenset({"TINYINT", "SMALLINT", "INT", "BIGINT"})
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
_TYPES = _WHOLE | _FLOATS | {"TEXT", "VARCHAR", "BOOLEAN"}
#: Doubles from here on are whole numbers.
_LARGE = "9e15"
_INFINITY = "Infinity"

#: Functions that mean the same in both, in the way in which sqlglot writes them for Spark.
_SAME = (
    exp.Abs,
    exp.Acos,
    exp.Array,
    exp.ArrayConcat,
    exp.Asin,
    exp.Atan,
    exp.Atan2,
    exp.Avg,
    exp.Case,
    exp.Cast,
    exp.Coalesce,
    exp.Connector,
    exp.Cos,
    exp.Cot,
    exp.Count,
    exp.Degrees,
    exp.Exists,
    exp.Exp,
    exp.Explode,
    exp.GenerateSeries,
    exp.Greatest,
    exp.If,
    exp.Least,
    exp.Left,
    exp.Ln,
    exp.Lower,
    exp.Max,
    exp.Median,
    exp.Min,
    exp.Nullif,
    exp.Pi,
    exp.Pow,
    exp.Radians,
    exp.Rand,
    exp.Round,
    exp.RowNumber,
    exp.Sin,
    exp.Sqrt,
    exp.Stddev,
    exp.StddevPop,
    exp.StddevSamp,
    exp.Sum,
    exp.Tan,
    exp.TryCast,
    exp.Upper,
    exp.Variance,
    exp.VariancePop,
)
_SAFE: dict[type[exp.Expr], str] = {exp.Add: "try_add", exp.Sub: "try_subtract", exp.Mul: "try_multiply"}
#: Functions of Spark by which others are replaced below.
_MADE = frozenset(
    {"ARRAY_JOIN", "COLLECT_LIST", "ELEMENT_AT", "LOG10", "PERCENTILE", "TRY_ADD", "TRY_MULTIPLY", "TRY_SUBTRACT"}
)


class UnsupportedQueryError(InvalidValueError):
    """Error of a query that the engine of the cluster cannot run."""

    code = "UnsupportedQuery"


def spark_sql(sql: str, views: Mapping[tuple[str, str], str], types: Mapping[str, Mapping[str, str]]) -> str:
    """Return a query in the SQL of Spark.

    Parameters
    ----------
    sql
        SQL of `tap.adql.translate`.
    views
        Names of the views, by the schemas and names of the tables of the query.
    types
        Types of the columns of each view, in the words of Spark.

    Raises
    ------
    UnsupportedQueryError
        It calls what the cluster does not have.
    """
    import sqlglot
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.schema import MappingSchema

    tree = sqlglot.parse_one(sql, read="duckdb")
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            view = views[table.db, table.name]
            table.set("db", None)
            table.set("this", exp.to_identifier(view, quoted=True))
    tree = _replaced(tree, _let)
    known: dict[str, object] = {
        view: {name: kind for name, kind in columns.items() if _is_known(kind)} for view, columns in types.items()
    }
    tree = annotate_types(tree, schema=MappingSchema(known, dialect="spark", normalize=False), dialect="duckdb")
    tree = _replaced(tree, _changed)
    return str(tree.sql(dialect="spark", comments=False))


def _replaced(tree: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return a tree with its nodes changed from the leaves to the root, so that each has the types of its operands."""
    for node in reversed(list(tree.walk())):
        changed = change(node)
        if changed is node:
            continue
        changed.type = node.type
        if node is tree:
            tree = changed
        else:
            node.replace(changed)
    return tree


def _is_known(kind: str) -> bool:
    return kind.replace("_", "").isalpha()


def _let(node: exp.Expr) -> exp.Expr:
    """Return the body of a function that is applied to values, which is how SQL of ours gives values names."""
    if not isinstance(node, exp.Anonymous) or node.name.upper() not in {"LIST_EXTRACT", "LIST_REDUCE"}:
        return node
    applied = node.expressions[0]
    if node.name.upper() == "LIST_REDUCE":
        values, function = node.expressions[:2]
    elif isinstance(applied, exp.Transform) and node.expressions[1].name == "1":
        values, function = applied.this, applied.expression
    else:
        return node
    if not isinstance(values, exp.Array) or len(values.expressions) != len(function.expressions):
        return node
    names = {name.name: value for name, value in zip(function.expressions, values.expressions, strict=True)}

    def put(inner: exp.Expr) -> exp.Expr:
        is_name = isinstance(inner, exp.Identifier) and not isinstance(inner.parent, exp.Column | exp.DataType)
        if (is_name or (isinstance(inner, exp.Column) and not inner.table)) and inner.name in names:
            return exp.Paren(this=names[inner.name].copy())
        return inner

    return exp.Paren(this=function.this.copy().transform(put))


def _changed(node: exp.Expr) -> exp.Expr:
    """Return a node, or another one that means in Spark what the node means."""
    change = next((found for kind, found in _CHANGES.items() if isinstance(node, kind)), None)
    if change is not None:
        return change(node)
    if isinstance(node, exp.Func) and not isinstance(node, _SAME):
        raise _unsupported(node)
    return node


def _unsupported(node: exp.Expr) -> UnsupportedQueryError:
    name = node.name if isinstance(node, exp.Anonymous) else node.key
    return UnsupportedQueryError(
        f"The query needs the function {name.upper()}, which the cluster does not have. Restrict the query so that "
        "this server can run it alone.",
        field="QUERY",
    )


def _anonymous(node: exp.Expr) -> exp.Expr:
    name, arguments = node.name.upper(), node.expressions
    if name == "ISFINITE":
        return _finite(arguments[0])
    if name in {"LIST_EXTRACT", "ARRAY_EXTRACT"}:
        return exp.Anonymous(this="element_at", expressions=[argument.copy() for argument in arguments])
    if name in _MADE:
        return node
    raise _unsupported(node)


def _finite(value: exp.Expr) -> exp.Expr:
    # NaN is larger than all other numbers there.
    infinity = exp.cast(exp.Literal.string(_INFINITY), "DOUBLE")
    return exp.Paren(this=exp.LT(this=exp.Abs(this=value.copy()), expression=infinity))


def _div(node: exp.Expr) -> exp.Expr:
    """Return a division: NULL by zero, and of whole numbers when both are."""
    left, right = node.this, exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0))
    kinds = _kind(node.this), _kind(node.expression)
    if all(kind in _WHOLE for kind in kinds):
        return exp.Paren(this=exp.IntDiv(this=_operand(left), expression=right))
    if not _FLOATS.intersection(kinds):
        raise UnsupportedQueryError(
            "The cluster cannot divide values of these types. Cast both to DOUBLE PRECISION or BIGINT.", field="QUERY"
        )
    return exp.Paren(this=exp.Div(this=exp.cast(left.copy(), "DOUBLE"), expression=right, typed=True, safe=True))


def _operand(node: exp.Expr) -> exp.Expr:
    return exp.Paren(this=node.copy())


def _mod(node: exp.Expr) -> exp.Expr:
    divisor = exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0))
    return exp.Paren(this=exp.Mod(this=_operand(node.this), expression=divisor))


def _kind(node: exp.Expr) -> str:
    return node.type.this.name if node.type is not None and hasattr(node.type.this, "name") else ""


def _whole(name: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the change of a function that gives whole doubles: there it gives integers of 64 bits."""

    def change(node: exp.Expr) -> exp.Expr:
        if node.args.get("decimals") is not None:
            raise _unsupported(node)
        value = exp.cast(node.this.copy(), "DOUBLE")
        found: exp.Expr = exp.Anonymous(this=name, expressions=[value])
        return exp.Case(
            ifs=[exp.If(this=exp.LT(this=exp.Abs(this=value.copy()), expression=_number(_LARGE)), true=_double(found))],
            default=value.copy(),
        )

    return change


def _trunc(node: exp.Expr) -> exp.Expr:
    if node.args.get("decimals") is not None:
        raise _unsupported(node)
    value = exp.cast(node.this.copy(), "DOUBLE")
    small = exp.LT(this=exp.Abs(this=value.copy()), expression=_number(_LARGE))
    return exp.Case(ifs=[exp.If(this=small, true=_double(exp.cast(value.copy(), "BIGINT")))], default=value.copy())


def _double(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, "DOUBLE")


def _number(text: str) -> exp.Expr:
    return exp.Literal.number(text)


def _try(node: exp.Expr) -> exp.Expr:
    """Return an expression whose overflow is NULL."""
    inner = node.this.copy()

    def safe(part: exp.Expr) -> exp.Expr:
        name = next((name for kind, name in _SAFE.items() if type(part) is kind), None)
        if name is not None:
            return exp.Anonymous(this=name, expressions=[part.this.copy(), part.expression.copy()])
        return exp.TryCast(this=part.this.copy(), to=part.args["to"].copy()) if type(part) is exp.Cast else part

    parts = reversed(list(inner.walk()))
    for part in parts:
        changed = safe(part)
        if changed is not part:
            if part is inner:
                inner = changed
            else:
                part.replace(changed)
    return exp.Paren(this=inner)


def _cast(node: exp.Expr) -> exp.Expr:
    kind = node.args["to"].this
    if getattr(kind, "name", "") not in _TYPES:
        raise UnsupportedQueryError(
            "The cluster has no times and dates. Restrict the query so that this server can run it alone.",
            field="QUERY",
        )
    if kind.name in {"TEXT", "VARCHAR"} and _kind(node.this) in _FLOATS:
        raise UnsupportedQueryError(
            "The cluster writes numbers with a fraction in another way. Leave their cast to text out.", field="QUERY"
        )
    return node


def _log(node: exp.Expr) -> exp.Expr:
    if node.expression is None or node.this.name != "10":
        raise _unsupported(node)
    return exp.Anonymous(this="log10", expressions=[node.expression.copy()])


def _sum(node: exp.Expr) -> exp.Expr:
    """Return a sum that does not overflow: the sum of whole numbers is converted afterwards."""
    distinct = isinstance(node.this, exp.Distinct)
    value = node.this.expressions[0] if distinct else node.this
    if _kind(value) in _FLOATS:
        return node
    wide = exp.cast(value.copy(), exp.DataType.build("DECIMAL(38, 0)"))
    return exp.Sum(this=exp.Distinct(expressions=[wide]) if distinct else wide)


def _texts(node: exp.Expr) -> exp.Expr:
    if isinstance(node.this, exp.Order):
        raise _unsupported(node)
    parts = exp.Anonymous(this="collect_list", expressions=[node.this.copy()])
    joined = exp.Anonymous(this="array_join", expressions=[parts, node.args["separator"].copy()])
    return exp.Nullif(this=joined, expression=exp.Literal.string(""))


def _quantile(node: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="percentile", expressions=[node.this.copy(), node.expression.copy()])


def _like(node: exp.Expr) -> exp.Expr:
    pattern = node.expression.unnest()
    if not isinstance(pattern, exp.Literal) or "\\" in pattern.name:
        raise UnsupportedQueryError(
            "The cluster takes a backslash in a pattern for something else. Use a constant pattern without it.",
            field="QUERY",
        )
    return node


_CHANGES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Anonymous: _anonymous,
    exp.Div: _div,
    exp.Mod: _mod,
    exp.Floor: _whole("floor"),
    exp.Ceil: _whole("ceil"),
    exp.Trunc: _trunc,
    exp.Try: _try,
    exp.TryCast: _cast,
    exp.Cast: _cast,
    exp.Log: _log,
    exp.PercentileCont: _quantile,
    exp.Sum: _sum,
    exp.GroupConcat: _texts,
    exp.Like: _like,
    exp.ILike: _like,
}
