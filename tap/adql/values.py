"""What the compiler knows of a value: its tree for the engine, its kind, and what its column would say of it."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from sqlglot import exp

from core.columns import Column
from tap.adql.errors import Position, QueryError

if TYPE_CHECKING:
    from tap.adql.scopes import Table

__all__ = [
    "Circle",
    "Computed",
    "Coverage",
    "Kind",
    "Point",
    "Polygon",
    "Shape",
    "Value",
    "kind_of",
    "numeric_facts",
    "promoted",
    "require_number",
    "require_text",
]

Kind = Literal["number", "text", "boolean", "timestamp", "null", "array", "shape"]

_RANKS = ("boolean", "unsignedByte", "short", "int", "long", "float", "double")


@dataclass(frozen=True, slots=True)
class Point:
    """A position: two values in degrees, with their numbers when they are constants."""

    lon: exp.Expr
    lat: exp.Expr
    constant: tuple[float, float] | None = None
    #: The table whose own sorted position this is.
    table: "Table | None" = None


@dataclass(frozen=True, slots=True)
class Circle:
    """A centre and a radius in degrees."""

    center: Point
    radius: exp.Expr
    constant: float | None = None


@dataclass(frozen=True, slots=True)
class Polygon:
    """Constant vertices, in degrees, joined by great circles."""

    vertices: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """A shape of which the engine knows the numbers, row by row: the array that DALI 1.1 §3.3 makes of it."""

    kind: Literal["circle", "polygon"]
    sql: exp.Expr


@dataclass(frozen=True, slots=True)
class Coverage:
    """A coverage map in ASCII (MOC 2.0 §4.3.2), with its text when that is the same for every row."""

    sql: exp.Expr
    text: str | None = None


Shape: TypeAlias = Point | Circle | Polygon | Computed | Coverage


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the query.

    Parameters
    ----------
    sql
        What the engine evaluates.
    facts
        Datatype, unit, UCD and the rest, as far as they are known; the name says nothing.
    constant, text
        The number or text, when it is the same for every row.
    truth
        For functions that give 0 or 1: the condition behind it.
    shape
        For geometry: what it is made of.
    separation
        For DISTANCE: the two points.
    near
        For CONTAINS of two moving points: the points, and the constant distance within which it is 1.
    origin
        For plain columns: the table, and the column's name in it.
    """

    sql: exp.Expr
    facts: Column
    kind: Kind
    at: Position
    constant: float | None = None
    text: str | None = None
    truth: exp.Expr | None = None
    shape: Shape | None = None
    separation: tuple[Point, Point] | None = None
    near: tuple[Point, Point, float] | None = None
    origin: "tuple[Table, str] | None" = field(default=None, compare=False)

    def renamed(self, name: str) -> Column:
        """Give the facts under a name."""
        return replace(self.facts, name=name)


def kind_of(column: Column) -> Kind:
    """Say what can be done with the values of a column."""
    if column.xtype == "timestamp":
        return "timestamp"
    if column.is_text:
        return "text"
    if column.arraysize is not None and column.arraysize != "1":
        return "array"
    return "boolean" if column.datatype == "boolean" else "number"


def numeric_facts(datatype: str, unit: str | None = None, ucd: str | None = None) -> Column:
    """Describe a number that is computed."""
    return Column("", datatype, unit=unit, ucd=ucd)


def promoted(*columns: Column) -> str:
    """Give the datatype that holds the numbers of all columns."""
    ranks = [_RANKS.index(column.datatype) for column in columns if column.datatype in _RANKS]
    return _RANKS[max([*ranks, 3])]


def require_number(value: Value, what: str) -> Value:
    """Refuse what is no number."""
    if value.kind not in {"number", "null"}:
        raise QueryError(f"{what} takes numbers, not {_spoken(value)}", value.at)
    return value


def require_text(value: Value, what: str) -> Value:
    """Refuse what is no text."""
    if value.kind not in {"text", "null", "timestamp"}:
        raise QueryError(f"{what} takes text, not {_spoken(value)}", value.at, "CAST it to VARCHAR")
    return value


def _spoken(value: Value) -> str:
    return {"shape": "geometry", "array": "an array", "number": "a number", "null": "NULL"}.get(
        value.kind, f"a {value.kind}"
    )
