"""A small language of conditions on columns, parsed against a whitelist and evaluated on whole columns at once."""

from pipelines.expressions.columns import ColumnValues, column_values
from pipelines.expressions.expression import Expression, ExpressionError

__all__ = ["ColumnValues", "Expression", "ExpressionError", "column_values"]
