"""HEALPix cells, NESTED, of positions in degrees, and their centres (MOC 2.0 §2.3)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["FINEST_ORDER", "cell_centers", "cell_indices"]

FINEST_ORDER = 29

_Doubles = NDArray[np.float64]
_Longs = NDArray[np.int64]
_Mask = NDArray[np.bool_]


def cell_indices(orders: _Longs, lon: _Doubles, lat: _Doubles) -> tuple[_Longs, _Mask]:
    """Give the cell in which each position lies.

    Returns
    -------
    The cells, and where there is one: not for orders beyond 0 to 29, nor for positions that are none.
    """
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import lonlat_to_healpix

    known = (orders >= 0) & (orders <= FINEST_ORDER) & np.isfinite(lon) & (np.abs(lat) <= 90)
    cells = np.zeros(len(lon), np.int64)
    if known.any():
        longitudes = Longitude(np.mod(lon[known], 360.0), u.deg)
        latitudes = Latitude(lat[known], u.deg)
        cells[known] = lonlat_to_healpix(longitudes, latitudes, orders[known].astype(np.uint8))
    return cells, known


def cell_centers(orders: _Longs, cells: _Longs) -> tuple[_Doubles, _Mask]:
    """Give the centre of each cell, shape (n, 2), and where there is one."""
    from cdshealpix.nested import healpix_to_lonlat

    in_orders = (orders >= 0) & (orders <= FINEST_ORDER)
    count = np.int64(12) << 2 * np.where(in_orders, orders, 0)
    known = in_orders & (cells >= 0) & (cells < count)
    centers = np.zeros((len(cells), 2))
    if known.any():
        lon, lat = healpix_to_lonlat(cells[known].astype(np.uint64), orders[known].astype(np.uint8))
        centers[known] = np.column_stack([lon.deg, lat.deg])
    return centers, known
