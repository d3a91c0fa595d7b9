"""Meanings of the columns of inputs: declared by the owner of a product, guessed for a file, or given by a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.columns import Column, column_of_field
from core.errors import InvalidValueError
from products.adjustments.reader import AdjustedReader
from products.inspection.meanings import MEANINGS, Meanings
from products.rows.derive import guessed_columns
from products.service import ProductDetails

__all__ = ["InputTable", "input_meanings", "table_of_file", "table_of_product"]

_KEYS = {meaning.alias: meaning.key for meaning in MEANINGS}
_MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class InputTable:
    """The columns of an input.

    Parameters
    ----------
    words
        Its name in messages: ``product 12_vvds``.
    meanings
        Meaning (``ra``, ``z`` …) to the column that has it, as far as that is known.
    advice
        What to do when a meaning is missing.
    """

    words: str
    columns: tuple[Column, ...]
    meanings: Mapping[str, str]
    advice: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)


def table_of_product(details: ProductDetails) -> InputTable:
    """Return the columns of a product with the meanings that its owner declared."""
    return InputTable(
        f"product {details.product.internal_name}",
        tuple(item.column for item in details.columns),
        {_KEYS[item.alias]: item.column.name for item in details.columns if item.alias in _KEYS},
        "associate its columns first",
    )


def table_of_file(address: str, reader: AdjustedReader) -> InputTable:
    """Return the columns of a file with guessed meanings, from the first rows as in inspection.

    Columns of position that are not in ICRS degrees, or may not be, have no meaning; the advice says why.
    """
    columns = tuple(column_of_field(field) for field in reader.schema)
    meanings = guessed_columns(reader)
    problem = reader.problem_of(Meanings(meanings.get("ra"), meanings.get("dec")))
    if problem is not None:
        meanings = {key: name for key, name in meanings.items() if key not in {"ra", "dec"}}
    advice = "name the column in COLUMNS"
    return InputTable(f"file {address}", columns, meanings, advice if problem is None else f"{problem} Or {advice}")


def input_meanings(table: InputTable, chosen: Mapping[str, str | None], needed: Sequence[str]) -> dict[str, str]:
    """Return the columns of an input by their meaning.

    Parameters
    ----------
    chosen
        Columns that the request gives for a meaning.
    needed
        Required meanings; their columns must be numeric, and positions in degrees.

    Raises
    ------
    InvalidValueError
        A column does not exist, is missing, or has a wrong type or unit.
    """
    by_name, meanings = {column.name: column for column in table.columns}, dict(table.meanings)
    for key, name in chosen.items():
        if name is None:
            meanings.pop(key, None)
        elif name not in by_name:
            raise InvalidValueError(
                f"The {table.words} has no column '{name}' (requested for {key}); it has {_some(by_name)}."
            )
        else:
            meanings[key] = name
    if missing := [key for key in needed if key not in meanings]:
        raise InvalidValueError(
            f"No column of the {table.words} is declared as {', '.join(missing)}; {table.advice}. It has "
            f"{_some(by_name)}."
        )
    for key in needed:
        _check_numbers(table.words, key, by_name[meanings[key]])
    return meanings


def _some(names: Mapping[str, Column]) -> str:
    more = len(names) - _MOST_LISTED
    return ", ".join(list(names)[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _check_numbers(words: str, key: str, column: Column) -> None:
    if not column.is_numeric:
        raise InvalidValueError(f"The column '{column.name}' of the {words}, declared as {key}, is not numeric.")
    unit = (column.unit or "deg").strip().lower()
    if key in {"ra", "dec"} and unit not in {"deg", "degree", "degrees"}:
        raise InvalidValueError(
            f"The column '{column.name}' of the {words}, declared as {key}, is in {column.unit}; positions must be in "
            "degrees."
        )
