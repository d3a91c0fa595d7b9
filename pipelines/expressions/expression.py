"""Parser of conditions written as Python expressions, with the columns that they need.

The text is parsed by `ast` and never compiled or run: a tree with anything but the listed nodes, operators and
functions is refused when it is read, and `pipelines.expressions.evaluation` walks what is left over whole columns.
"""

import ast
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pipelines.expressions.columns import ColumnValues
from pipelines.expressions.evaluation import Evaluation, ExpressionError
from pipelines.expressions.functions import FUNCTIONS

__all__ = ["Expression", "ExpressionError"]

_LONGEST_TEXT = 4000
_DEEPEST_TREE = 60
_NODES = (
    ast.BoolOp,
    ast.UnaryOp,
    ast.BinOp,
    ast.Compare,
    ast.Name,
    ast.Constant,
    ast.Call,
    ast.Subscript,
    ast.Tuple,
    ast.List,
    ast.Slice,
)
_MARKS = (ast.expr_context, ast.boolop, ast.unaryop, ast.operator, ast.cmpop)
_REFUSED_MARKS = (ast.MatMult, ast.LShift, ast.RShift, ast.BitXor, ast.Is, ast.IsNot)


class Expression:
    """A condition on the columns of a table.

    Parameters
    ----------
    text
        For example ``"0.9 <= z_flag < 0.99 and SPECTYPE != 'STAR'"``.

    Attributes
    ----------
    names
        The columns that it needs, in the order in which it names them.

    Raises
    ------
    ExpressionError
        When the text is no expression, or uses what the language does not have.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree = _parsed(text)
        names: list[str] = []
        _check(self._tree, text, names, 0)
        self.names = tuple(dict.fromkeys(names))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def holds(self, columns: Mapping[str, ColumnValues], rows: int) -> npt.NDArray[np.bool_]:
        """Return for each row whether the condition holds; unknown counts as false.

        Raises
        ------
        ExpressionError
            When a column is missing or of the wrong type, or the outcome is neither true nor false.
        """
        outcome = Evaluation(columns, self.text).value_of(self._tree)
        if not outcome.is_truth:
            raise ExpressionError(f"The expression {self.text!r} is neither true nor false; compare it with something.")
        truth = np.broadcast_to(outcome.values, (rows,)).astype(np.bool_)
        return truth if outcome.unknown is None else truth & ~outcome.unknown


def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST_TEXT:
        raise ExpressionError(f"An expression can have up to {_LONGEST_TEXT} characters; this one has {len(text)}.")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"The expression {text!r} cannot be parsed: {error.msg} at {error.offset}.") from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(f"The expression {text[:80]!r} cannot be parsed: it is nested too deeply.") from error


def _check(node: ast.AST, text: str, names: list[str], depth: int) -> None:
    if depth > _DEEPEST_TREE:
        raise ExpressionError(f"The expression {text[:80]!r} is nested too deeply.")
    if isinstance(node, _MARKS) and not isinstance(node, _REFUSED_MARKS):
        return
    if not isinstance(node, _NODES):
        raise ExpressionError(
            f"The expression {text!r} uses {type(node).__name__}, which is not supported. Conditions have columns, "
            f"numbers, texts, comparisons, and, or, not, arithmetic, and the functions {', '.join(sorted(FUNCTIONS))}."
        )
    if isinstance(node, ast.Constant) and not isinstance(node.value, (bool, int, float, str)):
        raise ExpressionError(
            f"The expression {text!r} has the constant {node.value!r}; use numbers, texts or booleans."
        )
    if isinstance(node, ast.Name):
        names.append(node.id)
    children = _arguments(node, text) if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for child in children:
        _check(child, text, names, depth + 1)


def _arguments(node: ast.Call, text: str) -> list[ast.expr]:
    called = ast.unparse(node.func)
    if called not in FUNCTIONS or node.keywords or len(node.args) != 1:
        raise ExpressionError(
            f"The expression {text!r} calls {called[:80]}; the functions are {', '.join(sorted(FUNCTIONS))}, each of "
            "one argument."
        )
    return node.args
