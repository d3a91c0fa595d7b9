"""Mutants of a module: copies of its source with one decision changed each."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Mutant", "mutants"]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_NAMES = {"or_": "and_", "and_": "or_", "true": "false", "false": "true", "all": "any", "any": "all"}


@dataclass(frozen=True)
class Mutant:
    """One changed source.

    Parameters
    ----------
    name
        Line, and the expression before and after the change.
    """

    name: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield the mutants of a source, from its first line to its last."""
    tree = ast.parse(source)
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    decorators = {
        id(part) for each in ast.walk(tree) for top in getattr(each, "decorator_list", ()) for part in ast.walk(top)
    }
    for node in ast.walk(tree):
        if (
            id(node) in decorators
            or not isinstance(node, ast.expr | ast.stmt)
            or node.end_lineno is None
            or node.end_col_offset is None
        ):
            continue
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[node.end_lineno - 1] + node.end_col_offset
        before = ast.unparse(node)
        for text in _changed(node):
            if text == before:
                continue
            encoded = source.encode()
            changed = (encoded[:first] + text.encode() + encoded[last:]).decode()
            yield Mutant(f"{node.lineno}: {_short(before)} -> {_short(text)}", changed)


def _changed(node: ast.expr | ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.BoolOp):
        other = copy.deepcopy(node)
        other.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        yield f"({ast.unparse(other)})"
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        other_comparison = copy.deepcopy(node)
        other_comparison.ops[0] = _COMPARISONS[type(node.ops[0])]()
        yield f"({ast.unparse(other_comparison)})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(not node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NAMES:
        renamed = copy.deepcopy(node)
        renamed.func = ast.Name(
            _NAMES[node.func.id] if node.args or node.func.id in {"true", "false"} else node.func.id
        )
        imported = "__import__('sqlalchemy')." if node.func.id in {"or_", "and_", "true", "false"} else ""
        yield imported + ast.unparse(renamed)
    elif isinstance(node, ast.IfExp):
        yield f"({ast.unparse(node.body)})"
        yield f"({ast.unparse(node.orelse)})"
    elif isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield "pass"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:97]}…"
