"""A mock training set: the deep survey's secure redshifts with the photometry of the same objects."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import Column
from server.demo.fields import BANDS
from server.demo.objects import MAGNITUDE_UCDS, Objects
from server.demo.surveys import deep_survey, rows_of_deep_survey
from server.demo.tables import Described, degrees, table_of

__all__ = ["photometry", "training_table"]

_SECURE_FLAGS = (3, 4, 13, 14)


def training_table(objects: Objects, seed: int) -> pa.Table:
    """Join secure redshifts of galaxies with their magnitudes, in names that RAIL reads as they are.

    A redshift belongs to the object that it was drawn from, so that the join has no wrong matches.
    """
    survey, rows = deep_survey(objects, seed), rows_of_deep_survey(objects, seed)
    flags = survey["zflags"].to_numpy()
    redshifts = survey["zsp"].to_numpy()  # null becomes NaN
    secure = np.isin(flags, _SECURE_FLAGS) & (redshifts > 0.005)
    rows = rows[secure]
    columns: list[Described] = [
        (
            Column("objectId", "long", ucd="meta.id;meta.main", description="Identifier in the mock object catalogue"),
            objects.identifier[rows],
        ),
        (degrees("ra", "pos.eq.ra;meta.main", "Right ascension of the object, ICRS"), objects.ra[rows]),
        (degrees("dec", "pos.eq.dec;meta.main", "Declination of the object, ICRS"), objects.dec[rows]),
        (
            Column("redshift", "double", ucd="src.redshift", description="Redshift of the deep survey"),
            redshifts[secure],
        ),
        (
            Column(
                "z_flag", "short", ucd="meta.code.qual", description="Flag of the deep survey, 3 or 4, +10 broad lines"
            ),
            flags[secure],
        ),
    ]
    return table_of([*columns, *photometry(objects, rows)])


def photometry(objects: Objects, rows: npt.NDArray[np.intp]) -> list[Described]:
    """Return the magnitudes of some objects and their errors, in names that RAIL reads as they are."""
    columns: list[Described] = []
    for number, band in enumerate(BANDS):
        ucd = MAGNITUDE_UCDS[band]
        magnitude = Column(f"mag_{band}_lsst", "float", unit="mag", ucd=ucd, description=f"AB magnitude in {band}")
        error = Column(
            f"mag_err_{band}_lsst",
            "float",
            unit="mag",
            ucd=f"stat.error;{ucd}",
            description=f"Error of the magnitude in {band}",
        )
        columns += [(magnitude, objects.magnitudes[rows, number]), (error, objects.errors[rows, number])]
    return columns
