"""Values of prepared catalogues: rows of a part of one, and what the report says of all of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.combine.report import CatalogueReport

__all__ = ["PreparedCatalogue", "PreparedRows"]


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """Prepared rows of a part of a catalogue.

    Parameters
    ----------
    columns
        Columns of the result that stand in this catalogue, and nothing else, all of one length.
    scores
        For each column of the priority list that is no homogenised one, its values.
    """

    columns: Mapping[str, pa.Array]
    scores: Mapping[str, npt.NDArray[np.float64]]
    tie_result: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.tie_result)


@dataclass(frozen=True, slots=True)
class PreparedCatalogue:
    """What the report says of a prepared catalogue.

    Parameters
    ----------
    rows
        Number of its prepared rows.
    sources
        Names of the columns that were read of this catalogue.
    """

    rows: int
    sources: frozenset[str]
    report: CatalogueReport
    surveys_in: Mapping[str, int]
    warnings: tuple[str, ...]
