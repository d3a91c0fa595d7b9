"""The mock object catalogue: what a survey like LSST would list of the simulated sky.

Column names follow the Object table of Data Preview 1.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import Column
from server.demo.fields import BANDS, FIELDS
from server.demo.photometry import observe
from server.demo.streams import stream
from server.demo.tables import Described, degrees, table_of, text
from server.demo.universe import Sources, simulate_field

__all__ = ["MAGNITUDE_UCDS", "Objects", "object_table", "observe_field", "observe_objects"]

Floats = npt.NDArray[np.float64]

#: An object is listed when its signal-to-noise ratio in i is 5 or more.
_FAINTEST_ERROR_I = 0.2

#: Objects' identifiers need all of 64 bits, as real ones do: software that reads them as floats merges neighbours.
_FIRST_ID = 611_000_000_000_000_000
_IDS_IN_A_FIELD = 1_000_000_000_000_000

MAGNITUDE_UCDS = {
    "u": "phot.mag;em.opt.U",
    "g": "phot.mag;em.opt.B",
    "r": "phot.mag;em.opt.R",
    "i": "phot.mag;em.opt.I",
    "z": "phot.mag;em.opt.I",
    "y": "phot.mag;em.opt.I",
}


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of all fields: arrays of one length, ``magnitudes`` and ``errors`` of shape (n, 6).

    Parameters
    ----------
    field_number
        Which of ``FIELDS`` an object lies in.
    redshift, is_star, i_true
        What is truly there.
    magnitudes, errors
        What was measured; NaN where nothing was seen.
    """

    identifier: npt.NDArray[np.int64]
    field_number: npt.NDArray[np.int64]
    ra: Floats
    dec: Floats
    redshift: Floats
    is_star: npt.NDArray[np.bool_]
    i_true: Floats
    extended: npt.NDArray[np.bool_]
    magnitudes: Floats
    errors: Floats


def observe_objects(seed: int) -> Objects:
    """Simulate all fields and list the objects that are seen in them."""
    parts = [observe_field(seed, number, simulate_field(seed, field)) for number, field in enumerate(FIELDS)]
    names = Objects.__dataclass_fields__
    return Objects(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def object_table(objects: Objects) -> pa.Table:
    """Return the object catalogue as a table with units, UCDs and descriptions; what was not seen is null."""
    names = np.array([field.name for field in FIELDS])[objects.field_number]
    columns: list[Described] = [
        (
            Column("objectId", "long", ucd="meta.id;meta.main", description="Identifier of the object"),
            objects.identifier,
        ),
        (degrees("coord_ra", "pos.eq.ra;meta.main", "Right ascension, ICRS"), objects.ra),
        (degrees("coord_dec", "pos.eq.dec;meta.main", "Declination, ICRS"), objects.dec),
        (text("field", "obs.field", "Field of the sky"), names),
    ]
    for number, band in enumerate(BANDS):
        ucd = MAGNITUDE_UCDS[band]
        magnitude = Column(f"{band}_cModelMag", "float", unit="mag", ucd=ucd, description=f"AB magnitude in {band}")
        error = Column(
            f"{band}_cModelMagErr",
            "float",
            unit="mag",
            ucd=f"stat.error;{ucd}",
            description=f"Error of the magnitude in {band}",
        )
        columns += [(magnitude, objects.magnitudes[:, number]), (error, objects.errors[:, number])]
    columns += [
        (
            Column("refExtendedness", "short", ucd="src.class.starGalaxy", description="1 if extended, 0 if a point"),
            objects.extended.astype(np.int16),
        ),
        (
            Column("z_true", "double", ucd="src.redshift", description="True redshift of the simulation, 0 for stars"),
            objects.redshift,
        ),
    ]
    return table_of(columns)


def observe_field(seed: int, number: int, sources: Sources) -> Objects:
    """List the objects that are seen in one field."""
    field = sources.field
    rng = stream(seed, f"photometry of {field.name}")
    measured = [
        observe(rng, sources.magnitudes[:, column], field.depths[band], band) for column, band in enumerate(BANDS)
    ]
    magnitudes = np.stack([magnitude for magnitude, _ in measured], axis=1)
    errors = np.stack([error for _, error in measured], axis=1)
    listed = np.flatnonzero(errors[:, BANDS.index("i")] <= _FAINTEST_ERROR_I)  # NaN is not listed
    listed = rng.permutation(listed)
    steps = rng.integers(1, 2 * (_IDS_IN_A_FIELD // 2 // len(listed)), len(listed))
    return Objects(
        identifier=_FIRST_ID + number * _IDS_IN_A_FIELD + np.cumsum(steps),
        field_number=np.full(len(listed), number),
        ra=np.round(sources.ra[listed], 8),
        dec=np.round(sources.dec[listed], 8),
        redshift=sources.redshift[listed],
        is_star=sources.is_star[listed],
        i_true=sources.i_magnitude[listed],
        extended=_classified(rng, sources.is_star[listed], errors[listed, BANDS.index("i")]),
        magnitudes=magnitudes[listed],
        errors=errors[listed],
    )


def _classified(rng: np.random.Generator, is_star: npt.NDArray[np.bool_], errors: Floats) -> npt.NDArray[np.bool_]:
    """Tell extended objects from points, which fails for up to a third of the objects at the limit."""
    wrong = rng.random(len(errors)) < 0.002 + 0.33 * np.clip(errors / _FAINTEST_ERROR_I, 0, 1) ** 2
    # A faint galaxy passes for a star less often than a faint star for a galaxy.
    wrong &= is_star | (rng.random(len(errors)) < 0.3)
    return ~is_star ^ wrong
