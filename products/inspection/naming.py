"""Patterns of column names for positions, redshifts and other meanings, each with a score from 0 to 1.

Patterns match a whole name in lower case in which blanks, dots and hyphens are underscores; the first that matches
counts. They were collected from the catalogues of VizieR, surveys of redshifts and the Rubin data products.
"""

import re
from collections.abc import Mapping, Sequence

__all__ = ["is_band", "name_score", "plain_name", "without_axis"]

_Patterns = Sequence[tuple[re.Pattern[str], float]]

_FRAME = r"(_?(j?2000(_0)?|icrs|fk5|eq|gaia|cat|dr\d+))?"
_DEGREES = r"(_?deg(rees)?)?"
_OF_OBJECT = r"(target|targ|obj|object|src|source|gal|galaxy|best|coord|mean|gaia|spec|phot|cat)_?"
_OF_DEVICE = r"(plate|fib(er|re)|slit|tile|field|point(ing)?|mean_fiber|center|centre|obs)_?"
_REDSHIFT = r"(z|redshift|red_shift)"
_KIND = r"(_?(best|spec|final|sp|phot|pho|helio|grism|cmb|obs|true|hel))?"
_FLAG = r"(flags?|flg|q(ual(ity)?)?|qf|conf(idence)?|class|rank|grade)"
_ERROR = r"(e|err|error|unc|uncertainty|sig|sigma|std|stddev)"


def _compiled(*rules: tuple[str, float]) -> _Patterns:
    return tuple((re.compile(pattern), score) for pattern, score in rules)


def _axis_rules(short: str, long: str) -> _Patterns:
    """Return the rules of one axis of the equatorial frame; both axes have names in the same styles."""
    return _compiled(
        (f"_?{short}{_FRAME}{_DEGREES}", 0.97),
        (f"{long}{_FRAME}{_DEGREES}", 0.95),
        (f"{_OF_OBJECT}{short}{_FRAME}{_DEGREES}", 0.88),
        (f"{short}_?(obj|object|target|source|gal|best|mean|opt|median){_FRAME}{_DEGREES}", 0.8),
        (rf"{short}_?(b?1950|fk4)(_0)?{_DEGREES}", 0.35),
        (rf"{_OF_DEVICE}{short}{_DEGREES}", 0.3),
        (rf"{short}_(?!.*(err|sig|std|off|pm|e$|[hdms]$|min$|sec$|hour)).*", 0.55),
        (rf"(?!.*(err|sig|std|off|pm|e_|delta)).*_{short}{_FRAME}{_DEGREES}", 0.5),
        (rf"{short}[a-z]_?deg", 0.4),
    )


_RULES: Mapping[str, _Patterns] = {
    "ra": _axis_rules("ra", "(right_?ascension|alpha)"),
    "dec": _axis_rules("(dec|decl|de|dej)", "(declination|delta)"),
    "z": _compiled(
        (r"z_?(best|final)|(best|final)_?(z|redshift)|redshift_?(best|final)", 0.98),
        (r"z|redshift|red_shift", 0.96),
        (r"(z|redshift)_?(spec|sp|specz)|spec_?(z|redshift)|spec_?z_redshift|zsp|sz", 0.92),
        (r"z_?(helio|hel|cmb|obs|true|in)|true_?z|redshift_?(helio|true|cmb|obs)|ztrue", 0.85),
        (r"z_?(phot|photo|pho|ph|grism|mode|mean|median|peak|map|ml)|photo?_?z|zb|redshift_?phot", 0.75),
        (r"(?!.*(err|flag|qual|warn|mag|flux|_q$|_s$|conf|type|min|max|_[lu]\d\d)).*_(z|redshift)", 0.5),
        (
            rf"{_REDSHIFT}_(?!.*(err|flag|qual|warn|mag|flux|conf|type|min|max|sig|std|lsst)|([lu]\d\d)$)[a-z]{{4,}}",
            0.6,
        ),
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
        (r"quality|qual|nq|qop|quality_?flag|qflag|q_?flag|conf(idence)?", 0.8),
        (rf"{_REDSHIFT}_.*{_FLAG}(_.*)?", 0.75),
        (rf"{_REDSHIFT}_?(best|spec|final)_(s|source|src)", 0.6),
        (r"flags?|q|qc|class(ification)?", 0.4),
    ),
    "survey": _compiled(
        (r"survey_?name", 0.97),
        (r"survey", 0.95),
        (r"survey_?(id|code|short|label)|(cat|catalog|catalogue)_?name", 0.8),
        (r"source|reference|ref|origin|catalog|catalogue|parent_?survey", 0.55),
        (r"program(me)?|field|instrument", 0.25),
    ),
    "id": _compiled(
        (r"id|identifier|unique_?id", 0.97),
        (r"(obj|object|source|src|target|gal|galaxy|galid|unique|main|star)_?id", 0.93),
        (r"(crd|spec|specobj|spec_?obj|tm|2mass|cosmos|iau|phot|master)_?id|designation|id_?(iau|spec|obj|main)", 0.85),
        (r"name|(target|obj|object|source|gal|galaxy|iau)_?name", 0.78),
        (r"num|number|serial|recno|seq(uence)?|nr|no|index", 0.6),
        (r"[a-z0-9]+_id|[a-z]{1,6}id|id_[a-z0-9_]+|[a-z]+_?name", 0.52),
    ),
}


def plain_name(name: str) -> str:
    """Return the normalised form of a name that patterns match."""
    return re.sub(r"[\s.\-/]+", "_", name.strip()).lower()


def name_score(name: str, meaning: str) -> float:
    """Return the score of a name for a meaning, from 0 to 1."""
    plain = plain_name(name)
    return next((score for pattern, score in _RULES[meaning] if pattern.fullmatch(plain)), 0.0)


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
        r"right_?ascension|declination|alpha|delta|(?<![a-z])(ra|decl|dec|de)(?=j|_|deg|\d|[a-z]_?deg|$)",
        "@",
        plain_name(name),
        count=1,
    )
