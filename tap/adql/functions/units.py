"""Conversion of units (VOUnits 1.1)."""

import warnings
from typing import Any

__all__ = ["UnknownUnitError", "conversion", "spectral_conversion"]


class UnknownUnitError(ValueError):
    """Error of a text that is not a unit."""


def conversion(source: str, wanted: str) -> float | None:
    """Return the conversion factor between two units; None when there is none, as between logarithmic units.

    Raises
    ------
    UnknownUnitError
        One of the two is not a unit.
    """
    from astropy import units

    old, new = _parsed(source, wanted)
    try:
        return float(old.to(new))
    except (units.UnitConversionError, TypeError, AttributeError):
        return None


def spectral_conversion(source: str, wanted: str) -> tuple[float, bool] | None:
    """Return the conversion between two spectral units; None when there is none.

    Returns
    -------
    The factor by which values are multiplied, or, if the second is true, that is divided by the values.

    Raises
    ------
    UnknownUnitError
        One of the two is not a unit.
    """
    from astropy import units

    old, new = _parsed(source, wanted)
    try:
        one, two = (float(old.to(new, value, equivalencies=units.spectral())) for value in (1.0, 2.0))
    except (units.UnitConversionError, TypeError, AttributeError):
        return None
    return one, two < one


def _parsed(source: str, wanted: str) -> tuple[Any, Any]:  # astropy's units have many classes
    from astropy import units

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", units.UnitsWarning)
            return units.Unit(source, format="vounit"), units.Unit(wanted, format="vounit")
    except (ValueError, TypeError) as e:
        message = f"{source!r} or {wanted!r} is not a unit"
        raise UnknownUnitError(message) from e
