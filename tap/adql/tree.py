"""Syntax tree of ADQL: immutable nodes that the parser builds and the compiler reads.

Names are as the user wrote them; the compiler resolves them against a catalogue.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tap.adql.errors import Position

__all__ = [
    "Arithmetic",
    "Between",
    "Body",
    "Call",
    "Case",
    "Cast",
    "Comparison",
    "Concatenation",
    "Condition",
    "Conjunction",
    "Derived",
    "Disjunction",
    "Exists",
    "Expression",
    "InList",
    "InQuery",
    "IsNull",
    "Item",
    "Join",
    "JoinKind",
    "Like",
    "Name",
    "Negation",
    "Null",
    "Number",
    "OrderTerm",
    "Parentheses",
    "Query",
    "Reference",
    "ScalarQuery",
    "Select",
    "SetOperation",
    "Signed",
    "Source",
    "Star",
    "TableName",
    "Text",
    "WithQuery",
]

JoinKind = Literal["INNER", "LEFT", "RIGHT", "FULL"]


@dataclass(frozen=True, slots=True)
class Name:
    """One identifier, without its quotes."""

    text: str
    quoted: bool
    at: Position

    def matches(self, other: str) -> bool:
        """Whether this names ``other``: letter by letter when quoted, else in any case."""
        return self.text == other if self.quoted else self.text.lower() == other.lower()


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric literal, as written."""

    text: str
    at: Position

    @property
    def is_integer(self) -> bool:
        """Whether it is written with digits alone."""
        return self.text.isdigit()


@dataclass(frozen=True, slots=True)
class Text:
    """A character string literal, without its quotes."""

    text: str
    at: Position


@dataclass(frozen=True, slots=True)
class Null:
    """The literal NULL."""

    at: Position


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a column, with the qualifier that was written."""

    names: tuple[Name, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Parentheses:
    """An expression in parentheses."""

    inner: "Expression"
    at: Position


@dataclass(frozen=True, slots=True)
class Signed:
    """A unary plus or minus."""

    sign: str
    inner: "Expression"
    at: Position


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A chain of ``+`` and ``-``, or of ``*`` and ``/``, from left to right; ``operators[i]`` precedes operand i+1."""

    operators: tuple[str, ...]
    operands: tuple["Expression", ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Concatenation:
    """A concatenation of texts by ``||``."""

    operands: tuple["Expression", ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function."""

    function: str
    arguments: tuple["Expression", ...]
    at: Position
    star: bool = False
    quantifier: str | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """A CAST; ``type_name`` is in upper case, with one space between words."""

    inner: "Expression"
    type_name: str
    length: int | None
    at: Position


@dataclass(frozen=True, slots=True)
class Case:
    """A CASE: pairs of a condition and a value, or of a value to which ``operand`` is compared and a value."""

    operand: "Expression | None"
    choices: tuple[tuple["Expression", "Expression"], ...]
    otherwise: "Expression | None"
    at: Position


@dataclass(frozen=True, slots=True)
class ScalarQuery:
    """A query in parentheses that stands for the value of its only row."""

    query: "Query"
    at: Position


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of two values."""

    operator: str
    left: "Expression"
    right: "Expression"
    at: Position


@dataclass(frozen=True, slots=True)
class Between:
    """A BETWEEN predicate; both bounds are included."""

    value: "Expression"
    low: "Expression"
    high: "Expression"
    negated: bool
    at: Position


@dataclass(frozen=True, slots=True)
class InList:
    """An IN predicate with a list of values."""

    value: "Expression"
    choices: tuple["Expression", ...]
    negated: bool
    at: Position


@dataclass(frozen=True, slots=True)
class InQuery:
    """An IN predicate with a subquery."""

    value: "Expression"
    query: "Query"
    negated: bool
    at: Position


@dataclass(frozen=True, slots=True)
class Like:
    """A LIKE or ILIKE predicate."""

    value: "Expression"
    pattern: "Expression"
    ignore_case: bool
    negated: bool
    at: Position


@dataclass(frozen=True, slots=True)
class IsNull:
    """An IS NULL predicate."""

    value: "Expression"
    negated: bool
    at: Position


@dataclass(frozen=True, slots=True)
class Exists:
    """An EXISTS predicate."""

    query: "Query"
    at: Position


@dataclass(frozen=True, slots=True)
class Negation:
    """A negated condition (NOT)."""

    inner: "Expression"
    at: Position


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Conditions joined by AND."""

    operands: tuple["Expression", ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Disjunction:
    """Conditions joined by OR."""

    operands: tuple["Expression", ...]
    at: Position


_Value: TypeAlias = (
    Number | Text | Null | Reference | Signed | Arithmetic | Concatenation | Call | Cast | Case | ScalarQuery
)
Condition: TypeAlias = (
    Comparison | Between | InList | InQuery | Like | IsNull | Exists | Negation | Conjunction | Disjunction
)
Expression: TypeAlias = _Value | Condition | Parentheses


@dataclass(frozen=True, slots=True)
class Star:
    """``*``, or ``table.*`` when ``names`` has the qualifier."""

    names: tuple[Name, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a SELECT list, with its alias if it has one."""

    value: Expression
    alias: Name | None


@dataclass(frozen=True, slots=True)
class TableName:
    """A table in FROM."""

    names: tuple[Name, ...]
    alias: Name | None
    at: Position


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived table: a subquery in FROM."""

    query: "Query"
    alias: Name
    at: Position


@dataclass(frozen=True, slots=True)
class Join:
    """A join of two tables, with exactly one of ``on``, ``using`` and ``natural``."""

    kind: JoinKind
    left: "Source"
    right: "Source"
    at: Position
    on: Expression | None = None
    using: tuple[Name, ...] = ()
    natural: bool = False


Source: TypeAlias = TableName | Derived | Join


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT, without ORDER BY and OFFSET."""

    distinct: bool
    top: int | None
    items: tuple[Item | Star, ...]
    sources: tuple[Source, ...]
    where: Expression | None
    group_by: tuple[Expression, ...]
    having: Expression | None
    at: Position


@dataclass(frozen=True, slots=True)
class SetOperation:
    """A UNION, EXCEPT or INTERSECT of two bodies."""

    operator: str
    keep_duplicates: bool
    left: "Body"
    right: "Body"
    at: Position


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One term of ORDER BY."""

    value: Expression
    descending: bool


@dataclass(frozen=True, slots=True)
class WithQuery:
    """One common table expression of WITH."""

    name: Name
    query: "Query"


@dataclass(frozen=True, slots=True)
class Query:
    """A query expression: a body with its WITH, ORDER BY and OFFSET."""

    body: "Body"
    order_by: tuple[OrderTerm, ...] = ()
    offset: int | None = None
    with_queries: tuple[WithQuery, ...] = ()


Body: TypeAlias = Select | SetOperation | Query
