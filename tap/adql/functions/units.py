"""Conversion of units (VOUnits 1.1)."""

import warnings

__all__ = ["UnknownUnitError", "conversion"]


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

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", units.UnitsWarning)
            old = units.Unit(source, format="vounit")
            new = units.Unit(wanted, format="vounit")
    except (ValueError, TypeError) as e:
        message = f"{source!r} or {wanted!r} is not a unit"
        raise UnknownUnitError(message) from e
    try:
        return float(old.to(new))
    except (units.UnitConversionError, TypeError, AttributeError):
        return None
