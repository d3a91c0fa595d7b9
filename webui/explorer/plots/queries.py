"""Queries in ADQL on the rows of a selection, asked one after the other, and values read from their answers."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["SelectedRows", "Steps", "doubles", "longs"]

_Result = TypeVar("_Result")

#: Work that yields queries in ADQL, is sent the rows of each, and returns a result. Who drives it decides how they run.
Steps = Generator[str, pa.Table, _Result]


@dataclass(frozen=True, slots=True)
class SelectedRows:
    """The rows that plots show, for queries.

    Parameters
    ----------
    table
        Name of the table in ADQL.
    condition
        Condition in ADQL; empty for all rows.
    position
        Columns of right ascension and declination in degrees (ICRS), as ADQL has them.
    """

    table: str
    condition: str = ""
    position: tuple[str, str] | None = None

    @property
    def total(self) -> str:
        """The query for the number of rows."""
        return f"SELECT COUNT(*) AS n FROM {self.table}{self._where(())}"  # noqa: S608 - made of quoted names and numbers

    def query(self, expressions: Sequence[str], conditions: Sequence[str], *, top: int | None = None) -> str:
        """Return a query for expressions of the rows that meet further conditions."""
        limit = "" if top is None else f"TOP {top} "
        return f"SELECT {limit}{', '.join(expressions)} FROM {self.table}{self._where(conditions)}"  # noqa: S608 - the same

    def grouped(
        self,
        keys: dict[str, str],
        conditions: Sequence[str],
        aggregates: Sequence[str] = (),
        values: Sequence[str] = (),
    ) -> str:
        """Return a query for the rows in each group, ``n``, and further aggregates.

        Parameters
        ----------
        keys
            Expressions by which rows are grouped, by the names of their columns in the answer.
        aggregates
            Expressions over `values`, with their names in the answer.
        values
            Expressions of rows with the names by which aggregates call them.
        """
        named = [f"{expression} AS {name}" for name, expression in keys.items()]
        inner = self.query([*named, *values], conditions)
        names = ", ".join(keys)
        chosen = ", ".join([names, "COUNT(*) AS n", *aggregates])
        return f"SELECT {chosen} FROM ({inner}) AS q GROUP BY {names}"  # noqa: S608 - the same

    def _where(self, conditions: Sequence[str]) -> str:
        given = [condition for condition in (self.condition, *conditions) if condition]
        return f" WHERE {' AND '.join(f'({condition})' for condition in given)}" if given else ""


def doubles(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column of an answer as doubles, with NaN for missing values."""
    return np.asarray(_column(table, name).to_numpy(zero_copy_only=False), dtype=np.float64)


def longs(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Return a column of an answer without missing values as integers."""
    return np.asarray(_column(table, name).to_numpy(zero_copy_only=False)).astype(np.int64)


def _column(table: pa.Table, name: str) -> Any:  # pyarrow has no types
    return table[name].combine_chunks()
