"""Conditions on columns as a parameter: texts that are expressions."""

from typing import Annotated

from pydantic import AfterValidator

from pipelines.expressions.expression import Expression, ExpressionError

__all__ = ["Conditions"]


def _checked(conditions: tuple[str, ...]) -> tuple[str, ...]:
    for condition in conditions:
        try:
            Expression(condition)
        except ExpressionError as error:
            raise ValueError(error.message) from error
    return conditions


#: Texts of conditions, all of which hold.
Conditions = Annotated[tuple[str, ...], AfterValidator(_checked)]
