"""What all mock redshift surveys do: choose targets, and measure their redshifts and positions."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from server.demo.fields import FIELDS
from server.demo.objects import Objects

__all__ = ["measured_positions", "measured_redshifts", "targets"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_JITTER_ARCSEC = 0.1
_LARGEST_JITTER_ARCSEC = 0.3

#: Wavelengths in Ångström of lines that are taken for each other: [O II], H beta, [O III], H alpha, Lyman alpha.
_LINES = np.array([3727.0, 4861.0, 5007.0, 6563.0, 1216.0])


def targets(
    rng: np.random.Generator,
    objects: Objects,
    *,
    fields: Sequence[str],
    radius: float,
    faintest: float,
    share: float,
    star_share: float,
) -> Indices:
    """Choose what a survey observes, within ``radius`` degrees of the centres of some of the fields."""
    chosen = np.zeros(len(objects.ra), dtype=bool)
    for number, field in enumerate(FIELDS):
        if field.name in fields:
            away = np.hypot((objects.ra - field.ra) * np.cos(np.radians(field.dec)), objects.dec - field.dec)
            chosen |= (objects.field_number == number) & (away < radius)
    chosen &= objects.i_true < faintest
    # Surveys leave out most stars by their shape, so that the few that are left tell of the others' mistakes.
    chosen &= rng.random(len(chosen)) < np.where(objects.is_star, star_share * share, share)
    return rng.permutation(np.flatnonzero(chosen))


def measured_redshifts(rng: np.random.Generator, true_z: Floats, error: float, wrong_rates: Floats) -> Floats:
    """Measure redshifts with an error of ``error (1 + z)``; of the wrong ones two in three mistook a line."""
    number = len(true_z)
    z = true_z + error * (1 + true_z) * rng.standard_normal(number)
    taken_for, line = _LINES[rng.integers(0, len(_LINES), number)], _LINES[rng.integers(0, 4, number)]
    confused = (1 + true_z) * line / taken_for - 1
    anything = rng.uniform(0.01, 2.0, number)
    by_line = (rng.random(number) < 0.67) & (confused > 0.005) & (confused < 5) & (line != taken_for)
    wrong = rng.random(number) < wrong_rates
    return np.where(wrong, np.where(by_line, confused, anything), z)


def measured_positions(rng: np.random.Generator, objects: Objects, rows: Indices) -> tuple[Floats, Floats]:
    """Give positions as another survey measured them: off by a tenth of an arcsecond, never by more than 0.3."""
    distance = np.minimum(rng.rayleigh(_JITTER_ARCSEC, len(rows)), _LARGEST_JITTER_ARCSEC) / 3600
    angle = rng.uniform(0, 2 * np.pi, len(rows))
    dec = objects.dec[rows] + distance * np.sin(angle)
    ra = objects.ra[rows] + distance * np.cos(angle) / np.cos(np.radians(objects.dec[rows]))
    return np.round(ra, 8), np.round(dec, 8)
