"""Four mock redshift surveys of the same sky, as unlike each other as real ones are.

They differ in depth, area, names of columns, what a flag means, and how often a redshift is wrong. Wrong redshifts go
with bad flags, at rates like those that the surveys they take after report: VVDS (Le Fèvre et al. 2013, A&A 559, A14),
DESI (Guy et al. 2023, AJ 165, 144), 6dFGS (Jones et al. 2009, MNRAS 399, 683), PRIMUS (Cool et al. 2013, ApJ 767, 118)
and 3D-HST (Momcheva et al. 2016, ApJS 225, 27).
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import Column
from server.demo.fields import FIELDS
from server.demo.objects import Objects
from server.demo.observing import measured_positions, measured_redshifts, targets
from server.demo.streams import stream
from server.demo.tables import degrees, table_of, text

__all__ = ["bright_survey", "deep_survey", "fibre_survey", "grism_survey", "rows_of_deep_survey"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_KILOMETRES_PER_SECOND = 299_792.458

_SURVEY = text("survey_name", "meta.curation", "Name of the survey")


def rows_of_deep_survey(objects: Objects, seed: int) -> Indices:
    """Tell which objects the deep survey observed, in the order of its rows."""
    rng = stream(seed, "deep survey, targets")
    return targets(rng, objects, fields=("ECDFS",), radius=0.30, faintest=24.0, share=0.24, star_share=0.25)


def deep_survey(objects: Objects, seed: int) -> pa.Table:
    """Observe a deep survey with slits: flags 0 to 4 and 9, plus 10 for broad lines, plus 20 for a second object."""
    rows = rows_of_deep_survey(objects, seed)
    rng = stream(seed, "deep survey, measurements")
    i = objects.i_true[rows]
    # The quality falls from 4 to 0 as objects get fainter.
    quality = np.clip(np.floor(4.9 - (i - 21.3) * 0.75 + rng.normal(0, 0.9, len(rows))), 0, 4).astype(np.int16)
    single_line = (quality >= 1) & (quality <= 2) & (rng.random(len(rows)) < 0.25) & ~objects.is_star[rows]
    wrong_rates = np.select([single_line, quality >= 4, quality == 3, quality == 2], [0.2, 0.01, 0.04, 0.17], 0.48)
    z = measured_redshifts(rng, objects.redshift[rows], 9e-4, wrong_rates)
    z = np.where(quality == 0, np.nan, z)
    flags = np.where(single_line, 9, quality)
    flags = flags + np.select(
        [
            (objects.redshift[rows] > 0.4) & (quality > 0) & (rng.random(len(rows)) < 0.02),
            rng.random(len(rows)) < 0.015,
        ],
        [10, 20],
        0,
    )
    ra, dec = measured_positions(rng, objects, rows)
    return table_of(
        [
            (
                Column("NUM", "int", ucd="meta.id;meta.main", description="Number of the spectrum"),
                10_001 + np.arange(len(rows)),
            ),
            (degrees("RAJ2000", "pos.eq.ra;meta.main", "Right ascension, J2000"), np.round(ra, 6)),
            (degrees("DEJ2000", "pos.eq.dec;meta.main", "Declination, J2000"), np.round(dec, 6)),
            (
                Column("zsp", "double", ucd="src.redshift", description="Redshift; empty where none was found"),
                np.round(z, 4),
            ),
            (
                Column(
                    "zflags",
                    "short",
                    ucd="meta.code.qual",
                    description="0 none, 1 (half are right) to 4 (nearly all), 9 one line; +10 broad lines, +20 second",
                ),
                flags,
            ),
            (
                Column("Imag", "double", unit="mag", ucd="phot.mag;em.opt.I", description="AB magnitude in i"),
                np.round(i + rng.normal(0, 0.05, len(rows)), 3),
            ),
            (_SURVEY, np.full(len(rows), "MOCK-DEEP")),
        ]
    )


def fibre_survey(objects: Objects, seed: int) -> pa.Table:
    """Observe a wide survey with fibres: ZWARN is a mask of bits, DELTACHI2 the lead of the best fit."""
    rng = stream(seed, "fibre survey")
    rows = targets(
        rng, objects, fields=("ECDFS", "Rubin_SV_95_-25"), radius=0.32, faintest=22.3, share=0.45, star_share=0.06
    )
    i, true_z, star = objects.i_true[rows], objects.redshift[rows], objects.is_star[rows]
    lead = np.exp(rng.normal(6.8 - 0.85 * (i - 19.5), 1.0))
    warning = np.where(lead < 9, 4, 0)
    warning |= np.where(rng.random(len(rows)) < 0.008, 512, 0)
    z = measured_redshifts(rng, true_z, 1e-4, np.where(warning == 0, 0.003, 0.5))
    quasar = ~star & (true_z > 0.8) & (rng.random(len(rows)) < 0.06)
    ra, dec = measured_positions(rng, objects, rows)
    error = 1e-4 * (1 + true_z) * np.exp(rng.normal(0, 0.3, len(rows)))
    return table_of(
        [
            (
                Column("TARGETID", "long", ucd="meta.id;meta.main", description="Identifier of the target"),
                39_627_000_000_000_000 + rng.permutation(len(rows)) * 37,
            ),
            (degrees("TARGET_RA", "pos.eq.ra;meta.main", "Right ascension of the target, ICRS"), ra),
            (degrees("TARGET_DEC", "pos.eq.dec;meta.main", "Declination of the target, ICRS"), dec),
            (Column("Z", "double", ucd="src.redshift", description="Redshift of the best fit"), z),
            (Column("ZERR", "double", ucd="stat.error;src.redshift", description="Error of the redshift"), error),
            (
                Column(
                    "ZWARN",
                    "int",
                    ucd="meta.code.qual",
                    description="Bits of warning: 0 good, 4 small DELTACHI2, 512 bad fibre",
                ),
                warning,
            ),
            (
                Column(
                    "DELTACHI2",
                    "double",
                    ucd="stat.fit.chi2",
                    description="Lead in chi-squared of the best fit over the second",
                ),
                lead,
            ),
            (
                text("SPECTYPE", "src.class", "Class of the best fit"),
                np.select([star, quasar], ["STAR", "QSO"], "GALAXY"),
            ),
            (_SURVEY, np.full(len(rows), "MOCK-FIBRE")),
        ]
    )


def bright_survey(objects: Objects, seed: int) -> pa.Table:
    """Observe all bright galaxies of all fields: quality 1 to 4 rising, 6 for stars."""
    rng = stream(seed, "bright survey")
    names = tuple(field.name for field in FIELDS)
    rows = targets(rng, objects, fields=names, radius=0.33, faintest=19.6, share=0.85, star_share=0.05)
    quality = rng.choice(np.array([1, 2, 3, 4]), len(rows), p=[0.03, 0.05, 0.12, 0.80])
    star = objects.is_star[rows]
    rates = np.choose(quality - 1, [0.7, 0.3, 0.05, 0.01])
    z = measured_redshifts(rng, objects.redshift[rows], 5e-4, np.where(star, 0, rates))
    ra, dec = measured_positions(rng, objects, rows)
    identifiers = np.char.add("g", np.char.zfill((rng.permutation(len(rows)) + 1).astype(str), 7))
    return table_of(
        [
            (text("TARGETNAME", "meta.id;meta.main", "Name of the target"), identifiers),
            (degrees("ALPHA_J2000", "pos.eq.ra;meta.main", "Right ascension, J2000"), ra),
            (degrees("DELTA_J2000", "pos.eq.dec;meta.main", "Declination, J2000"), dec),
            (Column("Z", "double", ucd="src.redshift", description="Heliocentric redshift"), np.round(z, 6)),
            (
                Column(
                    "e_cz",
                    "float",
                    unit="km.s**-1",
                    ucd="stat.error;spect.dopplerVeloc",
                    description="Error of the velocity cz",
                ),
                5e-4 * _KILOMETRES_PER_SECOND * np.exp(rng.normal(0, 0.2, len(rows))),
            ),
            (
                Column("QUALITY", "short", ucd="meta.code.qual", description="1 useless to 4 sure; 6 a star"),
                np.where(star, 6, quality),
            ),
            (_SURVEY, np.full(len(rows), "MOCK-BRIGHT")),
        ]
    )


def grism_survey(objects: Objects, seed: int) -> pa.Table:
    """Observe with a grism: many, coarse redshifts; quality 2 to 4, and -1 for stars, which have no redshift."""
    rng = stream(seed, "grism survey")
    rows = targets(rng, objects, fields=("ECDFS", "EDFS"), radius=0.21, faintest=24.3, share=0.30, star_share=0.10)
    i, true_z, star = objects.i_true[rows], objects.redshift[rows], objects.is_star[rows]
    quality = np.clip(np.floor(4.8 - (i - 22.0) * 0.7 + rng.normal(0, 0.6, len(rows))), 2, 4).astype(np.int16)
    z = measured_redshifts(rng, true_z, 3e-3, np.choose(quality - 2, [0.25, 0.08, 0.03]))
    ra, dec = measured_positions(rng, objects, rows)
    error = 3e-3 * (1 + true_z) * np.exp(rng.normal(0, 0.25, len(rows)))
    return table_of(
        [
            (
                text("id", "meta.id;meta.main", "Identifier of the spectrum"),
                np.char.add("grism-", np.arange(len(rows)).astype(str)),
            ),
            (degrees("ra", "pos.eq.ra;meta.main", "Right ascension, ICRS"), ra),
            (degrees("dec", "pos.eq.dec;meta.main", "Declination, ICRS"), dec),
            (
                Column("redshift", "double", ucd="src.redshift", description="Redshift; null for stars"),
                np.where(star, np.nan, z),
            ),
            (
                Column("redshift_err", "double", ucd="stat.error;src.redshift", description="Error of the redshift"),
                np.where(star, np.nan, error),
            ),
            (
                Column("quality", "short", ucd="meta.code.qual", description="4 best, 3 good, 2 doubtful, -1 a star"),
                np.where(star, -1, quality),
            ),
            (_SURVEY, np.full(len(rows), "MOCK-GRISM")),
        ]
    )
