"""Guesses of UCDs for photometric and other columns: magnitudes, fluxes, their errors and a few others.

The words are those of UCD1+ (IVOA UCD list 1.5); filter bands are mapped to the nearest word of its ``em`` branch.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.columns import Column
from products.inspection.naming import plain_name

__all__ = ["UcdGuess", "guess_ucds"]

_WORDS_OF_BANDS: Mapping[str, str] = {
    "em.opt.U": "u",
    "em.opt.B": "b g bj bp",
    "em.opt.V": "v",
    "em.opt.R": "r rp",
    "em.opt.I": "i z y",
    "em.IR.J": "j",
    "em.IR.H": "h",
    "em.IR.K": "k ks",
    "em.IR.3-4um": "w1 ch1 irac1",
    "em.IR.4-8um": "w2 ch2 irac2",
    "em.UV.100-200nm": "fuv",
    "em.UV.200-300nm": "nuv",
}
_BANDS: Mapping[str, str] = {band: word for word, bands in _WORDS_OF_BANDS.items() for band in bands.split()}
_BAND = "(?P<band>nuv|fuv|w1|w2|ch1|ch2|irac1|irac2|bj|ks|bp|rp|[ubgvrizyjhk])"
_ERROR_WORD = "(?P<error>e|err|error|sigma|unc|std)"
#: A single trailing e is more often the name of an instrument.
_TRAILING_ERROR = "(?P<error>err|error|sigma|unc|std)"
_KIND = "(?P<kind>magnitude|mag|fluxdensity|flux)"
_TAIL = r"(_[a-z0-9_]+)?"

_PATTERNS = tuple(
    (re.compile(pattern), score)
    for pattern, score in (
        (rf"{_ERROR_WORD}_?{_BAND}_?{_KIND}{_TAIL}", 0.85),
        (rf"{_KIND}_?{_ERROR_WORD}_(?:[a-z0-9]+_)?{_BAND}{_TAIL}", 0.85),
        (rf"{_BAND}_?{_KIND}_?{_TRAILING_ERROR}", 0.85),
        (rf"{_BAND}_(?:[a-z0-9]{{3,}}_?)*{_KIND}_?{_TRAILING_ERROR}", 0.8),
        (rf"{_KIND}_{_BAND}_{_TRAILING_ERROR}{_TAIL}", 0.85),
        (rf"{_BAND}_?{_KIND}{_TAIL}", 0.85),
        (rf"{_KIND}_(?:auto_|psf_|aper_|model_|cmodel_)?{_BAND}{_TAIL}", 0.85),
        (rf"{_BAND}_(?:[a-z0-9]{{3,}}_?)+{_KIND}", 0.75),
    )
)

_OTHERS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), ucd)
    for pattern, ucd in (
        (r"e_?b_?v|ebmv|galext", "phot.color.excess"),
        (r"pm_?ra(_?cosdec)?", "pos.pm;pos.eq.ra"),
        (r"pm_?dec?", "pos.pm;pos.eq.dec"),
        (r"parallax|plx", "pos.parallax.trig"),
        (r"glon|gal_?l(on)?", "pos.galactic.lon"),
        (r"glat|gal_?b|gal_?lat", "pos.galactic.lat"),
        (r"snr?|s_n|sn_?median(_all)?", "stat.snr"),
        (r"(delta_?)?chi_?(2|sq|squared)", "stat.fit.chi2"),
        (r"mjd(_?obs.*)?|(mean|min|max)_mjd", "time.epoch"),
        (r"spec_?type|spectype|class|subtype", "src.class"),
        (r"_?healpix(_\d+)?|hpx", "pos.healpix"),
        (r"exp_?time|.*_exptime", "time.duration;obs.exposure"),
    )
)
_UNITS_OF_FLUX = ("jy", "nmgy", "nanomagg", "maggy", "erg", "w/m", "w.m")
_OTHER_SCORE = 0.6


@dataclass(frozen=True, slots=True)
class UcdGuess:
    """A guessed UCD of a column, with a score from 0 to 1 and its reason."""

    column: str
    ucd: str
    score: float
    reason: str


def guess_ucds(columns: Sequence[Column]) -> tuple[UcdGuess, ...]:
    """Guess the UCDs of columns that have none, from their names and units; at most one for each."""
    return tuple(guess for column in columns if not column.ucd and (guess := _guess(column)))


def _guess(column: Column) -> UcdGuess | None:
    plain = plain_name(column.name)
    reason = f"name {column.name}" + (f", unit {column.unit}" if column.unit else "")
    if column.is_numeric:
        for pattern, score in _PATTERNS:
            if found := pattern.fullmatch(plain):
                return UcdGuess(column.name, _photometric_ucd(found, column), score, reason)
    for pattern, ucd in _OTHERS:
        if pattern.fullmatch(plain):
            return UcdGuess(column.name, ucd, _OTHER_SCORE, reason)
    return None


def _photometric_ucd(found: re.Match[str], column: Column) -> str:
    quantity = "phot.mag" if found["kind"].startswith("mag") else "phot.flux.density"
    unit = (column.unit or "").lower()
    if quantity == "phot.mag" and unit.startswith(_UNITS_OF_FLUX):
        quantity = "phot.flux.density"
    ucd = f"{quantity};{_BANDS[found['band']]}"
    return f"stat.error;{ucd}" if found.groupdict().get("error") else ucd
