"""CAST to numbers, texts, timestamps and shapes (ADQL 2.1 §4.6, DALI 1.1 §3.3)."""

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.functions.shapes import shape_of_text
from tap.adql.geometry.shapes import as_shape, point_value, shape_value
from tap.adql.sqltree import attachable, call, cast_to, number, string
from tap.adql.values import Circle, Computed, Point, Shape, Value, kind_of

__all__ = ["compile_cast"]

_TYPES: Mapping[str, tuple[str, Column]] = {
    "BIGINT": ("BIGINT", Column("", "long")),
    "CHAR": ("VARCHAR", Column("", "unicodeChar", "*")),
    "DOUBLE PRECISION": ("DOUBLE", Column("", "double")),
    "INTEGER": ("INTEGER", Column("", "int")),
    "REAL": ("REAL", Column("", "float")),
    "SMALLINT": ("SMALLINT", Column("", "short")),
    "TIMESTAMP": ("TIMESTAMP", Column("", "char", "*", xtype="timestamp")),
    "VARCHAR": ("VARCHAR", Column("", "unicodeChar", "*")),
}
_TEXTS = {"CHAR", "VARCHAR"}


def compile_cast(value: Value, node: tree.Cast) -> Value:
    """Compile a CAST."""
    if node.type_name not in _TYPES:
        return _to_shape(value, node)
    shape = as_shape(value)
    if node.type_name in _TEXTS and (shape is not None or value.kind == "array"):
        return _as_text(_text_form(value), node, replace(value.column, xtype=None, unit=None))
    if shape is not None or value.kind == "array":
        raise QueryError(
            "CAST takes numbers, texts and times", value.at, "shapes and arrays can be cast only to VARCHAR"
        )
    engine_type, column = _TYPES[node.type_name]
    sql = _cast(value, engine_type)
    if node.type_name in _TEXTS:
        if value.kind == "timestamp":  # with a T between date and time, as DALI has it
            sql = call("replace", sql, string(" "), string("T"))
        return _as_text(sql, node, value.column)
    column = replace(column, unit=value.column.unit, ucd=value.column.ucd, description=value.column.description)
    return Value(sql, column, kind_of(column), node.at)


def _cast(value: Value, engine_type: str) -> exp.Expr:
    """Return a cast, NULL for a value that has none; of a constant that has none the engine reports an error."""
    is_constant = value.constant is not None or value.text is not None
    make: type[exp.Cast] = exp.Cast if is_constant else exp.TryCast
    if engine_type == "TIMESTAMP":
        # By way of a time with a zone: the engine would drop the offset of 2024-01-02T03:04:05+02:00.
        zoned = make(this=attachable(value.sql), to=exp.DataType.build("TIMESTAMPTZ", dialect="duckdb"))
        return make(this=zoned, to=exp.DataType.build("TIMESTAMP", dialect="duckdb"))
    return make(this=attachable(value.sql), to=exp.DataType.build(engine_type, dialect="duckdb"))


def _as_text(sql: exp.Expr, node: tree.Cast, origin: Column) -> Value:
    if node.length is not None:
        sql = call("left", sql, number(node.length))
    column = replace(_TYPES["VARCHAR"][1], unit=origin.unit, ucd=origin.ucd, description=origin.description)
    return Value(sql, column, "text", node.at)


def _text_form(value: Value) -> exp.Expr:
    if value.column.xtype == "moc":
        return value.sql
    return call("array_to_string", cast_to(value.sql, "VARCHAR[]"), string(" "))


def _to_shape(value: Value, node: tree.Cast) -> Value:
    shape = as_shape(value)
    if shape is not None:
        if _is_type(shape, node.type_name):
            return shape_value(shape, node)
        raise QueryError(f"This shape cannot be cast to {node.type_name}", value.at)
    if value.text is not None:
        return shape_value(shape_of_text(value.text, node.type_name, value.at), node)
    if value.kind == "array" and value.column.datatype in {"float", "double"}:
        numbers: exp.Expr = cast_to(value.sql, "DOUBLE[]")
    elif value.kind == "text":
        words = call("string_split", call("trim", value.sql), string(" "))
        numbers = exp.TryCast(this=words, to=exp.DataType.build("DOUBLE[]", dialect="duckdb"))
    else:
        raise QueryError(f"CAST to {node.type_name} takes a text or an array of numbers", value.at)
    if node.type_name == "POLYGON":
        return shape_value(Computed("polygon", numbers), node)
    if node.type_name == "POINT":
        return point_value(numbers, node)
    parts = [call("array_extract", numbers, number(i)) for i in range(1, 4)]
    return shape_value(Circle(Point(parts[0], parts[1]), parts[2]), node)


def _is_type(shape: Shape, type_name: str) -> bool:
    kind = shape.kind if isinstance(shape, Computed) else type(shape).__name__
    return kind.upper() == type_name
