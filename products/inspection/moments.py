"""Moments of numbers, merged batch by batch (Chan, Golub & LeVeque 1983) for numerical stability."""

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Moments"]


@dataclass(slots=True)
class Moments:
    """Accumulator of count, range, mean and standard deviation.

    Parameters
    ----------
    mean
        Of the values; not finite for numbers near the largest.
    squares
        Sum of the squared differences from the mean.
    """

    count: int = 0
    minimum: float | int | None = None
    maximum: float | int | None = None
    mean: float = 0.0
    squares: float = 0.0

    def add_within(self, values: np.ndarray, low: float, high: float) -> None:
        """Add finite numbers, at least one, whose range is known."""
        with np.errstate(over="ignore", invalid="ignore"):  # numbers near the largest have no mean or deviation
            mean = float(values.mean(dtype=np.float64))
            off = np.subtract(values, mean, dtype=np.float64)
            squares = float(np.square(off, out=off).sum())
        self.merge(Moments(len(values), low, high, mean, squares))

    def merge(self, other: "Moments") -> None:
        """Add the values of other moments."""
        if not other.count or other.minimum is None or other.maximum is None:
            return
        self.minimum = other.minimum if self.minimum is None else min(other.minimum, self.minimum)
        self.maximum = other.maximum if self.maximum is None else max(other.maximum, self.maximum)
        total, step = self.count + other.count, other.mean - self.mean
        self.squares += other.squares + step * step * self.count * other.count / total
        self.mean += step * other.count / total
        self.count = total

    def remove(self, rows: int, value: float) -> None:
        """Remove rows that have a value inside of the range, which stays as it is."""
        count = self.count - rows
        mean = (self.count * self.mean - rows * value) / count
        step = value - mean
        self.squares = max(0.0, self.squares - step * step * rows * count / self.count)
        self.count, self.mean = count, mean

    @property
    def finite_mean(self) -> float | None:
        """The mean, or None when there is none."""
        return self.mean if self.count and math.isfinite(self.mean) else None

    @property
    def std(self) -> float | None:
        """The standard deviation of the population, or None when there is none."""
        spread = math.sqrt(self.squares / self.count) if self.count and self.squares >= 0 else None
        return spread if spread is not None and math.isfinite(spread) else None
