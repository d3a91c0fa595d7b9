"""Units, UCDs and descriptions that owners give to columns, validated.

Units are those of VOUnits 1.1 or of the Standards for Astronomical Catalogues (CDS), as astropy parses them; UCDs are
UCD1+ words (IVOA UCD list 1.5).
"""

import difflib
import unicodedata
import warnings
from collections.abc import Mapping

from core.errors import InvalidValueError

__all__ = ["ATTRIBUTES", "COMMON_UCDS", "COMMON_UNITS", "checked_attributes", "checked_ucd", "checked_unit"]

#: Attributes of a column that its owner may give.
ATTRIBUTES = ("unit", "ucd", "description")

#: Suggestions for forms: units and UCDs of usual columns of catalogues.
COMMON_UNITS = ("deg", "arcsec", "mag", "uJy", "Jy", "km/s", "h", "d", "yr", "Angstrom", "um", "erg.s**-1.cm**-2")
_BANDS = ("em.opt.U", "em.opt.B", "em.opt.V", "em.opt.R", "em.opt.I", "em.IR.J", "em.IR.H", "em.IR.K")
COMMON_UCDS = (
    *(f"{kind};{band}" for kind in ("phot.mag", "stat.error;phot.mag", "phot.flux.density") for band in _BANDS),
    "src.redshift", "src.redshift.phot", "stat.error;src.redshift", "meta.code.qual;src.redshift", "meta.id",
    "meta.code", "meta.bib.bibcode", "meta.ref.url", "meta.note", "src.class", "src.class.starGalaxy",
    "src.morph.type", "time.epoch", "stat.snr", "stat.fit.chi2", "stat.probability", "phot.color.excess", "phys.mass",
    "phys.size.radius", "pos.galactic.lon", "pos.galactic.lat", "instr.bandpass",
)  # fmt: skip

_LONGEST: Mapping[str, int] = {"unit": 100, "ucd": 200, "description": 2000}
#: Words for "no unit" in catalogues.
_NO_UNIT = frozenset({"", "-", "--", "---", "none", "unitless", "dimensionless"})
_FORMATS = ("vounit", "cds", "fits", "generic")


def checked_attributes(given: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return valid attributes of a column by their names; None where there is none.

    Raises
    ------
    InvalidValueError
        One of them is not valid; the field of the error is its name.
    """
    checks = {"unit": checked_unit, "ucd": checked_ucd, "description": _checked_description}
    return {name: checks[name](value or "") for name, value in given.items()}


def checked_unit(text: str) -> str | None:
    """Return a unit as it was given, without blanks around it; None where it says that there is none.

    Raises
    ------
    InvalidValueError
        It is neither a VOUnit nor a unit of the CDS.
    """
    unit = _short(text, "unit")
    if unit.lower() in _NO_UNIT:
        return None
    from astropy.units import Unit

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _FORMATS:
            try:
                parsed = Unit(unit, format=name, parse_strict="raise")
            except (ValueError, TypeError):
                continue
            if name == "cds" or not hasattr(parsed, "physical_unit"):  # of logarithms, only those of the CDS
                return unit
    message = (
        f"'{unit}' is not a unit. Write it as a VOUnit, such as deg, mag, km/s or erg.s**-1.cm**-2; leave it empty "
        "for a number without a unit."
    )
    raise InvalidValueError(message, field="unit")


def checked_ucd(text: str) -> str | None:
    """Return a UCD, each word in the spelling of the list of words; None where there is none.

    Raises
    ------
    InvalidValueError
        A word is unknown, or cannot stand at its place.
    """
    ucd = _short(text, "ucd").replace(" ", "")
    if not ucd or not ucd.strip("-"):
        return None
    from astropy.io.votable.ucd import parse_ucd

    try:
        words = parse_ucd(ucd, check_controlled_vocabulary=True, has_colon=False)
    except ValueError as e:
        raise InvalidValueError(f"'{ucd}' is not a UCD: {_reason(ucd, str(e))}", field="ucd") from e
    return ";".join(word for _, word in words)


def _checked_description(text: str) -> str | None:
    return _short(text, "description") or None


def _short(text: str, name: str) -> str:
    kept = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or unicodedata.category(c) != "Cc")
    kept = " ".join(kept.split())
    if len(kept) > _LONGEST[name]:
        message = f"The {name} '{kept[:40]}…' has more than {_LONGEST[name]} characters; shorten it."
        raise InvalidValueError(message, field=name)
    return kept


def _reason(ucd: str, found: str) -> str:
    """Return the sentence of astropy about a UCD, with the nearest words of the list."""
    from astropy.io.votable import ucd as ucds

    known = sorted(ucds.UCDWords()._descriptions)  # noqa: SLF001 - the list has no other face
    wrong = next((word for word in ucd.lower().split(";") if word not in known), None)
    near = difflib.get_close_matches(wrong, known, 3, 0.6) if wrong else []
    sentence = f"{found[:1].lower()}{found[1:]}."
    return (
        f"{sentence} Similar words are {', '.join(near)}."
        if near
        else f"{sentence} See https://ivoa.net/documents/UCD1+."
    )
