"""Round values for the ticks of an axis."""

import math

__all__ = ["round_values"]

_TICKS = 6


def round_values(low: float, high: float, *, integer: bool = False) -> list[float]:
    """Return about six tick values between two limits: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough)
    step = max(step, 1.0) if integer else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]
