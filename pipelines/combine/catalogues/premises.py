"""What must be known of all rows of a catalogue before one of them can be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.combine.catalogues.values import are_whole
from pipelines.combine.rules import INSTRUMENTS

__all__ = ["Premises"]


@dataclass(slots=True)
class Premises:
    """Facts of a whole catalogue on which the reading of each row depends, gathered part by part."""

    _fractional: set[str] = field(default_factory=set)
    _lowest_flag: float = np.inf
    _highest_flag: float = -np.inf
    _between: bool = False
    _has_types: bool = False
    _types_are_known: bool = True

    def add_columns(self, columns: Mapping[str, pa.ChunkedArray]) -> None:
        """Add the mapped columns of the next rows."""
        for name, column in columns.items():
            if pa.types.is_floating(column.type) and name not in self._fractional and not are_whole(column):
                self._fractional.add(name)

    def add_flags(self, z_flag: npt.NDArray[np.float64]) -> None:
        """Add the quality flags of the next rows, NaN where there is none."""
        there = z_flag[~np.isnan(z_flag)]
        if len(there):
            self._lowest_flag = min(self._lowest_flag, float(there.min()))
            self._highest_flag = max(self._highest_flag, float(there.max()))
            self._between = self._between or bool(np.any((there > 0) & (there < 1)))

    def add_types(self, types: pa.Array) -> None:
        """Add the texts of the column ``type`` of the next rows."""
        there = types.drop_null()
        self._has_types = self._has_types or len(there) > 0
        known = pc.all(pc.is_in(there, pa.array(INSTRUMENTS))).as_py()
        self._types_are_known = self._types_are_known and known is not False

    def whole(self, name: str) -> bool:
        """Return whether all floating-point numbers of a column are whole."""
        return name not in self._fractional

    @property
    def flags_are_probabilities(self) -> bool:
        """Whether the quality flags lie between 0 and 1, and not only at the ends."""
        return self._between and self._lowest_flag >= 0 and self._highest_flag <= 1

    @property
    def types_are_instruments(self) -> bool:
        """Whether the column ``type`` has instrument types and nothing else."""
        return self._has_types and self._types_are_known
