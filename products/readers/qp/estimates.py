"""Point estimates of densities: those that a table has, and those that are computed where they are missing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from core.columns import COMPUTED_UTYPE
from core.photoz.blocks import density_blocks
from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from products.readers.column_checks import described_field

__all__ = ["POINT_ESTIMATES", "PointEstimate", "computed_arrays", "missing_estimates"]

_REDSHIFT = r"\w*z(phot|photo)?"


@dataclass(frozen=True, slots=True)
class PointEstimate:
    """A number that summarises a density.

    Parameters
    ----------
    name
        Name of the computed column.
    given
        Pattern of the names of columns that have it already, in lower case and without underscores.
    """

    name: str
    words: str
    ucd: str
    given: re.Pattern[str]
    compute: Callable[[Densities], np.ndarray]

    def field(self, column: str) -> pa.Field:
        """Return the column of the numbers that are computed from a column of densities."""
        description = f"{self.words} of the density in {column}; computed by the server, not by the author of the file"
        return described_field(self.name, pa.float64(), ucd=self.ucd, utype=COMPUTED_UTYPE, description=description)


def _given(names: str) -> re.Pattern[str]:
    return re.compile(f"{_REDSHIFT}({names})")


def _quantile(name: str, percent: str, p: float, names: str) -> PointEstimate:
    return PointEstimate(
        name, f"{percent} % quantile", "src.redshift.phot;stat.interval", _given(names), lambda d: d.quantile(p)
    )


#: The point estimates in the order of their columns.
POINT_ESTIMATES: Sequence[PointEstimate] = (
    PointEstimate(
        "z_mean", "Mean", "src.redshift.phot;stat.mean", _given("mean|avg|average|wmean|weightedmean"), Densities.mean
    ),
    PointEstimate(
        "z_median", "Median", "src.redshift.phot;stat.median", _given("median|med|50|[pq]50"), Densities.median
    ),
    PointEstimate(
        "z_mode", "Mode", "src.redshift.phot", _given("mode|peak|map|ml|best"), lambda densities: densities.mode()
    ),
    PointEstimate(
        "z_std",
        "Standard deviation",
        "stat.stdev;src.redshift.phot",
        _given("std|stddev|stdev|sigma|sig|err|error"),
        Densities.std,
    ),
    _quantile("z_q025", "2.5", 0.025, "[pq]0?25|[pq]2p5|lower95|low95|lo95|l95|err95low"),
    _quantile("z_q16", "16", 0.16, "[pq]160?|lower68|low68|lo68|l68|lower|low|lo|err68low"),
    _quantile("z_q84", "84", 0.84, "[pq]840?|upper68|high68|hi68|up68|u68|upper|high|hi|err68high"),
    _quantile("z_q975", "97.5", 0.975, "[pq]975|[pq]97p5|upper95|high95|hi95|up95|u95|err95high"),
)


def missing_estimates(names: Sequence[str]) -> tuple[PointEstimate, ...]:
    """Return the point estimates that none of the columns of a table has."""
    plain = [name.casefold().replace("_", "") for name in names]
    return tuple(each for each in POINT_ESTIMATES if not any(each.given.fullmatch(name) for name in plain))


def computed_arrays(form: DensityForm, arrays: pa.Array, wanted: Sequence[PointEstimate]) -> dict[str, pa.Array]:
    """Compute point estimates of densities, by the names of their columns; null where there is no density."""
    values = {each.name: np.empty(len(arrays)) for each in wanted}
    for rows, densities in density_blocks(form, arrays):
        for each in wanted:
            values[each.name][rows] = each.compute(densities)
    return {name: pa.array(numbers, mask=~np.isfinite(numbers)) for name, numbers in values.items()}
