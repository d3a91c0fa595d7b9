"""Search of products by sky coverage: footprints that contain a position or overlap a region (IVOA MOC 2.0)."""

import re
from threading import Lock
from time import monotonic
from typing import Any

import numpy as np
from sqlalchemy import func, select

from core.database import Database, in_parts
from core.errors import InvalidValueError
from core.sky.healpix import FINEST_ORDER, nested_indices
from products.schema import ProductRow, ProductTableRow
from products.search.positions import PositionReader, position_of_text

__all__ = ["CoverageService", "Region", "region_of_circle", "region_of_moc", "region_of_text"]

#: Sorted, disjoint ranges of NESTED indices at order 29: an array of two columns, the end excluded.
Region = np.ndarray

_CIRCLE_ORDER = 12
_LONGEST_MOC = 200_000
_MOC = re.compile(r"\s*\d{1,2}/[\d\s,/-]*")
_LOOK_SECONDS = 60.0

#: Changes whenever a product or its rows change; differing clocks of several servers may delay that.
_STAMP = select(
    select(func.max(ProductRow.updated_at)).scalar_subquery(),
    select(func.count()).select_from(ProductTableRow).scalar_subquery(),
    select(func.sum(ProductTableRow.product_id)).scalar_subquery(),
)


def region_of_circle(ra: float, dec: float, radius: float = 0.0) -> Region:
    """Return the region of a circle, or of one position, all in degrees (ICRS).

    Raises
    ------
    InvalidValueError
        It is not on the sphere.
    """
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

    if not (0 <= ra <= 360 and -90 <= dec <= 90 and 0 <= radius <= 180):
        message = f"'{ra:g} {dec:g} {radius:g}' is not on the sky: right ascension, declination and radius in degrees."
        raise InvalidValueError(message, field="covers")
    if not radius:
        cells = nested_indices(np.array([ra]), np.array([dec]))
        return np.column_stack([cells, cells + 1])
    moc = MOC.from_cone(Longitude(ra, u.deg), Latitude(dec, u.deg), radius=radius * u.deg, max_depth=_CIRCLE_ORDER)
    return _ranges(moc)


def region_of_text(text: str, read: PositionReader = position_of_text) -> Region:
    """Parse a position or a circle: right ascension, declination and an optional radius (see `position_of_text`).

    Raises
    ------
    InvalidValueError
        The text cannot be parsed.
    """
    return region_of_circle(*read(text))


def region_of_moc(text: str) -> Region:
    """Parse a region from an ASCII MOC.

    Raises
    ------
    InvalidValueError
        The text cannot be parsed.
    """
    from mocpy import MOC

    message = f"'{text[:40]}' is not an ASCII MOC such as 5/10-12 6/77."
    if len(text) > _LONGEST_MOC or not _MOC.fullmatch(text):
        raise InvalidValueError(message, field="overlaps")
    orders = re.findall(r"(\d+)/([\d\s,-]*)", text)
    for order, cells in orders:
        highest = 12 * 4 ** int(order) if int(order) <= FINEST_ORDER else 0
        if any(int(cell[:20]) >= highest for cell in re.findall(r"\d+", cells)):
            raise InvalidValueError(message, field="overlaps")
    try:
        return _ranges(MOC.from_string(text.replace(",", " "), format="ascii"))
    except (ValueError, OSError) as e:
        raise InvalidValueError(message, field="overlaps") from e


class CoverageService:
    """Search products by their footprints, which are cached in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._kept: dict[int, tuple[str, Region]] = {}
        self._all: tuple[Region, np.ndarray] | None = None
        self._stamp: tuple[object, ...] = ()
        self._looked = 0.0

    def overlapping(self, region: Region) -> tuple[int, ...]:
        """Return the numbers of all products whose footprints overlap a region.

        The access rule is not applied here: the numbers are meant for ``ProductQuery.numbers``.
        """
        with self._lock:
            ranges, numbers = self._current()
        if not len(region) or not len(ranges):
            return ()
        # The last range of the region that begins before a footprint's ends is the only one that can reach into it.
        before = np.searchsorted(region[:, 0], ranges[:, 1], side="left") - 1
        meets = (before >= 0) & (region[np.maximum(before, 0), 1] > ranges[:, 0])
        return tuple(np.unique(numbers[meets]).tolist())

    def _current(self) -> tuple[Region, np.ndarray]:
        from mocpy import MOC

        with self._database.read() as session:
            stamp = tuple(session.execute(_STAMP).one())
            if self._all is not None and stamp == self._stamp and monotonic() - self._looked < _LOOK_SECONDS:
                return self._all
            known = select(ProductTableRow.product_id, ProductTableRow.stored_id)
            known = known.where(ProductTableRow.footprint.is_not(None))
            current: dict[int, str] = dict(session.execute(known).all())
            stale = [key for key, stored in current.items() if self._kept.get(key, ("",))[0] != stored]
            gone = self._kept.keys() - current.keys()
            for some in in_parts(stale):
                rows = session.execute(
                    select(ProductTableRow.product_id, ProductTableRow.stored_id, ProductTableRow.footprint).where(
                        ProductTableRow.product_id.in_(some)
                    )
                )
                for key, stored, footprint in rows:
                    self._kept[key] = (stored, _ranges(MOC.from_string(footprint, format="ascii")))
        for key in gone:
            del self._kept[key]
        if stale or gone or self._all is None:
            parts = [ranges for _, ranges in self._kept.values()]
            numbers = np.repeat(np.array([*self._kept], dtype=np.int64), [len(part) for part in parts])
            self._all = (np.concatenate(parts) if parts else np.empty((0, 2), dtype=np.int64), numbers)
        self._stamp, self._looked = stamp, monotonic()
        return self._all


def _ranges(moc: Any) -> Region:  # mocpy ships no types
    return np.asarray(moc.to_depth29_ranges, dtype=np.int64).reshape(-1, 2)
