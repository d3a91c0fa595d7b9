"""Column meanings, and the choice of columns for position and redshift.

The UCDs are UCD1+ words (IVOA UCD list 1.5); keys and aliases are those used by clients of the Photo-z Server.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["MEANINGS", "MEANINGS_BY_KEY", "Meaning", "Meanings", "position_unit"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A meaning that a column can have.

    Parameters
    ----------
    key
        Key in code and configurations of pipelines.
    alias
        Display name.
    description
        What the values are, in one sentence.
    """

    key: str
    alias: str
    ucd: str
    description: str


@dataclass(frozen=True, slots=True)
class Meanings:
    """The columns of right ascension, declination (degrees, ICRS) and redshift; None where there is none."""

    ra: str | None = None
    dec: str | None = None
    z: str | None = None

    @property
    def has_position(self) -> bool:
        """Whether both columns of position are given."""
        return self.ra is not None and self.dec is not None


#: All meanings, in the order in which forms offer them.
MEANINGS: tuple[Meaning, ...] = (
    Meaning("id", "ID", "meta.id;meta.main", "Identifier of the object, different in each row."),
    Meaning("ra", "RA", "pos.eq.ra;meta.main", "Right ascension, ICRS, in degrees."),
    Meaning("dec", "Dec", "pos.eq.dec;meta.main", "Declination, ICRS, in degrees."),
    Meaning("z", "z", "src.redshift", "Redshift: measured, or the best estimate."),
    Meaning("z_err", "z_err", "stat.error;src.redshift", "Uncertainty of the redshift, 1 sigma."),
    Meaning("z_flag", "z_flag", "stat.rank", "Quality flag of the redshift, in the scale of its survey."),
    Meaning("survey", "survey", "meta.curation", "Name of the survey that a row comes from."),
    Meaning(
        "instrument_type",
        "instrument_type",
        "meta.code;instr",
        "How the redshift was measured: s (spectroscopy), g (grism or prism), p (photometry).",
    ),
)

#: The same by their keys.
MEANINGS_BY_KEY: Mapping[str, Meaning] = {meaning.key: meaning for meaning in MEANINGS}


def position_unit(alias: str | None, declared: str | None, *, as_given: bool) -> str | None:
    """Return the unit of a column: columns of position are in degrees when they declare no unit.

    Parameters
    ----------
    as_given
        Whether the owner said that columns of position are in degrees, whatever they declare.
    """
    is_position = alias in {"RA", "Dec"}
    return "deg" if is_position and (as_given or not declared) else declared
