"""Features of objects, their colours and magnitudes, with errors, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.estimation.bands import Photometry
from pipelines.validation.columns import numbers

__all__ = ["Features", "Magnitudes", "faintest", "features_of", "magnitudes_of", "with_limits"]

Doubles = NDArray[np.float64]

#: A magnitude of this size stands for a missing one: 99, -99 and the like.
_NO_MAGNITUDE = 90.0
#: Error of a magnitude at a signal-to-noise ratio of 1, 2.5 / ln 10: that of objects that are not detected.
_UNDETECTED = 2.5 / np.log(10)
#: Error below which two magnitudes cannot be told apart, for catalogues whose errors are too small or 0.
_FLOOR = 0.02


@dataclass(frozen=True, slots=True)
class Magnitudes:
    """Magnitudes and errors of n objects, of shape (n, bands); NaN where an object was not detected or observed."""

    values: Doubles
    errors: Doubles | None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_observed(self) -> NDArray[np.bool_]:
        """Which objects have a magnitude in at least one band."""
        return np.asarray(np.isfinite(self.values).any(axis=1))


@dataclass(frozen=True, slots=True)
class Features:
    """Features of n objects, of shape (n, features), and their variances; None without errors."""

    values: Doubles
    variances: Doubles | None


def magnitudes_of(table: pa.Table | pa.RecordBatch, columns: Photometry) -> Magnitudes:
    """Return the magnitudes of a table."""
    values = _matrix(table, columns.magnitudes)
    values[~(np.abs(values) < _NO_MAGNITUDE)] = np.nan
    if not columns.errors:
        return Magnitudes(values, None)
    errors = _matrix(table, columns.errors)
    errors[~((errors >= 0) & (errors < _NO_MAGNITUDE)) | np.isnan(values)] = np.nan
    return Magnitudes(values, errors)


def faintest(values: Doubles) -> Doubles:
    """Return the faintest magnitude of each band; 0 for a band without any, which then tells nothing."""
    known = np.where(np.isnan(values), -np.inf, values).max(axis=0)
    return np.where(np.isfinite(known), known, 0.0)


def with_limits(magnitudes: Magnitudes, limits: Doubles) -> Magnitudes:
    """Replace missing magnitudes by limits of the bands, and missing errors by that of a signal-to-noise of 1."""
    values = np.where(np.isnan(magnitudes.values), limits, magnitudes.values)
    errors = magnitudes.errors
    return Magnitudes(values, None if errors is None else np.where(np.isnan(errors), _UNDETECTED, errors))


def features_of(magnitudes: Magnitudes, kind: str, reference: int) -> Features:
    """Return the features of objects whose magnitudes are complete.

    Parameters
    ----------
    kind
        ``colours``, ``magnitudes`` or ``colours_and_magnitude``.
    reference
        Number of the band whose magnitude is taken beside colours.
    """
    values = magnitudes.values
    squares = None if magnitudes.errors is None else np.square(magnitudes.errors) + _FLOOR**2
    if kind == "magnitudes":
        return Features(values, squares)
    colours = values[:, :-1] - values[:, 1:]
    variances = None if squares is None else squares[:, :-1] + squares[:, 1:]
    if kind == "colours":
        return Features(colours, variances)
    chosen = slice(reference, reference + 1)
    both = None if squares is None or variances is None else np.hstack([variances, squares[:, chosen]])
    return Features(np.hstack([colours, values[:, chosen]]), both)


def _matrix(table: pa.Table | pa.RecordBatch, names: Sequence[str]) -> Doubles:
    return np.column_stack([numbers(table.column(name)) for name in names])
