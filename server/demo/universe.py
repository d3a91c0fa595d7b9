"""The simulated sky: galaxies in groups and walls, and stars, with their true redshifts and magnitudes.

Counts and redshifts are those of the LSST Science Book (LSST Science Collaboration 2009, arXiv:0912.0201, section
3.7.2): ``N(<i) = 46 * 10**(0.31 (i - 25))`` galaxies in a square arcminute, and ``p(z|i) ~ z² exp(-z/z0)`` (the form
of Smail et al. 1994) with ``z0 = 0.0417 i - 0.744``. Brighter than i = 22 counts rise more steeply.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from server.demo.fields import BANDS, RADIUS_DEG, Field, clustered_points, outside_holes, sky_positions
from server.demo.spectra import LAST_TYPE, galaxy_colours, star_colours
from server.demo.streams import stream

__all__ = ["Sources", "simulate_field"]

Floats = npt.NDArray[np.float64]

_AREA_ARCMIN2 = np.pi * (RADIUS_DEG * 60) ** 2
_BRIGHTEST_GALAXY = 16.5
_BRIGHTEST_STAR = 15.5
_KNEE = 22.0
_FAINTER_THAN_DEPTH = 0.6
_HIGHEST_REDSHIFT = 7.0
_SPEED_OF_LIGHT = 299_792.458


@dataclass(frozen=True, slots=True)
class Sources:
    """What is truly there in one field: arrays of one length, with ``magnitudes`` of shape (n, 6)."""

    field: Field
    ra: Floats
    dec: Floats
    redshift: Floats
    is_star: npt.NDArray[np.bool_]
    magnitudes: Floats

    @property
    def i_magnitude(self) -> Floats:
        """The true i magnitudes."""
        i: Floats = self.magnitudes[:, BANDS.index("i")]
        return i


def simulate_field(seed: int, field: Field) -> Sources:
    """Draw all galaxies and stars of a field down to somewhat below its depth in i."""
    rng = stream(seed, f"galaxies of {field.name}")
    limit = field.depths["i"] + _FAINTER_THAN_DEPTH
    i = _galaxy_magnitudes(rng, limit)
    z = np.clip(rng.gamma(3.0, np.maximum(0.0417 * i - 0.744, 0.03)), 0.003, _HIGHEST_REDSHIFT)
    i, z, x, y, richness = _placed_in_groups(rng, i, z)
    galaxies = i[:, None] + _galaxy_colours(rng, i, z, richness)

    rng = stream(seed, f"stars of {field.name}")
    stars = _star_magnitudes(rng, field, limit)
    star_x, star_y = rng.uniform(-RADIUS_DEG, RADIUS_DEG, (2, len(stars)))

    x, y = np.concatenate([x, star_x]), np.concatenate([y, star_y])
    z = np.concatenate([z, np.zeros(len(stars))])
    kept = outside_holes(stream(seed, f"holes of {field.name}"), x, y)
    is_star = np.arange(len(x)) >= len(i)
    ra, dec = sky_positions(field, x, y)
    magnitudes = np.concatenate([galaxies, stars])
    return Sources(field, ra[kept], dec[kept], z[kept], is_star[kept], magnitudes[kept])


def _galaxy_magnitudes(rng: np.random.Generator, limit: float) -> Floats:
    grid = np.linspace(_BRIGHTEST_GALAXY, limit, 2000)
    above_knee = 46 * 10 ** (0.31 * (grid - 25))
    at_knee = 46 * 10 ** (0.31 * (_KNEE - 25))
    counts = np.where(grid < _KNEE, at_knee * 10 ** (0.45 * (grid - _KNEE)), above_knee)
    number = rng.poisson(counts[-1] * _AREA_ARCMIN2)
    magnitudes: Floats = np.interp(rng.random(number) * counts[-1], counts, grid)
    return magnitudes


def _placed_in_groups(rng: np.random.Generator, i: Floats, z: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Gather galaxies of like redshift in groups, put some of the groups on walls, and give everything a place.

    Galaxies keep the distribution of redshifts that they were drawn with, up to the width of a wall.
    """
    order = np.argsort(z, kind="stable")
    i, z = i[order], z[order]
    sizes = np.minimum(rng.zipf(2.1, len(z)), 60)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), len(z)) + 1]
    group = np.repeat(np.arange(len(sizes)), sizes)[: len(z)]

    first = np.minimum(np.cumsum(sizes) - sizes, len(z) - 1)
    group_z = _on_walls(rng, z[first])
    dispersion = np.where(sizes > 1, 250.0 * sizes**0.25, 0.0) / _SPEED_OF_LIGHT
    z = group_z[group] + rng.standard_normal(len(z)) * (dispersion * (1 + group_z))[group]

    centre_x, centre_y = _group_centres(rng, group_z)
    spread = np.where(sizes > 1, 0.25 * sizes**0.25 / _megaparsecs_per_degree(group_z), 0.0)
    x = centre_x[group] + rng.standard_normal(len(z)) * spread[group]
    y = centre_y[group] + rng.standard_normal(len(z)) * spread[group]
    return i, np.clip(z, 0.002, _HIGHEST_REDSHIFT), x, y, sizes[group].astype(float)


def _on_walls(rng: np.random.Generator, z: Floats) -> Floats:
    """Move a third of the groups to the nearest of the walls that the line of sight meets."""
    walls = np.cumsum(rng.gamma(2.0, 0.024, 400))
    walls = walls[walls < _HIGHEST_REDSHIFT + 0.5]
    above = np.clip(np.searchsorted(walls, z), 1, len(walls) - 1)
    nearest = np.where(z - walls[above - 1] < walls[above] - z, walls[above - 1], walls[above])
    scattered = nearest + 0.0025 * (1 + z) * rng.standard_normal(len(z))
    return np.maximum(np.where(rng.random(len(z)) < 0.35, scattered, z), 0.003)


def _group_centres(rng: np.random.Generator, z: Floats) -> tuple[Floats, Floats]:
    """Draw the centres of groups, with a density of its own for each slice of redshift."""
    x, y = np.empty(len(z)), np.empty(len(z))
    slices = np.digitize(z, np.arange(0.1, 2.1, 0.1))
    for number in range(slices.max() + 1):
        there = slices == number
        x[there], y[there] = clustered_points(rng, int(there.sum()))
    return x, y


def _megaparsecs_per_degree(z: Floats) -> Floats:
    """Return the transverse size of a degree in a flat universe with H0 = 70 km/s/Mpc and a matter density of 0.3."""
    grid = np.linspace(0, _HIGHEST_REDSHIFT + 1, 2000)
    inverse = 1 / np.sqrt(0.3 * (1 + grid) ** 3 + 0.7)
    steps = np.diff(grid) * (inverse[1:] + inverse[:-1]) / 2
    comoving = _SPEED_OF_LIGHT / 70 * np.concatenate([[0], np.cumsum(steps)])
    size: Floats = np.interp(z, grid, comoving) / (1 + z) * np.radians(1)
    return size


def _galaxy_colours(rng: np.random.Generator, i: Floats, z: Floats, richness: Floats) -> Floats:
    """Give galaxies a type, dust and a little scatter; bright, near galaxies in rich groups are red most often."""
    number = len(i)
    red_part = 0.42 / (1 + np.exp((i - 22.5) / 0.9)) + 0.06
    red_part *= np.exp(-((z / 1.3) ** 3)) * (1 + 0.9 * np.tanh(richness / 12))
    red = rng.random(number) < red_part
    blue_types = rng.normal(2.3 + 0.45 * np.minimum(z, 2.5), 0.75, number)
    types = np.where(red, np.abs(rng.normal(0, 0.25, number)), blue_types)
    colours = galaxy_colours(np.clip(types, np.where(red, 0, 0.7), LAST_TYPE), z)
    dust = np.where(red, 0.02, 0.22) * rng.exponential(1, number)
    centres = np.array([3670.0, 4830.0, 6220.0, 7550.0, 8690.0, 9710.0])
    curve = (5500 * (1 + z[:, None]) / centres) ** 0.7
    curve -= curve[:, [BANDS.index("i")]]
    scatter = rng.normal(0, 0.03, (number, len(BANDS)))
    scatter[:, BANDS.index("i")] = 0
    reddened: Floats = colours + dust[:, None] * curve + scatter
    return reddened


def _star_magnitudes(rng: np.random.Generator, field: Field, limit: float) -> Floats:
    """Draw stars: blue ones of the halo, red dwarfs of the disc, which are more the fainter one looks."""
    number = rng.poisson(field.stars_per_arcmin2 * (2 * RADIUS_DEG * 60) ** 2)
    span = limit - _BRIGHTEST_STAR
    i = _BRIGHTEST_STAR + span * np.log1p(rng.random(number) * np.expm1(1.5)) / 1.5
    dwarf = rng.random(number) < 0.35 + 0.3 * (i - _BRIGHTEST_STAR) / span
    g_minus_i = np.where(dwarf, rng.normal(2.35, 0.45, number), rng.gamma(6.0, 0.12, number))
    scatter = rng.normal(0, 0.02, (number, len(BANDS)))
    scatter[:, BANDS.index("i")] = 0
    magnitudes: Floats = i[:, None] + star_colours(np.clip(g_minus_i, 0.2, 3.4)) + scatter
    return magnitudes
