"""Scales of axes, linear and logarithmic, with round tick values and their labels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scale", "Tick", "count_text", "linear_ticks", "logarithmic_ticks"]

_STEPS = (1, 2, 5, 10)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUS = "\N{MINUS SIGN}"
_TIMES = "\N{MULTIPLICATION SIGN}"
#: Numbers between these are written without a power of ten.
_PLAIN = (1e-4, 1e9)
_FEW_DECADES = 1.2


@dataclass(frozen=True, slots=True)
class Tick:
    """A value of an axis and its label."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Scale from values to positions in the drawing.

    Parameters
    ----------
    begin, end
        Positions of the low and of the high value.
    """

    low: float
    high: float
    begin: float
    end: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """Return the position of a value."""
        return float(self.places(np.array([value]))[0])

    def places(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the positions of values; on logarithmic scales they are positive."""
        low, high = self.low, self.high
        if self.is_log:
            values, low, high = np.log10(values), math.log10(low), math.log10(high)
        # Halves, because the difference of the largest doubles is not finite.
        share = (values / 2 - low / 2) / (high / 2 - low / 2)
        return self.begin + share * (self.end - self.begin)

    def ticks(self, most: int = 6, plain: float = _PLAIN[1]) -> list[Tick]:
        """Return about so many ticks; on linear scales, numbers from ``plain`` on are written with a power of ten."""
        if self.is_log:
            return logarithmic_ticks(self.low, self.high, most)
        return linear_ticks(self.low, self.high, most, plain)


def linear_ticks(low: float, high: float, most: int = 6, plain: float = _PLAIN[1]) -> list[Tick]:
    """Return ticks at multiples of 1, 2 or 5 times a power of ten; numbers from ``plain`` on are written with one."""
    rough = high / most - low / most
    exponent = math.floor(math.log10(rough))
    digit = next(digit for digit in _STEPS if digit * (1 - 1e-9) >= rough / 10.0**exponent * (1 - 1e-6))
    if digit == 10:
        digit, exponent = 1, exponent + 1
    step = float(f"{digit}e{exponent}")
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    multiples = [number * digit for number in range(first, last + 1)]
    largest = max((abs(number) for number in multiples), default=0)
    return [Tick(float(f"{number}e{exponent}"), _label(number, exponent, largest, plain)) for number in multiples]


def logarithmic_ticks(low: float, high: float, most: int = 6) -> list[Tick]:
    """Return ticks at powers of ten, between them where there are few, and none at all in steps where there is one."""
    first, last = math.log10(low), math.log10(high)
    if last - first < _FEW_DECADES:
        return [tick for tick in linear_ticks(low, high, most) if tick.value > 0]
    decades = range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)
    stride = max(1, math.ceil(len(decades) / (most + 2)))
    ticks = [Tick(float(f"1e{power}"), _power(power)) for power in decades if power % stride == 0]
    if last - first < most / 2:
        between = [(digit, power) for power in range(math.floor(first), decades[-1] + 1) for digit in (2, 5)]
        ticks += [
            Tick(float(f"{digit}e{power}"), _label(digit, power, digit))
            for digit, power in between
            if low <= float(f"{digit}e{power}") <= high
        ]
    return sorted(ticks, key=lambda tick: tick.value)


def count_text(number: float) -> str:
    """Return a number of rows with narrow spaces between thousands."""
    return f"{number:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _label(number: int, exponent: int, largest: int, plain: float = _PLAIN[1]) -> str:
    """Return the label of a number of times a power of ten, like those of its neighbours up to the largest."""
    if not number:
        return "0"
    sign = _MINUS if number < 0 else ""
    if _PLAIN[0] <= 10.0**exponent * largest < plain:
        decimals = max(0, -exponent)
        return f"{sign}{abs(number) * 10.0**exponent:.{decimals}f}"
    power = exponent + len(str(largest)) - 1
    mantissa = f"{abs(number) * 10.0 ** (exponent - power):.{power - exponent}f}"
    return f"{sign}{mantissa}{_TIMES}10{str(power).translate(_SUPERSCRIPTS)}"


def _power(power: int) -> str:
    if -3 <= power <= 4:
        return f"{10.0**power:g}"
    return f"10{str(power).translate(_SUPERSCRIPTS)}"
