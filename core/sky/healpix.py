"""HEALPix cells, NESTED, of positions in degrees, and their centres (Górski et al. 2005; MOC 2.0 §2.3)."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FINEST_ORDER",
    "cell_centers",
    "cell_indices",
    "cell_range",
    "cells_around",
    "divided_cells",
    "divided_rows",
    "nested_indices",
    "ranges_of_cells",
]

#: Order of the index by which rows are sorted, at which a cell is 0.4 milliarcseconds wide.
FINEST_ORDER = 29

#: Values below which threads take longer to start than to compute.
_FEW = 10_000

_Doubles = NDArray[np.float64]
_Longs = NDArray[np.int64]
_Mask = NDArray[np.bool_]


def nested_indices(lon: _Doubles, lat: _Doubles) -> _Longs:
    """Return the cell of order 29 in which each position lies, the value of ``_healpix_29``.

    Parameters
    ----------
    lon, lat
        In degrees; longitudes of any number of turns.

    Returns
    -------
    The cells; -1 for positions that are none: a coordinate is not finite, or the latitude is beyond a pole.
    """
    known = _on_sky(lon, lat)
    if len(known) and known.all():
        return _hashed(lon, lat, FINEST_ORDER)
    cells = np.full(len(lon), -1, np.int64)
    if known.any():
        cells[known] = _hashed(lon[known], lat[known], FINEST_ORDER)
    return cells


def cell_indices(orders: _Longs, lon: _Doubles, lat: _Doubles) -> tuple[_Longs, _Mask]:
    """Return the cell in which each position lies.

    Returns
    -------
    The cells, and where there is one: not for orders beyond 0 to 29, nor for positions that are none.
    """
    known = (orders >= 0) & (orders <= FINEST_ORDER) & _on_sky(lon, lat)
    cells = np.zeros(len(lon), np.int64)
    if known.any():
        cells[known] = _hashed(lon[known], lat[known], orders[known].astype(np.uint8))
    return cells, known


def cell_centers(orders: _Longs, cells: _Longs) -> tuple[_Doubles, _Mask]:
    """Return the centre of each cell, shape (n, 2), and where there is one."""
    from cdshealpix.nested import healpix_to_lonlat

    in_orders = (orders >= 0) & (orders <= FINEST_ORDER)
    count = np.int64(12) << 2 * np.where(in_orders, orders, 0)
    known = in_orders & (cells >= 0) & (cells < count)
    centers = np.zeros((len(cells), 2))
    if known.any():
        lon, lat = healpix_to_lonlat(
            cells[known].astype(np.uint64), orders[known].astype(np.uint8), num_threads=_threads(len(cells))
        )
        centers[known] = np.column_stack([lon.deg, lat.deg])
    return centers, known


def ranges_of_cells(cells: _Longs, order: int) -> _Longs:
    """Return the cells of order 29 in cells of one order, in any number of times; negative ones are ignored.

    Returns
    -------
    Starts and ends of ranges, which are not included, shape (n, 2), in ascending order, none of which touch.
    """
    # numpy.unique hashes, which takes a hundred times as long as sorting for indices that are near each other.
    cells = np.sort(cells[cells >= 0])
    starts = np.flatnonzero(np.diff(cells, prepend=-2) > 1)
    ends = np.append(starts[1:], len(cells)) - 1 if len(starts) else starts
    ranges: _Longs = np.column_stack([cells[starts], cells[ends] + 1]) << 2 * (FINEST_ORDER - order)
    return ranges


def cell_range(order: int, cell: int) -> tuple[int, int]:
    """Return the first cell of order 29 in a cell, and the one beyond the last."""
    shift = 2 * (FINEST_ORDER - order)
    return cell << shift, (cell + 1) << shift


def divided_cells(count: Callable[[int, int], int], most: int, finest: int) -> Iterator[tuple[int, int, int]]:
    """Divide the sky into the largest cells with at most so many rows; those of the finest order may have more.

    Parameters
    ----------
    count
        Returns the number of rows in cells of order 29 from one to another (exclusive).

    Yields
    ------
    Order, cell, and its number of rows, for all cells from the first to the last, empty ones too.
    """
    waiting = [(0, cell) for cell in reversed(range(12))]
    while waiting:
        order, cell = waiting.pop()
        rows = count(*cell_range(order, cell))
        if rows <= most or order >= finest:
            yield order, cell, rows
        else:
            waiting.extend((order + 1, 4 * cell + child) for child in (3, 2, 1, 0))


def divided_rows(cells: _Longs, most: int, finest: int) -> Iterator[tuple[int, int, int, int]]:
    """Divide the sky as `divided_cells` does, given the sorted cells of order 29 of all rows.

    Yields
    ------
    Order, cell, and the numbers of its first row and of the one beyond its last.
    """

    def count(start: int, end: int) -> int:
        first, beyond = np.searchsorted(cells, [start, end])
        return int(beyond - first)

    first = int(np.searchsorted(cells, 0))
    for order, cell, rows in divided_cells(count, most, finest):
        yield order, cell, first, first + rows
        first += rows


def cells_around(order: int, cell: int, finer: int) -> _Longs:
    """Return the cells of a finer order that touch a cell from outside, in ascending order, shape (n,)."""
    from cdshealpix.nested import external_neighbours

    edges, corners = external_neighbours(np.array([cell], np.uint64), order, finer)
    around = np.sort(np.concatenate([edges.ravel(), corners.ravel()]).astype(np.int64))
    # A neighbour that does not exist, at some corners, is -1.
    found: _Longs = around[(around >= 0) & (np.diff(around, prepend=-1) > 0)]
    return found


def _threads(values: int) -> int:
    """Return the number of threads for so many values; 0 stands for one for each core."""
    return 1 if values < _FEW else 0


def _on_sky(lon: _Doubles, lat: _Doubles) -> _Mask:
    on_sky: _Mask = np.isfinite(lon) & (np.abs(lat) <= 90)
    return on_sky


def _hashed(lon: _Doubles, lat: _Doubles, orders: int | NDArray[np.uint8]) -> _Longs:
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import lonlat_to_healpix

    longitudes, latitudes = Longitude(np.mod(lon, 360.0), u.deg, copy=False), Latitude(lat, u.deg, copy=False)
    cells: _Longs = lonlat_to_healpix(longitudes, latitudes, orders, num_threads=_threads(len(lon))).astype(np.int64)
    return cells
