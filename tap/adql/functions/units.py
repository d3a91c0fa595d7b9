"""Units of VOUnits 1.1: the constant by which a value of one becomes a value of another."""

import warnings

__all__ = ["UnknownUnitError", "conversion"]


class UnknownUnitError(ValueError):
    """A text that is no unit."""


def conversion(source: str, wanted: str) -> float | None:
    """Return the constant by which a value is multiplied; none when there is none, as between logarithmic units.

    Raises
    ------
    UnknownUnitError
        One of the two is no unit.
    """
    from astropy import units

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", units.UnitsWarning)
            old = units.Unit(source, format="vounit")
            new = units.Unit(wanted, format="vounit")
    except (ValueError, TypeError) as e:
        message = f"{source!r} or {wanted!r} is no unit"
        raise UnknownUnitError(message) from e
    try:
        return float(old.to(new))
    except (units.UnitConversionError, TypeError, AttributeError):
        return None
