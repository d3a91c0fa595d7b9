"""Cuts: conditions on rows, with the number of rows that each removes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.expressions import Expression, column_values
from pipelines.training.number_columns import require_columns

__all__ = ["Cuts"]


class Cuts:
    """Conditions in order; each removed row counts for the first one that it fails.

    Parameters
    ----------
    catalogue, field
        What the tables are called in sentences, and the key of the configuration that holds the conditions.
    """

    def __init__(self, conditions: Sequence[str], catalogue: str, field: str) -> None:
        self._expressions = [Expression(text) for text in conditions]
        self._catalogue, self._field = catalogue, field
        self.left_out = [0] * len(conditions)
        #: Columns that the conditions name.
        self.columns = tuple(dict.fromkeys(name for one in self._expressions for name in one.names))

    def kept(self, table: pa.Table | pa.RecordBatch) -> npt.NDArray[np.int64] | None:
        """Return the numbers of the rows that meet all conditions; None when all rows do.

        Raises
        ------
        InvalidValueError
            When a condition names a column that is not there, or compares texts with numbers.
        """
        if not self._expressions:
            return None
        require_columns(table.schema.names, self.columns, self._catalogue, self._field)
        # A missing value meets no condition.
        values = {name: column_values(table.column(name), missing_is_unknown=True) for name in self.columns}
        still = np.ones(table.num_rows, dtype=np.bool_)
        for number, expression in enumerate(self._expressions):
            holds = expression.holds(values, table.num_rows)
            self.left_out[number] += int(np.count_nonzero(still & ~holds))
            still &= holds
        return None if still.all() else np.flatnonzero(still).astype(np.int64, copy=False)
