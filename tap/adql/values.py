"""Values, columns and tables of the compiler: SQL trees with the metadata of columns."""

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from sqlglot import exp

from core.columns import Column
from tap.adql.catalog import CatalogTable
from tap.adql.errors import Position, QueryError
from tap.adql.sqltree import cast_to, column
from tap.adql.tree import Name

__all__ = [
    "Box",
    "Circle",
    "Computed",
    "Coverage",
    "Field",
    "Kind",
    "Near",
    "Point",
    "Polygon",
    "Shape",
    "Table",
    "Value",
    "integer",
    "integer_type",
    "kind_of",
    "numeric_column",
    "promoted",
    "require_array",
    "require_density",
    "require_number",
    "require_text",
]

Kind = Literal["number", "text", "boolean", "timestamp", "null", "array", "shape"]

_SHAPE_XTYPES = {"point", "circle", "polygon"}
_RANKS = ("boolean", "unsignedByte", "short", "int", "long", "float", "double")


@dataclass(frozen=True, slots=True)
class Point:
    """A position in degrees, with its coordinates when they are constant."""

    lon: exp.Expr
    lat: exp.Expr
    constant: tuple[float, float] | None = None
    #: The table that is sorted by this position.
    table: "Table | None" = None


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle: a centre and a radius in degrees."""

    center: Point
    radius: exp.Expr
    constant: float | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A box between meridians and parallels: a centre, a width and a height in degrees of the coordinates."""

    center: Point
    width: exp.Expr
    height: exp.Expr
    constant: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Polygon:
    """A polygon with constant vertices in degrees, joined by great circles."""

    vertices: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """A shape that is computed for each row, as the array of DALI 1.1 §3.3."""

    kind: Literal["circle", "polygon"]
    sql: exp.Expr


@dataclass(frozen=True, slots=True)
class Coverage:
    """A coverage map in ASCII (MOC 2.0 §4.3.2), with its text when it is constant."""

    sql: exp.Expr
    text: str | None = None


Shape: TypeAlias = Point | Circle | Box | Polygon | Computed | Coverage


@dataclass(frozen=True, slots=True)
class Near:
    """Two points of rows that a condition requires to be nearer than a radius in degrees; its value if constant."""

    one: Point
    other: Point
    radius: exp.Expr
    constant: float | None


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled value: its SQL, its metadata, and what is known of it at compile time.

    Parameters
    ----------
    sql
        The expression that the engine evaluates.
    column
        Datatype, unit, UCD and other metadata, as far as they are known; the name has no meaning.
    constant, text
        The number or text, when it is constant.
    truth
        For functions that return 0 or 1: the condition itself.
    shape
        For geometry: the shape.
    separation, scale
        For DISTANCE, which may be multiplied by a constant: its two points, and the constant.
    near
        For CONTAINS of a point and a circle of rows: what it requires to be 1.
    origin
        For plain columns: the table, and the name of the column in it.
    """

    sql: exp.Expr
    column: Column
    kind: Kind
    at: Position
    constant: float | None = None
    text: str | None = None
    truth: exp.Expr | None = None
    shape: Shape | None = None
    separation: tuple[Point, Point] | None = None
    scale: float = 1.0
    near: Near | None = None
    origin: "tuple[Table, str] | None" = field(default=None, compare=False)

    def renamed(self, name: str) -> Column:
        """Return the metadata under a name."""
        return replace(self.column, name=name)


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A column that can be referenced: its name in ADQL and its expression in the engine."""

    name: str
    column: Column
    sql: exp.Expr
    table: "Table | None" = None

    def value(self, at: tuple[int, int]) -> Value:
        """Return the column as a value."""
        sql = self.sql
        # Building a column is many times faster than copying it.
        sql = column(sql.name, sql.table) if isinstance(sql, exp.Column) else sql.copy()
        sql.meta["at"] = at
        origin = (self.table, self.name) if self.table else None
        return Value(sql, self.column, kind_of(self.column), at, origin=origin)


@dataclass(slots=True, eq=False)
class Table:
    """A table of one FROM: a table of the catalogue, or a subquery.

    Parameters
    ----------
    names
        The alias, or else the parts of the table's name.
    alias
        Name in the engine, unique in the query.
    source
        Node of the table in FROM.
    catalog_table
        The table of the catalogue, if it is one.
    cells
        For joins by distance: the position, the radius and the height of zones by which rows are repeated over cells.
    places
        The positions, and heights of zones, of which the cells are columns.
    """

    names: tuple[str, ...]
    alias: str
    source: exp.Expr
    catalog_table: CatalogTable | None = None
    fields: list[Field] = field(default_factory=list)
    cells: tuple[Point, exp.Expr, exp.Expr] | None = None
    places: list[tuple[Point, exp.Expr]] = field(default_factory=list)

    @property
    def has_cells(self) -> bool:
        """Whether the engine has the HEALPix cells of its rows."""
        described = self.catalog_table
        return described is not None and described.sorted_by_healpix and described.has_cells

    def add(self, name: str, engine_name: str, metadata: Column) -> None:
        """Add a column at the end."""
        self.fields.append(Field(name, metadata, column(engine_name, self.alias), self))

    def is_called(self, names: tuple[Name, ...]) -> bool:
        """Whether the qualifier of a column, which may leave out the schema, means this table."""
        tail = self.names[-len(names) :]
        return len(tail) == len(names) and all(name.matches(part) for name, part in zip(names, tail, strict=True))


def kind_of(column: Column) -> Kind:
    """Return the kind of the values of a column."""
    if column.xtype == "timestamp":
        return "timestamp"
    if column.is_text:
        return "text"
    if column.arraysize is not None and column.arraysize != "1":
        return "array"
    return "boolean" if column.datatype == "boolean" else "number"


def numeric_column(datatype: str, unit: str | None = None, ucd: str | None = None) -> Column:
    """Return the metadata of a computed number."""
    return Column("", datatype, unit=unit, ucd=ucd)


def integer_type(column: Column) -> str | None:
    """Return the engine's type in which integers of a column are computed; None for other columns."""
    if column.arraysize is not None or column.datatype not in _RANKS[1:5]:
        return None
    return "BIGINT" if column.datatype == "long" else "INTEGER"


def integer(value: Value) -> exp.Expr:
    """Return the SQL of a value, cast to the type in which it is computed if it is a varying integer."""
    engine_type = integer_type(value.column)
    is_known = value.constant is not None or isinstance(value.sql, exp.Cast)
    return value.sql if engine_type is None or is_known else cast_to(value.sql, engine_type)


def promoted(*columns: Column) -> str:
    """Return the datatype that holds the numbers of all columns."""
    ranks = [_RANKS.index(column.datatype) for column in columns if column.datatype in _RANKS]
    return _RANKS[max([*ranks, 3])]


def require_number(value: Value, what: str) -> Value:
    """Return a value; raise QueryError unless it is numeric."""
    if value.kind not in {"number", "null"}:
        raise QueryError(f"{what} takes numbers, not {_kind_name(value)}", value.at)
    return value


def require_text(value: Value, what: str) -> Value:
    """Return a value; raise QueryError unless it is text."""
    if value.kind not in {"text", "null", "timestamp"}:
        raise QueryError(f"{what} takes text, not {_kind_name(value)}", value.at, "CAST it to VARCHAR")
    return value


def require_array(value: Value, what: str) -> Value:
    """Return a value; raise QueryError unless it is a one-dimensional array of numbers."""
    if value.kind == "null":
        return value
    if value.kind == "shape" or value.column.xtype in _SHAPE_XTYPES:
        raise QueryError(f"{what} takes an array of numbers, not geometry", value.at)
    if value.kind != "array" or value.column.datatype not in _RANKS[1:]:
        found = f"an array of {value.column.datatype}" if value.kind == "array" else _kind_name(value)
        raise QueryError(f"{what} takes an array of numbers, not {found}", value.at)
    if "x" in (value.column.arraysize or ""):
        raise QueryError(f"{what} takes an array of one dimension, not of {value.column.arraysize}", value.at)
    return value


def require_density(value: Value, what: str) -> Value:
    """Return a value; raise QueryError unless it is a column of densities, whose metadata have their form."""
    if value.kind == "array" and value.column.density is not None:
        return require_array(value, what)
    found = "an array without them" if value.kind == "array" else _kind_name(value)
    if value.column.name:
        found = f"{value.column.name}, {found}"
    advice = "TAP_SCHEMA.columns has the form in its column density"
    raise QueryError(f"{what} takes p(z), a column of arrays with a form and a grid, not {found}", value.at, advice)


def _kind_name(value: Value) -> str:
    return {"shape": "geometry", "array": "an array", "number": "a number", "null": "NULL"}.get(
        value.kind, f"a {value.kind}"
    )
