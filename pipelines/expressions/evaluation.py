"""Evaluation of expressions over whole columns, with SQL's three-valued logic."""

import ast
import difflib
import operator
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from core.errors import InvalidValueError
from pipelines.expressions.columns import ColumnValues
from pipelines.expressions.functions import FUNCTIONS, as_numbers

__all__ = ["Evaluation", "ExpressionError"]

_Mask = npt.NDArray[np.bool_] | None

# The operators take arrays of several types; numpy's stubs have no one signature for all.
_COMPARISONS: Mapping[type[ast.cmpop], Callable[..., npt.NDArray[np.bool_]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[..., npt.NDArray[np.generic]]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.float_power,
}


class ExpressionError(InvalidValueError):
    """Raised when a condition cannot be parsed, or cannot be evaluated on the given columns."""

    code = "InvalidExpression"


class Evaluation:
    """Evaluator of one expression tree whose nodes have been checked."""

    def __init__(self, columns: Mapping[str, ColumnValues], text: str) -> None:
        self._columns = columns
        self._text = text

    def value_of(self, node: ast.expr) -> ColumnValues:
        """Return the value of a node.

        Raises
        ------
        ExpressionError
            When a column is missing, or an operator does not go with the types of its values.
        """
        with np.errstate(all="ignore"):
            return self._value(node)

    def _value(self, node: ast.expr) -> ColumnValues:
        match node:
            case ast.Name(id=name):
                return self._column(name)
            case ast.Constant(value=value):
                return _constant(value)
            case ast.BoolOp(op=op, values=parts):
                truths = [self._truth(part) for part in parts]
                return self._joined(truths, all_of=isinstance(op, ast.And))
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
                return self._joined([self._truth(left), self._truth(right)], all_of=isinstance(op, ast.BitAnd))
            case ast.BinOp(left=left, op=op, right=right):
                return self._calculated(_ARITHMETIC[type(op)], self._value(left), self._value(right))
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                truth = self._truth(operand)
                return ColumnValues(~truth.truths, truth.unknown)
            case ast.UnaryOp(op=op, operand=operand):
                sign = np.negative if isinstance(op, ast.USub) else np.positive
                number = self._number(self._value(operand))
                return ColumnValues(sign(number.values), number.unknown)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._chain(left, ops, others)
            case ast.Call(func=func, args=[argument]):
                return FUNCTIONS[ast.unparse(func)](self._value(argument))
            case ast.Subscript(value=value, slice=place):
                return self._part_of_text(self._value(value), place)
        raise self._error(f"has {ast.unparse(node)} where a value is expected")

    def _column(self, name: str) -> ColumnValues:
        if name in self._columns:
            return self._columns[name]
        near = difflib.get_close_matches(name, self._columns, n=3, cutoff=0.5)
        hint = f" Similar columns are {', '.join(near)}." if near else ""
        raise self._error(f"needs the column {name}, which does not exist", hint)

    def _chain(self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr]) -> ColumnValues:
        outcomes, first = [], left
        for op, second in zip(ops, others, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                outcomes.append(self._membership(self._value(first), second, negated=isinstance(op, ast.NotIn)))
            else:
                outcomes.append(self._compared(op, self._value(first), self._value(second)))
            first = second
        return self._joined(outcomes, all_of=True) if len(outcomes) > 1 else outcomes[0]

    def _membership(self, value: ColumnValues, choices: ast.expr, *, negated: bool) -> ColumnValues:
        if not isinstance(choices, ast.Tuple | ast.List) or not choices.elts:
            raise self._error("has 'in' without a list of values")
        found = self._joined(
            [self._compared(ast.Eq(), value, self._value(choice)) for choice in choices.elts], all_of=False
        )
        return ColumnValues(~found.truths, found.unknown) if negated else found

    def _compared(self, op: ast.cmpop, left: ColumnValues, right: ColumnValues) -> ColumnValues:
        unknown = _either(left.unknown, right.unknown)
        if left.is_text is not right.is_text:
            # As in Python, a text equals no number.
            if not isinstance(op, ast.Eq | ast.NotEq):
                raise self._error("compares a text with a number")
            shape = np.broadcast_shapes(left.values.shape, right.values.shape)
            return ColumnValues(np.full(shape, isinstance(op, ast.NotEq)), unknown)
        if left.is_text:
            first, second = (np.where(_there(side), side.values, "").astype(str) for side in (left, right))
            return ColumnValues(np.asarray(_COMPARISONS[type(op)](first, second)), unknown)
        return ColumnValues(np.asarray(_COMPARISONS[type(op)](left.values, right.values)), unknown)

    def _calculated(
        self, function: Callable[..., npt.NDArray[np.generic]], left: ColumnValues, right: ColumnValues
    ) -> ColumnValues:
        first, second = self._number(left), self._number(right)
        return ColumnValues(np.asarray(function(first.values, second.values)), _either(first.unknown, second.unknown))

    def _number(self, value: ColumnValues) -> ColumnValues:
        if value.is_text:
            raise self._error("calculates with a text; use float(…)")
        return as_numbers(value)

    def _truth(self, node: ast.expr) -> ColumnValues:
        value = self._value(node)
        if not value.is_truth:
            raise self._error(f"uses {ast.unparse(node)} as a condition; compare it with something")
        return value

    def _joined(self, truths: list[ColumnValues], *, all_of: bool) -> ColumnValues:
        """Combine booleans by *and* or *or* with three-valued logic."""
        decided: npt.NDArray[np.bool_] = np.zeros((), np.bool_)
        unknown: npt.NDArray[np.bool_] = np.zeros((), np.bool_)
        for truth in truths:
            deciding = ~truth.truths if all_of else truth.truths
            decided = decided | (deciding & _there(truth))
            unknown = unknown | (np.zeros((), np.bool_) if truth.unknown is None else truth.unknown)
        unknown = unknown & ~decided
        return ColumnValues(~decided if all_of else decided, unknown if unknown.any() else None)

    def _part_of_text(self, value: ColumnValues, place: ast.expr) -> ColumnValues:
        if not value.is_text:
            raise self._error("takes a character of a value that is not a text; use str(…)")
        texts = np.where(_there(value), value.values, "").astype(str)
        unique, places = np.unique(texts, return_inverse=True)
        if isinstance(place, ast.Slice):
            part = slice(*(None if edge is None else self._whole(edge) for edge in (place.lower, place.upper)))
        else:
            index = self._whole(place)
            part = slice(index, index + 1 or None)
        parts = np.array([text[part] for text in unique.tolist()], dtype=object)[places.ravel()].reshape(texts.shape)
        # A character beyond the end is unknown, as it would be no character in Python.
        beyond = None if isinstance(place, ast.Slice) else np.asarray(parts == "", dtype=np.bool_)
        return ColumnValues(parts, _either(value.unknown, beyond))

    def _whole(self, node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int() as number):
                return number
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
                return -number
        raise self._error("takes a character at a position that is not an integer")

    def _error(self, what: str, hint: str = "") -> ExpressionError:
        return ExpressionError(f"The expression {self._text!r} {what}.{hint}")


def _constant(value: object) -> ColumnValues:
    if isinstance(value, str):
        text = np.empty((), dtype=object)
        text[()] = value
        return ColumnValues(text)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return ColumnValues(np.array(float(value) if abs(value) < 2**1023 else np.inf))
    return ColumnValues(np.array(value))


def _there(value: ColumnValues) -> npt.NDArray[np.bool_]:
    return np.ones((), np.bool_) if value.unknown is None else ~value.unknown


def _either(left: _Mask, right: _Mask) -> _Mask:
    if left is None or right is None:
        return right if left is None else left
    return left | right
