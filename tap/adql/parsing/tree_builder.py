"""Lark transformer that builds the syntax tree: one method for each rule of the grammar."""

# ruff: noqa: D102 (each method is named after its rule in grammar.lark)

from collections.abc import Sequence
from typing import Any, Literal, cast

from lark import Token, Transformer

from tap.adql import tree
from tap.adql.errors import Position, QueryError

__all__ = ["SyntaxBuilder"]

# Each method receives the parts of its rule: tokens, nodes, or None for an absent optional part.
_Parts = list[Any]

_TYPES = {
    "BIGINT": "BIGINT",
    "CHAR": "CHAR",
    "CIRCLE": "CIRCLE",
    "DOUBLE PRECISION": "DOUBLE PRECISION",
    "INTEGER": "INTEGER",
    "POINT": "POINT",
    "POLYGON": "POLYGON",
    "REAL": "REAL",
    "SMALLINT": "SMALLINT",
    "TIMESTAMP": "TIMESTAMP",
    "VARCHAR": "VARCHAR",
}
_MAX_INTEGER = 2**63 - 1


def _at(token: Token) -> Position:
    return (token.line or 1, token.column or 1)


def _integer(token: Token) -> int:
    # Python refuses to convert very long strings of digits.
    if len(token) > 19 or int(token) > _MAX_INTEGER:
        raise QueryError(f"The number {str(token)[:20]} is too large", _at(token), f"at most {_MAX_INTEGER}")
    return int(token)


def _is_condition(node: tree.Expression) -> bool:
    while isinstance(node, tree.Parentheses):
        node = node.inner
    return isinstance(node, tree.Condition)


def _value(node: tree.Expression) -> tree.Expression:
    if _is_condition(node):
        raise QueryError("A condition was found where a value is expected", node.at)
    return node


def _condition(node: tree.Expression) -> tree.Expression:
    if not _is_condition(node):
        raise QueryError("A value was found where a condition is expected", node.at, "compare it with something")
    return node


def _values(nodes: Sequence[tree.Expression]) -> tuple[tree.Expression, ...]:
    return tuple(_value(node) for node in nodes)


class SyntaxBuilder(Transformer[Token, Any]):
    """Transformer that the parser calls at each reduction, so that no parse tree is kept."""

    # -- queries -----------------------------------------------------------------------------------------------

    def start(self, parts: _Parts) -> tree.Query:
        with_queries, body, order_by, offset, _ = parts
        return tree.Query(body, order_by or (), offset, with_queries or ())

    def query(self, parts: _Parts) -> tree.Query:
        body, order_by, offset = parts
        return tree.Query(body, order_by or (), offset)

    def nested_query(self, parts: _Parts) -> tree.Query:
        return cast("tree.Query", parts[1])

    def with_clause(self, parts: _Parts) -> tuple[tree.WithQuery, ...]:
        return tuple(part for part in parts if isinstance(part, tree.WithQuery))

    def cte(self, parts: _Parts) -> tree.WithQuery:
        return tree.WithQuery(parts[0], parts[3])

    def set_operation(self, parts: _Parts) -> tree.SetOperation:
        left, operator, keep, right = parts
        return tree.SetOperation(operator.upper(), keep is not None, left, right, _at(operator))

    def select(self, parts: _Parts) -> tree.Select:
        word, quantifier, top, items, _, sources, where, group_by, having = parts
        distinct = quantifier == "DISTINCT"
        return tree.Select(distinct, top, items, sources, where, group_by or (), having, _at(word))

    def quantifier(self, parts: _Parts) -> str:
        return str(parts[0]).upper()

    def top(self, parts: _Parts) -> int:
        return _integer(parts[1])

    def offset(self, parts: _Parts) -> int:
        return _integer(parts[1])

    def everything(self, parts: _Parts) -> tree.Star:
        return tree.Star((), _at(parts[0]))

    def select_list(self, parts: _Parts) -> tuple[tree.Item | tree.Star, ...]:
        return tuple(part for part in parts if not isinstance(part, Token))

    def unnamed_item(self, parts: _Parts) -> tree.Item:
        return tree.Item(_value(parts[0]), None)

    def named_item(self, parts: _Parts) -> tree.Item:
        return tree.Item(_value(parts[0]), parts[2])

    def all_of(self, parts: _Parts) -> tree.Star:
        return tree.Star(parts[0], parts[0][0].at)

    def where(self, parts: _Parts) -> tree.Expression:
        return _condition(parts[1])

    def having(self, parts: _Parts) -> tree.Expression:
        return _condition(parts[1])

    def group_by(self, parts: _Parts) -> tuple[tree.Expression, ...]:
        return _values([part for part in parts if not isinstance(part, Token)])

    def order_by(self, parts: _Parts) -> tuple[tree.OrderTerm, ...]:
        return tuple(part for part in parts if isinstance(part, tree.OrderTerm))

    def order_term(self, parts: _Parts) -> tree.OrderTerm:
        return tree.OrderTerm(_value(parts[0]), parts[1] is not None and parts[1].type == "DESC")

    # -- tables ------------------------------------------------------------------------------------------------

    def sources(self, parts: _Parts) -> tuple[tree.Source, ...]:
        return tuple(part for part in parts if not isinstance(part, Token))

    def table_name(self, parts: _Parts) -> tree.TableName:
        names, alias = parts
        if len(names) > 3:
            raise QueryError("A table's name has too many parts", names[3].at, "at most catalog.schema.table")
        return tree.TableName(names, alias, names[0].at)

    def derived_table(self, parts: _Parts) -> tree.Derived:
        return tree.Derived(parts[1], parts[3], _at(parts[0]))

    def nested_table(self, parts: _Parts) -> tree.Source:
        return cast("tree.Source", parts[1])

    def alias(self, parts: _Parts) -> tree.Name:
        return cast("tree.Name", parts[1])

    def join_type(self, parts: _Parts) -> tree.JoinKind:
        return cast("tree.JoinKind", parts[0].upper())

    def join_on(self, parts: _Parts) -> tree.Join:
        left, kind, word, right, _, condition = parts
        return tree.Join(kind or "INNER", left, right, _at(word), on=_condition(condition))

    def join_using(self, parts: _Parts) -> tree.Join:
        left, kind, word, right = parts[:4]
        names = tuple(part for part in parts[4:] if isinstance(part, tree.Name))
        return tree.Join(kind or "INNER", left, right, _at(word), using=names)

    def join_natural(self, parts: _Parts) -> tree.Join:
        left, word, kind, _, right = parts
        return tree.Join(kind or "INNER", left, right, _at(word), natural=True)

    # -- conditions --------------------------------------------------------------------------------------------

    def disjunction(self, parts: _Parts) -> tree.Disjunction:
        operands = tuple(_condition(part) for part in parts[::2])
        return tree.Disjunction(operands, operands[0].at)

    def conjunction(self, parts: _Parts) -> tree.Conjunction:
        operands = tuple(_condition(part) for part in parts[::2])
        return tree.Conjunction(operands, operands[0].at)

    def negation(self, parts: _Parts) -> tree.Negation:
        return tree.Negation(_condition(parts[1]), _at(parts[0]))

    def comparison(self, parts: _Parts) -> tree.Comparison:
        left, operator, right = parts
        return tree.Comparison("<>" if operator == "!=" else str(operator), _value(left), _value(right), _at(operator))

    def between(self, parts: _Parts) -> tree.Between:
        value, negated, word, low, _, high = parts
        return tree.Between(_value(value), _value(low), _value(high), negated is not None, _at(word))

    def in_list(self, parts: _Parts) -> tree.InList | tree.InQuery:
        value, negated, word = parts[:3]
        choices = _values([part for part in parts[3:] if not isinstance(part, Token)])
        if len(choices) == 1 and isinstance(choices[0], tree.ScalarQuery):  # a query in two pairs of parentheses
            return tree.InQuery(_value(value), choices[0].query, negated is not None, _at(word))
        return tree.InList(_value(value), choices, negated is not None, _at(word))

    def in_query(self, parts: _Parts) -> tree.InQuery:
        value, negated, word, _, query, _ = parts
        return tree.InQuery(_value(value), query, negated is not None, _at(word))

    def like(self, parts: _Parts) -> tree.Like:
        value, negated, word, pattern = parts
        return tree.Like(_value(value), _value(pattern), word.type == "ILIKE", negated is not None, _at(word))

    def is_null(self, parts: _Parts) -> tree.IsNull:
        value, word, negated, _ = parts
        return tree.IsNull(_value(value), negated is not None, _at(word))

    def exists(self, parts: _Parts) -> tree.Exists:
        return tree.Exists(parts[2], _at(parts[0]))

    # -- values ------------------------------------------------------------------------------------------------

    def concatenation(self, parts: _Parts) -> tree.Concatenation:
        return tree.Concatenation(_values(parts[::2]), _at(parts[1]))

    def arithmetic(self, parts: _Parts) -> tree.Arithmetic:
        operators = tuple(str(operator) for operator in parts[1::2])
        return tree.Arithmetic(operators, _values(parts[::2]), _at(parts[1]))

    def signed(self, parts: _Parts) -> tree.Signed:
        return tree.Signed(str(parts[0]), _value(parts[1]), _at(parts[0]))

    def integer(self, parts: _Parts) -> tree.Number:
        return tree.Number(str(parts[0]), _at(parts[0]))

    def decimal(self, parts: _Parts) -> tree.Number:
        return tree.Number(str(parts[0]), _at(parts[0]))

    def text(self, parts: _Parts) -> tree.Text:
        # Adjacent literals are one text, as in SQL-92.
        return tree.Text("".join(part[1:-1].replace("''", "'") for part in parts), _at(parts[0]))

    def null(self, parts: _Parts) -> tree.Null:
        return tree.Null(_at(parts[0]))

    def column(self, parts: _Parts) -> tree.Reference:
        names = parts[0]
        if len(names) > 4:
            raise QueryError("A column's name has too many parts", names[4].at, "at most catalog.schema.table.column")
        return tree.Reference(names, names[0].at)

    def element(self, parts: _Parts) -> tree.Call:
        array, bracket, place, _ = parts
        return tree.Call("arr_element", (_value(array), _value(place)), _at(bracket))

    def slice(self, parts: _Parts) -> tree.Call:
        array, bracket, first, _, last, _ = parts
        return tree.Call("arr_slice", (_value(array), _value(first), _value(last)), _at(bracket))

    def parentheses(self, parts: _Parts) -> tree.Parentheses:
        return tree.Parentheses(parts[1], _at(parts[0]))

    def cast(self, parts: _Parts) -> tree.Cast:
        type_name, length = parts[4]
        return tree.Cast(_value(parts[2]), type_name, length, _at(parts[0]))

    def type(self, parts: _Parts) -> tuple[str, int | None]:
        words = [part.upper() for part in parts if part is not None and part.type in {"TYPE", "FUNCTION"}]
        name = _TYPES.get(" ".join(words))
        length = next((part for part in parts if part is not None and part.type == "INTEGER_NUMBER"), None)
        if name is None or (length is not None and name not in {"CHAR", "VARCHAR"}):
            raise QueryError(f"CAST to {' '.join(words)} is not available", _at(parts[0]), "use " + ", ".join(_TYPES))
        return name, None if length is None else _integer(length)

    def scalar_query(self, parts: _Parts) -> tree.ScalarQuery:
        word, select, order_by, offset, _ = parts
        return tree.ScalarQuery(tree.Query(select, order_by or (), offset), _at(word))

    def case(self, parts: _Parts) -> tree.Case:
        word, operand, *choices, _, otherwise, _ = parts
        if operand is None:
            pairs = tuple((_condition(test), value) for test, value in choices)
        else:
            pairs = tuple((_value(test), value) for test, value in choices)
        return tree.Case(
            None if operand is None else _value(operand),
            pairs,
            None if otherwise is None else _value(otherwise),
            _at(word),
        )

    def when(self, parts: _Parts) -> tuple[tree.Expression, tree.Expression]:
        return parts[1], _value(parts[3])

    def call(self, parts: _Parts) -> tree.Call:
        arguments = _values([part for part in parts[1:] if not isinstance(part, Token)])
        return tree.Call(str(parts[0]), arguments, _at(parts[0]))

    def star_call(self, parts: _Parts) -> tree.Call:
        if parts[0].upper() != "COUNT":
            raise QueryError(f"{parts[0]}(*) is not available", _at(parts[0]), "only COUNT takes *")
        return tree.Call("COUNT", (), _at(parts[0]), star=True)

    def set_call(self, parts: _Parts) -> tree.Call:
        name, _, quantifier, value, _ = parts
        if name.upper() not in {"AVG", "COUNT", "MAX", "MIN", "SUM"}:
            raise QueryError(f"{name} takes no {quantifier}", _at(name))
        word: Literal["ALL", "DISTINCT"] = quantifier
        return tree.Call(str(name), (_value(value),), _at(name), quantifier=word)

    # -- names -------------------------------------------------------------------------------------------------

    def dotted(self, parts: _Parts) -> tuple[tree.Name, ...]:
        # One name, or the names so far, a point, and one more.
        return (parts[0],) if len(parts) == 1 else (*parts[0], parts[2])

    def name(self, parts: _Parts) -> tree.Name:
        token = parts[0]
        if token.type == "DELIMITED":
            return tree.Name(token[1:-1].replace('""', '"'), quoted=True, at=_at(token))
        return tree.Name(str(token), quoted=False, at=_at(token))
