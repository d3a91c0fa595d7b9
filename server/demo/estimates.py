"""Mock photo-z estimates: p(z) of objects of one field, by the nearest neighbours in colour in the mock training set.

The redshifts of the nearest training objects, each widened to a normal density, are summed. An object of the training
set is not a neighbour of itself, so that its estimate can be compared with its redshift.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import DENSITY_UTYPE, Column, field_of_column
from core.photoz.forms import DensityForm
from server.demo.fields import BANDS
from server.demo.objects import Objects
from server.demo.tables import degrees, table_of
from server.demo.training import training_table

__all__ = ["estimates_table"]

Floats = npt.NDArray[np.float64]

_FAINTEST_I = 22.0
_NEIGHBOURS = 15
_WIDTH = 0.025
_GRID = np.linspace(0, 3, 151)
#: Magnitude of what was not seen.
_UNSEEN = 28.0
_BLOCK = 2000


def estimates_table(objects: Objects, seed: int) -> pa.Table:
    """Estimate redshifts of galaxies brighter than *i* = 22 in the field of the training set, and of the set itself."""
    training = training_table(objects, seed)
    known = np.isin(objects.identifier, training["objectId"].to_numpy())
    bright = objects.magnitudes[:, BANDS.index("i")] < _FAINTEST_I
    chosen = np.flatnonzero(known | (bright & objects.extended & (objects.field_number == 0)))
    by_identifier = np.argsort(objects.identifier)
    places = np.searchsorted(objects.identifier, training["objectId"].to_numpy(), sorter=by_identifier)
    densities = _densities(objects, chosen, by_identifier[places], training["redshift"].to_numpy())
    table = table_of([
        (
            Column("objectId", "long", ucd="meta.id;meta.main", description="Identifier in the mock object catalogue"),
            objects.identifier[chosen],
        ),
        (degrees("ra", "pos.eq.ra;meta.main", "Right ascension of the object, ICRS"), objects.ra[chosen]),
        (degrees("dec", "pos.eq.dec;meta.main", "Declination of the object, ICRS"), objects.dec[chosen]),
        (
            Column("zmode", "double", ucd="src.redshift.phot", description="Redshift of the highest density"),
            _GRID[densities.argmax(axis=1)],
        ),
    ])  # fmt: skip
    form = DensityForm("interp", len(_GRID), tuple(_GRID.tolist()))
    column = Column(
        "pz", "float", str(len(_GRID)), ucd="stat.probability;src.redshift.phot", utype=DENSITY_UTYPE,
        description="Probability density of the redshift", density=form.to_json(),
    )  # fmt: skip
    values = pa.FixedSizeListArray.from_arrays(pa.array(densities.astype(np.float32).reshape(-1)), len(_GRID))
    return table.append_column(field_of_column(column), values)


def _features(objects: Objects, rows: npt.NDArray[np.int64]) -> Floats:
    """Return the colours of objects and their magnitude in i, which counts less."""
    magnitudes = np.nan_to_num(objects.magnitudes[rows], nan=_UNSEEN)
    return np.column_stack([-np.diff(magnitudes, axis=1), 0.3 * magnitudes[:, BANDS.index("i")]])


def _densities(
    objects: Objects, chosen: npt.NDArray[np.int64], training: npt.NDArray[np.int64], redshifts: Floats
) -> Floats:
    """Return the densities of chosen objects on the grid, normalised."""
    from scipy.spatial import cKDTree

    tree = cKDTree(_features(objects, training))
    distances, neighbours = tree.query(_features(objects, chosen), k=_NEIGHBOURS + 1)
    weights = 1 / (distances + 0.02)
    weights[training[neighbours] == chosen[:, None]] = 0
    densities = np.empty((len(chosen), len(_GRID)))
    for first in range(0, len(chosen), _BLOCK):
        near = slice(first, first + _BLOCK)
        means = redshifts[neighbours[near]][:, :, None]
        unit = (_GRID - means) / (_WIDTH * (1 + means))
        densities[near] = np.sum(weights[near][:, :, None] * np.exp(-0.5 * unit**2), axis=1)
    totals = np.asarray(np.trapezoid(densities, _GRID, axis=1))
    normalised: Floats = densities / totals[:, None]
    return normalised
