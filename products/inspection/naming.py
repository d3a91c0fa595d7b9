"""Patterns of column names for positions, redshifts and other meanings, each with a score from 0 to 1.

Patterns match a whole name in lower case in which blanks, dots and hyphens are underscores; the first that matches
counts. They were collected from the catalogues of VizieR, surveys of redshifts and the Rubin data products.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

__all__ = [
    "is_band",
    "is_owner",
    "is_photometric",
    "is_point_estimate",
    "is_spectroscopic",
    "is_truth",
    "name_score",
    "owner_of",
    "plain_name",
    "without_axis",
]

_Patterns = Sequence[tuple[re.Pattern[str], float]]

_FRAME = r"(_?(j?2000(_0)?|j|icrs|fk5|eq|gaia|cat|dr\d+))?"
_DEGREES = r"(_?deg(rees)?)?"
_OF_OBJECT = r"(target|targ|obj|object|src|source|gal|galaxy|best|coord|mean|gaia|spec|phot|cat)_?"
_OF_SEXTRACTOR = r"(win|peak|psf|model)?(_?sky)?"
_OF_DEVICE = r"(plate|fib(er|re)|slit|tile|field|point(ing)?|mean_fiber|center|centre|obs)_?"
_REDSHIFT = r"(z|redshift|red_shift)"
_SPEC = r"(spec|sp|spe|specz|spectro(scopic)?|vi|visual)"
_PHOT = r"(phot|photo|photz|pho|ph|phz|photometric|mode|b)"
_PHOT_OF_ANY_KIND = r"(phot_?)?(grism|best|mode|mean|median|peak|map|ml)"
_NO_REDSHIFT = r"err|flag|flg|qual|warn|mag|flux|conf|type|class|min|max|low|upp|sig|std|mass|prob|chi"
_KIND = r"(_?(best|spec|final|sp|phot|pho|helio|grism|cmb|obs|true|hel))?"
_FLAG = r"(flags?|flg|q(ual(ity)?)?|qf|conf(id(ence)?)?|class|rank|grade)"
_ERROR = r"(e|err|error|unc|uncertainty|sig|sigma|std|stddev)"


def _compiled(*rules: tuple[str, float]) -> _Patterns:
    return tuple((re.compile(pattern), score) for pattern, score in rules)


def _axis_rules(short: str, long: str, world: str, degree: str) -> _Patterns:
    """Return the rules of one axis of the equatorial frame; both axes have names in the same styles."""
    return _compiled(
        (f"_?{short}{_FRAME}{_DEGREES}", 0.97),
        (f"{long}{_OF_SEXTRACTOR}{_FRAME}{_DEGREES}", 0.95),
        (f"{_OF_OBJECT}{short}{_FRAME}{_DEGREES}", 0.88),
        (f"{short}_?(obj|object|target|source|gal|best|mean|opt|median){_FRAME}{_DEGREES}", 0.8),
        (rf"{short}_?(b?1950|fk4)(_0)?{_DEGREES}", 0.35),
        (rf"{_OF_DEVICE}{short}{_DEGREES}", 0.3),
        (rf"{short}_(?!.*(err|sig|std|off|pm|e$|[hdms]$|min$|sec$|hour)).*", 0.55),
        (rf"(?!.*(err|sig|std|off|pm|e_|delta)).*_{short}{_FRAME}{_DEGREES}", 0.5),
        (rf"{short}{_FRAME}{_DEGREES}_(?!.*(err|sig|std|off|pm|min$|sec$))[a-z0-9]{{2,}}", 0.52),
        (rf"{short}[a-z]_?deg", 0.4),
        (f"{world}_world", 0.75),
        (f"{degree}(g|gitude|itude)?{_DEGREES}", 0.6),
    )


_RULES: Mapping[str, _Patterns] = {
    "ra": _axis_rules("(ra|r_a_?)", "(right_?ascension|alpha)", "x(win|peak|psf)?", "lon"),
    "dec": _axis_rules("(dec|decl|de|dej)", "(declination|delta)", "y(win|peak|psf)?", "lat"),
    "z": _compiled(
        (rf"z_?(best|final)|(best|final)_?{_REDSHIFT}|redshift_?(best|final)", 0.98),
        (r"z|redshift|red_shift", 0.96),
        (rf"{_REDSHIFT}_?{_SPEC}|{_SPEC}_?{_REDSHIFT}|spec_?z_redshift|sz", 0.92),
        (rf"z_?(helio|hel|cmb|obs)|redshift_?(helio|cmb|obs)|(hel|helio|cmb)_?{_REDSHIFT}", 0.85),
        (rf"{_REDSHIFT}_?{_PHOT}|{_PHOT}_?{_REDSHIFT}|zb", 0.75),
        (rf"{_REDSHIFT}_?{_PHOT_OF_ANY_KIND}", 0.73),
        (rf"[a-z]{{2,4}}_z_?(best|final|{_PHOT})", 0.7),
        (rf"{_REDSHIFT}_?(true|in)|true_?{_REDSHIFT}", 0.55),
        (rf"(?!.*({_NO_REDSHIFT}|_q$|_s$|_[lu]\d\d)).*_{_REDSHIFT}", 0.5),
        (rf"{_REDSHIFT}_(?!.*({_NO_REDSHIFT}|lsst)|([lu]\d\d)$)[a-z]{{4,}}", 0.6),
        (rf"z(?!.*({_NO_REDSHIFT})|ero|en|on|eta|oom|scal|scor|ip|band|pdf)[a-z]{{4,}}", 0.52),
    ),
    "z_err": _compiled(
        (rf"{_REDSHIFT}{_KIND}_?{_ERROR}", 0.96),
        (rf"{_ERROR}_?{_REDSHIFT}{_KIND}", 0.93),
        (rf"(d|delta_?){_REDSHIFT}{_KIND}", 0.85),
        (rf"{_REDSHIFT}_[a-z0-9]+_{_ERROR}", 0.7),
    ),
    "z_flag": _compiled(
        (rf"{_REDSHIFT}(_?(best|final))_?{_FLAG}", 0.97),
        (rf"{_REDSHIFT}{_KIND}_?{_FLAG}", 0.95),
        (r"z_?warn(ing)?|zwarn(ing)?", 0.92),
        (rf"{_FLAG}_?{_REDSHIFT}{_KIND}", 0.9),
        (rf".*_{_REDSHIFT}_?(conf|q(ual(ity)?)?|fla?g|warn(ing)?)", 0.85),
        (r"quality|qual|nq|qf|qop|quality_?flag|qflag|q_?flag|conf(id(ence)?)?(_?class)?", 0.8),
        (rf"{_REDSHIFT}_(?!.*(mag|flux|psf|cmodel|aper|pixel)).*{_FLAG}(_.*)?", 0.75),
        (rf"{_REDSHIFT}_?(best|spec|final)_(s|source|src)", 0.6),
        (r"(flags?|flg|qual(ity)?)_?z?spec", 0.7),
        (r"q|qc|cc|cclass|q_?code|grade|rank", 0.4),
        (r"flags?|class(ification)?", 0.3),
    ),
    "survey": _compiled(
        (r"survey_?name", 0.97),
        (r"survey", 0.95),
        (r"survey_?(id|code|short|label)|(cat|catalog|catalogue)_?name", 0.8),
        (r"source|reference|ref|origin|catalog|catalogue|parent_?survey", 0.55),
        (r"program(me)?|field|instrument", 0.25),
    ),
    "instrument_type": _compiled(
        (r"(instrument|measurement|meas)_?type", 0.9),
        (rf"{_REDSHIFT}_?type|type_?(of_?)?{_REDSHIFT}|spec_?phot_?flag", 0.6),
    ),
    "id": _compiled(
        (r"id|identifier|unique_?id", 0.97),
        (r"(obj|object|source|src|target|gal|galaxy|galid|unique|main|star)_?id", 0.93),
        (r"(crd|spec|specobj|spec_?obj|tm|2mass|cosmos|iau|phot|master)_?id|designation|id_?(iau|spec|obj|main)", 0.85),
        (r"name|(target|obj|object|source|gal|galaxy|iau)_?name", 0.78),
        (r"(obj|object|source|src|target|gal|galaxy|cat)_?(no|nr|num|number)", 0.85),
        (r"num|number|serial|recno|seq(uence)?|nr|no|index", 0.6),
        (r"[a-z0-9]+_id|[a-z]{1,6}id|id_[a-z0-9_]+|[a-z]+_?name", 0.52),
    ),
}


_TELLING, _OF_OTHER_NAME = 0.5, 0.8
_CERTAIN, _WITH_SUFFIX = 0.9, 0.75
_SUFFIXED = re.compile(rf"(?P<stem>.{{3,}})_(?!.*({_NO_REDSHIFT}))(?P<suffix>[a-z][a-z0-9]{{2,}})")
_NUMBERED = re.compile(r"(?P<stem>.*[a-z0-9])_(?P<number>[1-4])")
_AFFIXES: Mapping[str, re.Pattern[str]] = {
    "z_err": re.compile(_ERROR),
    "z_flag": re.compile(f"({_FLAG}|warn(ing)?)"),
}
_LONG_WORDS: Mapping[str, str] = {
    "z_err": "_?(err|error|unc|sigma|std)",
    "z_flag": "_?(flags?|flg|qual(ity)?|conf|warn(ing)?)",
}


def plain_name(name: str) -> str:
    """Return the normalised form of a name that patterns match."""
    return re.sub(r"[\s.\-/]+", "_", name.strip()).lower()


def name_score(name: str, meaning: str) -> float:
    """Return the score of a name for a meaning, from 0 to 1.

    A number at the end, as crossmatches append it, lowers the score, as does the name of a survey behind an error or a
    flag; errors and flags of any redshift are recognised by
    what remains without the word for them.
    """
    plain = plain_name(name)
    scores = [_direct_score(plain, meaning)]
    if found := _NUMBERED.fullmatch(plain):
        scores.append(_direct_score(found["stem"], meaning) * (0.9 - 0.05 * int(found["number"])))
    if meaning in _AFFIXES and (found := _SUFFIXED.fullmatch(plain)):
        scores.append(_WITH_SUFFIX * (_direct_score(found["stem"], meaning) >= _CERTAIN))
    if meaning in _AFFIXES and (owner := owner_of(name, meaning)) and _direct_score(owner, "z") >= _TELLING:
        scores.append(_OF_OTHER_NAME)
    return max(scores)


def owner_of(name: str, meaning: str) -> str | None:
    """Return a name without the words for an error (``z_err``) or a flag (``z_flag``); None when it has none."""
    plain, words = plain_name(name), _AFFIXES[meaning]
    parts = plain.split("_")
    kept = [part for part in parts if not words.fullmatch(part)]
    if len(kept) == len(parts):
        found = re.fullmatch(rf"(?P<stem>z.*?|.*z|.*redshift){_LONG_WORDS[meaning]}", plain)
        return found["stem"].strip("_") if found else None
    return "_".join(part for part in kept if not part.startswith("homogen"))


def is_owner(redshift: str, owner: str | None) -> bool:
    """Return whether a redshift is the one to which an error or a flag belongs.

    Parameters
    ----------
    owner
        Name of the error or flag without the words for it: that of the redshift, or what it shares with it, as
        ``rvz_redshift`` and ``rvz_qual`` do.
    """
    plain = plain_name(redshift)
    word = r"red_?shift" if re.search(r"red_?shift", plain) else r"(?<![a-z])z|z(?![a-z])"
    shared = re.sub(word, "", plain, count=1).strip("_")
    return bool(owner) and (owner == plain or (len(shared) > 1 and owner == shared))


def is_photometric(name: str) -> bool:
    """Return whether a name is that of a photometric redshift or of something that belongs to one."""
    return re.search(r"phot|phz|zph|z_ph|pho_?z|zpho|z_?b(_|$)|bpz|eazy", plain_name(name)) is not None


def is_point_estimate(name: str) -> bool:
    """Return whether a name is that of a number that summarises a probability density of the redshift."""
    return re.fullmatch(rf"(.*_)?{_REDSHIFT}_?{_PHOT_OF_ANY_KIND}", plain_name(name)) is not None


def is_truth(name: str) -> bool:
    """Return whether a name is that of a redshift that a simulation began with."""
    return re.search(r"true|truth|(^|_)z_?in($|_)", plain_name(name)) is not None


def is_spectroscopic(name: str) -> bool:
    """Return whether a name is that of a spectroscopic redshift or of something that belongs to one."""
    return not is_photometric(name) and re.search(r"spec|zsp|z_?sp|z_?vi(_|$)", plain_name(name)) is not None


def is_band(name: str, others: frozenset[str]) -> bool:
    """Return whether the z in a name is that of the filter: ``r`` and ``i`` have columns of the same kind.

    Parameters
    ----------
    others
        All names of the table, normalised.
    """
    plain = plain_name(name)
    for found in re.finditer(r"(?<![a-z])z(?![a-z])|^z|z$", plain):
        kin = (f"{plain[: found.start()]}{band}{plain[found.end() :]}" for band in "ri")
        if all(sibling in others for sibling in kin):
            return True
    return False


def without_axis(name: str) -> str:
    """Return a coordinate's name without the axis, which is equal for both columns of a position."""
    return re.sub(
        r"right_?ascension|declination|alpha|delta|longitude|latitude|^lon|^lat|^[xy](?=\w*_world)|(?<![a-z])(ra|decl|dec|de)(?=j|_|deg|\d|[a-z]_?deg|$)",
        "@",
        plain_name(name),
        count=1,
    )


@lru_cache(maxsize=8192)
def _direct_score(plain: str, meaning: str) -> float:
    return next((score for pattern, score in _RULES[meaning] if pattern.fullmatch(plain)), 0.0)
