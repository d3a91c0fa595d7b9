"""Spatial coverage of records, and a position in it at which a search finds rows."""

from collections.abc import Iterable
from functools import lru_cache

__all__ = ["MOST_ORDER", "Cone", "coarse_map", "sample_cones"]

#: Right ascension, declination and radius of a circle, in degrees.
Cone = tuple[float, float, float]

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


def sample_cones(texts: Iterable[str]) -> dict[str, Cone]:
    """Return a circle around a cell of each of some ASCII MOCs, by their text; an empty one has none."""
    import numpy as np

    from core.sky.healpix import cell_centers

    # All at once: the units of astropy take longer than the arithmetic.
    found = [(text, order, cell) for text in set(texts) for order, cell in [_a_cell(text)] if cell is not None]
    orders = np.array([order for _, order, _ in found], dtype=np.int64)
    centers, _ = cell_centers(orders, np.array([cell for *_, cell in found], dtype=np.int64))
    return {
        text: (round(float(lon), 5), round(float(lat), 5), round(_RADIUS / 2**order + 0.001, 5))
        for (text, order, _), (lon, lat) in zip(found, centers, strict=True)
    }


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
