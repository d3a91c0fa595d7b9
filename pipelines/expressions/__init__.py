"""Expression language for conditions on columns, checked against an allowlist and evaluated column-wise."""

from pipelines.expressions.columns import ColumnValues, column_values
from pipelines.expressions.conditions import Conditions
from pipelines.expressions.expression import Expression, ExpressionError

__all__ = ["ColumnValues", "Conditions", "Expression", "ExpressionError", "column_values"]
