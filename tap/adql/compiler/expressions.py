"""Compiler of value and search expressions (ADQL 2.1 §2.2, §2.3)."""

# ruff: noqa: SLF001 (the two tables at the end name methods of the class above them)

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.compiler.arithmetic import compile_arithmetic, compile_signed
from tap.adql.compiler.context import Context
from tap.adql.compiler.scopes import Scope
from tap.adql.errors import Position, QueryError
from tap.adql.functions.aggregates import compile_aggregate
from tap.adql.functions.calls import compile_call
from tap.adql.functions.casts import compile_cast
from tap.adql.functions.choices import compile_case
from tap.adql.functions.signatures import Function
from tap.adql.geometry.predicates import within
from tap.adql.sqltree import all_of, any_of, cast_to, compare, negate, number, string, wrap
from tap.adql.values import Circle, Kind, Near, Value, kind_of, numeric_column, require_number, require_text

__all__ = ["Expressions"]

#: Longest chain of additions or multiplications.
MAX_CHAIN = 100

#: The digits of the least BIGINT, which are a BIGINT only behind a minus.
_LEAST_DIGITS = str(2**63)
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}


@dataclass(slots=True)
class Expressions:
    """The compiler of the expressions of one clause.

    Parameters
    ----------
    aggregates
        Whether aggregate functions are allowed in the clause.
    prune
        Whether the hidden HEALPix column may be tested, as in WHERE and ON.
    """

    context: Context
    scope: Scope
    clause: str
    aggregates: bool = False
    prune: bool = False
    found_aggregate: bool = False
    #: Pairs of points of rows that a condition requires to be near.
    near: list[Near] = field(default_factory=list)

    def value(self, node: tree.Expression) -> Value:
        """Compile a value."""
        self.context.limits.step()
        # Any: each class of node has one method, whose argument is of that class.
        method: Any = _VALUES[type(node)]
        result: Value = method(self, node)
        return result

    def condition(self, node: tree.Expression) -> exp.Expr:
        """Compile a condition."""
        self.context.limits.step()
        method: Any = _CONDITIONS[type(node)]  # as above
        result: exp.Expr = method(self, node)
        return result

    # -- values ------------------------------------------------------------------------------------------------

    def _number(self, node: tree.Number) -> Value:
        if node.is_integer:
            digits = node.text.lstrip("0") or "0"
            if len(digits) > 19 or int(digits) >= 2**63:
                advice = "write it with a point to compute with doubles"
                raise QueryError(f"The number {node.text[:30]} is larger than a BIGINT", node.at, advice)
            whole = int(digits)
            column = numeric_column("int" if whole < 2**31 else "long")
            return Value(number(whole), column, "number", node.at, constant=float(whole))
        constant = float(node.text)
        if not math.isfinite(constant):
            raise QueryError("The number is too large", node.at)
        return Value(number(constant), numeric_column("double"), "number", node.at, constant=constant)

    def _text(self, node: tree.Text) -> Value:
        return Value(string(node.text), Column("", "unicodeChar", "*"), "text", node.at, text=node.text)

    def _null(self, node: tree.Null) -> Value:
        return Value(exp.Null(), Column("", "char", "*"), "null", node.at)

    def _reference(self, node: tree.Reference) -> Value:
        return self.scope.resolve(node).value(node.at)

    def _parentheses(self, node: tree.Parentheses) -> Value:
        inner = self.value(node.inner)
        return replace(inner, sql=wrap(inner.sql), at=node.at)

    def _signed(self, node: tree.Signed) -> Value:
        if node.sign == "-" and isinstance(node.inner, tree.Number) and node.inner.text == _LEAST_DIGITS:
            sql = cast_to(exp.Paren(this=exp.Neg(this=exp.Literal.number(_LEAST_DIGITS))), "BIGINT")
            return Value(sql, numeric_column("long"), "number", node.at, constant=-(2.0**63))
        inner = require_number(self.value(node.inner), "A sign")
        return replace(inner, origin=None) if node.sign == "+" else compile_signed(inner, node)

    def _arithmetic(self, node: tree.Arithmetic) -> Value:
        if len(node.operands) > MAX_CHAIN:
            raise QueryError("The chain of operators is too long", node.at, f"at most {MAX_CHAIN} values are joined")
        return compile_arithmetic([self.value(operand) for operand in node.operands], node)

    def _concatenation(self, node: tree.Concatenation) -> Value:
        texts = [require_text(self.value(operand), "||") for operand in node.operands]
        sql = wrap(texts[0].sql)
        for text in texts[1:]:
            sql = exp.DPipe(this=sql, expression=wrap(text.sql))
        return Value(sql, Column("", "unicodeChar", "*"), "text", node.at)

    def _call(self, node: tree.Call) -> Value:
        """Compile a call; `check_calls` has checked the name and the number of arguments."""
        function = self.context.functions[node.function.upper()]
        if function.of_arrays is not None:
            return self._aggregate_or_array(function, function.of_arrays, node)
        if function.cost == "stack":
            self.context.limits.count_stack(node.at)
        if function.aggregate:
            return compile_aggregate(function, self._aggregated(function, node), node)
        arguments = [self.value(argument) for argument in node.arguments]
        return compile_call(self.context.limits, function, arguments, node, prune=self.prune)

    def _aggregate_or_array(self, function: Function, of_arrays: Function, node: tree.Call) -> Value:
        """Compile a call that is one of an aggregate function, unless its first argument is an array."""
        before, self.found_aggregate = self.found_aggregate, False
        arguments = [self.value(argument) for argument in node.arguments]
        is_nested, self.found_aggregate = self.found_aggregate, self.found_aggregate or before
        if arguments[0].kind == "array":
            return compile_call(self.context.limits, of_arrays, arguments, node, prune=self.prune)
        if not self.aggregates:
            raise QueryError(f"{function.name} cannot stand in {self.clause}", node.at)
        if is_nested:
            raise QueryError(f"{function.name} of a group cannot take another aggregate function", node.at)
        self.found_aggregate = True
        return compile_aggregate(function, arguments, node)

    def _aggregated(self, function: Function, node: tree.Call) -> list[Value]:
        """Compile the arguments of an aggregate function, which cannot be aggregates themselves."""
        if not self.aggregates:
            raise QueryError(f"{function.name} cannot stand in {self.clause}", node.at)
        self.found_aggregate = True
        self.aggregates, clause, self.clause = False, self.clause, "another aggregate function"
        try:
            return [self.value(argument) for argument in node.arguments]
        finally:
            self.aggregates, self.clause = True, clause

    def _cast(self, node: tree.Cast) -> Value:
        return compile_cast(self.value(node.inner), node)

    def _case(self, node: tree.Case) -> Value:
        required = len(self.near)
        operand = None if node.operand is None else self.value(node.operand)
        choices: list[tuple[exp.Expr, Value]] = []
        for test, value in node.choices:
            if operand is None:
                choices.append((self.condition(test), self.value(value)))
                continue
            compared = self.value(test)
            _require_comparable(operand.kind, compared.kind, compared.at)
            choices.append((compared.sql, self.value(value)))
        otherwise = None if node.otherwise is None else self.value(node.otherwise)
        del self.near[required:]  # what a choice requires is not required of every row
        return compile_case(operand, choices, otherwise, node)

    def _scalar_query(self, node: tree.ScalarQuery) -> Value:
        compiled = self.context.compile_query(self.context, node.query, self.scope)
        if len(compiled.outputs) != 1:
            advice = "a query in parentheses stands for one value"
            raise QueryError(f"The query has {len(compiled.outputs)} columns", node.at, advice)
        output = compiled.outputs[0]
        return Value(exp.Subquery(this=compiled.sql), output.column, kind_of(output.column), node.at)

    def _as_value(self, node: tree.Expression) -> Value:
        raise QueryError("A condition was found where a value is expected", node.at)

    # -- conditions --------------------------------------------------------------------------------------------

    def _comparison(self, node: tree.Comparison) -> exp.Expr:
        left, right = self.value(node.left), self.value(node.right)
        special = self._as_truth(left, node.operator, right) or self._as_cone(left, node.operator, right)
        if special is not None:
            return special
        _require_comparable(left.kind, right.kind, node.at)
        return compare(left.sql, node.operator, right.sql)

    def _as_truth(self, left: Value, operator: str, right: Value) -> exp.Expr | None:
        """Return ``1 = CONTAINS(...)`` and the like as the condition itself, which lets the engine prune."""
        flag, function = (left, right) if left.truth is None else (right, left)
        if function.truth is None or operator not in {"=", "<>"} or flag.constant not in {0.0, 1.0}:
            return None
        wanted = (flag.constant == 1.0) == (operator == "=")
        if wanted and function.near is not None:
            self.near.append(function.near)
        return function.truth if wanted else negate(function.truth)

    def _as_cone(self, left: Value, operator: str, right: Value) -> exp.Expr | None:
        """Return ``DISTANCE(...) < r`` as a cone, like CONTAINS."""
        if left.separation is None:
            left, operator, right = right, _SWAPPED[operator], left
        if left.separation is None or operator not in {"<", "<="}:
            return None
        one, other = left.separation
        if right.constant is None:
            if one.constant is None and other.constant is None and right.kind == "number":
                radius = right.sql if left.scale == 1 else compare(right.sql, "/", number(left.scale))
                self.near.append(Near(one, other, radius, None))
            return None
        radius, degrees = right.sql, right.constant
        if left.scale != 1:
            degrees /= left.scale
            radius = number(degrees)
        if one.constant is not None:
            one, other = other, one
        prune = self.prune and self.context.limits.may_cover()
        test = within(one, Circle(other, radius, degrees), operator, prune=prune)
        if other.constant is None:
            self.near.append(Near(one, other, radius, degrees))
        return test

    def _between(self, node: tree.Between) -> exp.Expr:
        value, low, high = self.value(node.value), self.value(node.low), self.value(node.high)
        _require_comparable(value.kind, low.kind, node.at)
        _require_comparable(value.kind, high.kind, node.at)
        test = exp.Between(this=wrap(value.sql), low=wrap(low.sql), high=wrap(high.sql))
        return negate(test) if node.negated else test

    def _in_list(self, node: tree.InList) -> exp.Expr:
        value = self.value(node.value)
        choices = [self.value(choice) for choice in node.choices]
        for choice in choices:
            _require_comparable(value.kind, choice.kind, choice.at)
        test = exp.In(this=wrap(value.sql), expressions=[wrap(choice.sql) for choice in choices])
        return negate(test) if node.negated else test

    def _in_query(self, node: tree.InQuery) -> exp.Expr:
        value = self.value(node.value)
        compiled = self.context.compile_query(self.context, node.query, self.scope)
        if len(compiled.outputs) != 1:
            raise QueryError(f"The query after IN has {len(compiled.outputs)} columns", node.at, "it must have one")
        _require_comparable(value.kind, compiled.outputs[0].kind, node.at)
        test = exp.In(this=wrap(value.sql), query=exp.Subquery(this=compiled.sql))
        return negate(test) if node.negated else test

    def _like(self, node: tree.Like) -> exp.Expr:
        value = require_text(self.value(node.value), "LIKE")
        pattern = require_text(self.value(node.pattern), "LIKE")
        operator: type[exp.Binary] = exp.ILike if node.ignore_case else exp.Like
        test = operator(this=wrap(value.sql), expression=wrap(pattern.sql))
        return negate(test) if node.negated else test

    def _is_null(self, node: tree.IsNull) -> exp.Expr:
        value = self.value(node.value)
        test = exp.Is(this=wrap(value.sql), expression=exp.Null())
        return negate(test) if node.negated else test

    def _exists(self, node: tree.Exists) -> exp.Expr:
        return exp.Exists(this=self.context.compile_query(self.context, node.query, self.scope).sql)

    def _negation(self, node: tree.Negation) -> exp.Expr:
        return negate(self.condition(node.inner))

    def _conjunction(self, node: tree.Conjunction) -> exp.Expr:
        return all_of([self.condition(operand) for operand in node.operands])

    def _disjunction(self, node: tree.Disjunction) -> exp.Expr:
        return any_of([self.condition(operand) for operand in node.operands])

    def _nested_condition(self, node: tree.Parentheses) -> exp.Expr:
        return wrap(self.condition(node.inner))


_VALUES: Mapping[type, Callable[..., Value]] = {
    tree.Number: Expressions._number,
    tree.Text: Expressions._text,
    tree.Null: Expressions._null,
    tree.Reference: Expressions._reference,
    tree.Parentheses: Expressions._parentheses,
    tree.Signed: Expressions._signed,
    tree.Arithmetic: Expressions._arithmetic,
    tree.Concatenation: Expressions._concatenation,
    tree.Call: Expressions._call,
    tree.Cast: Expressions._cast,
    tree.Case: Expressions._case,
    tree.ScalarQuery: Expressions._scalar_query,
}

_CONDITIONS: Mapping[type, Callable[..., exp.Expr]] = {
    tree.Comparison: Expressions._comparison,
    tree.Between: Expressions._between,
    tree.InList: Expressions._in_list,
    tree.InQuery: Expressions._in_query,
    tree.Like: Expressions._like,
    tree.IsNull: Expressions._is_null,
    tree.Exists: Expressions._exists,
    tree.Negation: Expressions._negation,
    tree.Conjunction: Expressions._conjunction,
    tree.Disjunction: Expressions._disjunction,
    tree.Parentheses: Expressions._nested_condition,
}


def _require_comparable(left: Kind, right: Kind, at: Position) -> None:
    kinds: set[str] = {left, right}
    kinds.discard("null")
    if kinds & {"shape", "array"}:
        raise QueryError("Geometry and arrays cannot be compared", at, "compare CONTAINS(...) with 1")
    if kinds in ({"number", "text"}, {"number", "timestamp"}):
        raise QueryError("A number is compared with text", at, "CAST one of them")
