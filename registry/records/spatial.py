"""Spatial coverage of records, and a position in it at which a search finds rows."""

from functools import lru_cache

__all__ = ["MOST_ORDER", "coarse_map", "sample_cone"]

#: Order of the cells of the coverage of a record: 14 arcminutes.
MOST_ORDER = 8

#: The longest distance from the centre of a cell of order 0 to its rim, in degrees, which halves with each order.
_RADIUS = 60.0


@lru_cache(maxsize=4096)
def coarse_map(text: str) -> str:
    """Return an ASCII MOC with cells of order 8 at most; they cover all that the map covers."""
    from mocpy import MOC

    found = MOC.from_string(text, format="ascii")
    if found.max_order > MOST_ORDER:
        found = found.degrade_to_order(MOST_ORDER)
    return " ".join(found.to_string(format="ascii").split())


@lru_cache(maxsize=4096)
def sample_cone(text: str) -> tuple[float, float, float] | None:
    """Return right ascension, declination and radius, in degrees, of a circle around a cell of an ASCII MOC."""
    import numpy as np

    from core.sky.healpix import cell_centers

    order, cell = _a_cell(text)
    if cell is None:
        return None
    centers, _ = cell_centers(np.array([order]), np.array([cell]))
    lon, lat = (round(float(value), 5) for value in centers[0])
    return lon, lat, round(_RADIUS / 2**order + 0.001, 5)


def _a_cell(text: str) -> tuple[int, int | None]:
    """Return the first of the smallest cells."""
    order = 0
    found: tuple[int, int | None] = (0, None)
    for word in text.replace(",", " ").split():
        prefix, slash, cells = word.rpartition("/")
        if slash:
            order = int(prefix)
        if cells and (found[1] is None or order > found[0]):
            found = order, int(cells.partition("-")[0])
    return found
