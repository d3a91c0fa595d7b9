"""Positions of the rows of an input: which rows are left out, and the sentences that say so.

The rule is that of publication (`core.sky.positions`), so that a catalogue that was published can be used.
"""

from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from core.sky.positions import PositionCounts, placed_rows
from products.inspection.ranges import Ranges, hardly_any, offending_rows

__all__ = ["InputPositions", "PositionTotals", "input_positions"]


@dataclass(frozen=True, slots=True)
class PositionTotals:
    """Counts of the rows of an input by what is wrong with their position; those of parts add up."""

    rows: int = 0
    counts: PositionCounts = field(default_factory=PositionCounts)

    def __add__(self, other: "PositionTotals") -> "PositionTotals":
        return PositionTotals(self.rows + other.rows, self.counts + other.counts)

    @property
    def are_wrong(self) -> bool:
        """Whether the columns are hardly positions in degrees, for which publication refuses them."""
        rows, counts = self.rows, self.counts
        return bool(rows) and (
            counts.no_position == rows
            or hardly_any(rows, counts.ra_missing, counts.ra_outside)
            or hardly_any(rows, counts.dec_missing, counts.dec_outside)
        )

    @property
    def sentence(self) -> str:
        """What is wrong with the positions, by kind; empty when nothing is."""
        found = {each.name: getattr(self.counts, each.name) for each in fields(self.counts)}
        return " ".join(words for _, words in offending_rows(Ranges(**found)).values())

    @property
    def warning(self) -> str | None:
        """The warning about rows that are left out or read in another way, if there are any."""
        left_out = self.counts.no_position
        if not left_out:
            return self.sentence or None
        rows = "1 row without a position is" if left_out == 1 else f"{left_out} rows without a position are"
        return f"{rows} left out: {self.sentence}"


@dataclass(frozen=True, slots=True)
class InputPositions:
    """The rows of an input that have a position, and the counts of the others.

    Parameters
    ----------
    placed
        Whether each row has a position.
    """

    placed: npt.NDArray[np.bool_]
    totals: PositionTotals


def input_positions(ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]) -> InputPositions:
    """Find the rows that have a position.

    Parameters
    ----------
    ra, dec
        In degrees, NaN for null.
    """
    placed, counts = placed_rows(ra, dec)
    return InputPositions(placed, PositionTotals(len(placed), counts))
