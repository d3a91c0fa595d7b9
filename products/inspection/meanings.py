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
    """

    key: str
    alias: str
    ucd: str


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
    Meaning("id", "ID", "meta.id;meta.main"),
    Meaning("ra", "RA", "pos.eq.ra;meta.main"),
    Meaning("dec", "Dec", "pos.eq.dec;meta.main"),
    Meaning("z", "z", "src.redshift"),
    Meaning("z_err", "z_err", "stat.error;src.redshift"),
    Meaning("z_flag", "z_flag", "stat.rank"),
    Meaning("survey", "survey", "meta.curation"),
    Meaning("instrument_type", "instrument_type", "meta.code;instr"),
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
