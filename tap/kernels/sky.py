"""Kernels of the sphere: HEALPix cells, shapes, coverage maps, space motion, cosmological distances.

The arithmetic is in `core.sky`, imported when the first query calls it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tap.kernels.arrays import as_array, as_doubles, as_integers, as_matrix, from_doubles, from_rows, row_by_row
from tap.kernels.kernel import Kernel

__all__ = ["SKY_KERNELS"]


def _healpix_index(orders: Any, lon: Any, lat: Any) -> pa.Array:
    from core.sky.healpix import cell_indices

    cells, known = cell_indices(as_integers(orders), as_doubles(lon), as_doubles(lat))
    return pa.array(cells, mask=~known)


def _healpix_center(orders: Any, cells: Any) -> pa.Array:
    from core.sky.healpix import cell_centers

    return from_rows(*cell_centers(as_integers(orders), as_integers(cells)))


def _epoch_prop(
    ra: Any, dec: Any, parallax: Any, pm_ra: Any, pm_dec: Any, velocity: Any, epoch: Any, wanted: Any
) -> pa.Array:
    from core.sky.epochs import propagated

    numbers = [as_doubles(column) for column in (ra, dec, parallax, pm_ra, pm_dec, velocity, epoch, wanted)]
    years = numbers[7] - numbers[6]
    known = np.isfinite(numbers[0]) & (np.abs(numbers[1]) <= 90) & np.isfinite(years)
    safe = [np.where(known, column, 0.0) for column in numbers[:6]]
    result = propagated(np.column_stack(safe), np.where(known, years, 0.0))
    return from_rows(result, known)


def _comoving(redshifts: Any, hubble: Any, matter: Any) -> pa.Array:
    from core.sky.cosmology import comoving_megaparsecs

    return from_doubles(comoving_megaparsecs(as_doubles(redshifts), as_doubles(hubble), as_doubles(matter)))


def _distance_modulus(redshifts: Any, hubble: Any, matter: Any) -> pa.Array:
    from core.sky.cosmology import distance_moduli

    return from_doubles(distance_moduli(as_doubles(redshifts), as_doubles(hubble), as_doubles(matter)))


def _contains(inner_kind: Any, inner: Any, outer_kind: Any, outer: Any) -> pa.Array:
    from core.sky.regions import Region, contains, holds_positions

    polygon = _one_polygon(inner_kind, outer_kind, outer)
    if polygon is not None:  # many points, one polygon
        points = as_array(inner)
        lon, lat = (as_doubles(pc.list_element(points, i)) for i in (0, 1))
        known = np.isfinite(lon) & (np.abs(lat) <= 90)
        try:
            found = holds_positions(polygon, np.where(known, lon, 0.0), np.where(known, lat, 0.0))
        except ValueError:
            return pa.nulls(len(points), pa.bool_())
        return pa.array(found, mask=~known)

    def test(*values: Any) -> bool | None:
        return contains(Region(values[0], tuple(values[1])), Region(values[2], tuple(values[3])))

    return row_by_row(test, pa.bool_(), inner_kind, inner, outer_kind, outer)


def _intersects(kind: Any, numbers: Any, other_kind: Any, other: Any) -> pa.Array:
    from core.sky.regions import Region, intersects

    def test(*values: Any) -> bool | None:
        return intersects(Region(values[0], tuple(values[1])), Region(values[2], tuple(values[3])))

    return row_by_row(test, pa.bool_(), kind, numbers, other_kind, other)


def _area(kind: Any, numbers: Any) -> pa.Array:
    from core.sky.regions import Region, region_area

    return row_by_row(lambda *values: region_area(Region(values[0], tuple(values[1]))), pa.float64(), kind, numbers)


def _center(kind: Any, numbers: Any) -> pa.Array:
    from core.sky.regions import Region, region_center

    def middle(*values: Any) -> tuple[float, float] | None:
        return region_center(Region(values[0], tuple(values[1])))

    return row_by_row(middle, pa.list_(pa.float64(), 2), kind, numbers)


def _transform(sources: Any, wanted: Any, kinds: Any, numbers: Any) -> pa.Array:
    from core.sky.frames import FRAMES, rotated

    lists = as_array(numbers)
    pairs = (as_array(column).unique().to_pylist() for column in (sources, wanted, kinds))
    frames = [values[0] if len(values) == 1 else None for values in pairs]  # constants of the query
    if frames[0] not in FRAMES or frames[1] not in FRAMES or frames[2] is None:
        return pa.nulls(len(lists), pa.list_(pa.float64()))
    width = 3 if frames[2] == "circle" else 2
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    known = pa.array(sizes % width == 0) if len(sizes) else pa.array([], pa.bool_())
    lists = pc.if_else(pc.and_(known, lists.is_valid()), lists, pa.scalar(None, lists.type))
    values = as_doubles(pc.list_flatten(lists)).reshape(-1, width).copy()
    values[:, :2] = rotated(frames[0], frames[1], values[:, :2])
    offsets = np.concatenate(([0], np.cumsum(np.where(lists.is_valid().to_numpy(zero_copy_only=False), sizes, 0))))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values.ravel(), mask=lists.is_null())


def _in_map(lon: Any, lat: Any, maps: Any) -> pa.Array:
    from core.sky.mocs import holds_positions

    longitudes, latitudes = as_doubles(lon), as_doubles(lat)
    texts = as_array(maps).cast(pa.string()).dictionary_encode()
    places = pc.fill_null(texts.indices, -1).to_numpy(zero_copy_only=False)
    found, known = np.zeros(len(longitudes), bool), np.zeros(len(longitudes), bool)
    for number, text in enumerate(texts.dictionary.to_pylist()):
        rows = places == number
        try:
            found[rows] = holds_positions(text, longitudes[rows], latitudes[rows])
        except ValueError:
            continue
        known[rows] = np.isfinite(longitudes[rows]) & (np.abs(latitudes[rows]) <= 90)
    return pa.array(found, mask=~known)


def _map_of(kind: Any, numbers: Any, orders: Any) -> pa.Array:
    from core.sky.mocs import map_of_region
    from core.sky.regions import Region

    def made(*values: Any) -> str:
        return map_of_region(Region(values[0], tuple(values[1])), None if values[2] < 0 else values[2])

    return row_by_row(made, pa.string(), kind, numbers, orders)


def _map_meets(one: Any, other: Any) -> pa.Array:
    from core.sky.map_comparisons import meet
    from core.sky.mocs import meets

    for constant, varying in ((one, other), (other, one)):
        found = _with_constant(meet, constant, varying)
        if found is not None:
            return found
    return row_by_row(meets, pa.bool_(), one, other)


def _map_within(inner: Any, outer: Any) -> pa.Array:
    from core.sky.map_comparisons import hold, lie_within
    from core.sky.mocs import lies_within

    found = _with_constant(lambda text, outers: hold(outers, text), inner, outer)
    if found is None:
        found = _with_constant(lambda text, inners: lie_within(inners, text), outer, inner)
    return row_by_row(lies_within, pa.bool_(), inner, outer) if found is None else found


def _with_constant(compare: Callable[[str, list[str]], Any], constant: Any, varying: Any) -> pa.Array | None:
    """Return the comparisons of a constant map with those of all rows; None without one, or when a text is no map."""
    maps, others = as_array(constant), as_array(varying)
    if not len(maps) or maps.null_count or len(pc.unique(maps)) > 1:
        return None
    known = pc.drop_null(others)
    try:
        found = compare(maps[0].as_py(), known.to_pylist())
    except ValueError:  # which one it is, is found row by row
        return None
    values = np.zeros(len(others), bool)
    is_known = others.is_valid().to_numpy(zero_copy_only=False)
    values[is_known] = found
    return pa.array(values, mask=~is_known)


def _map_area(maps: Any) -> pa.Array:
    from core.sky.mocs import sky_area

    return row_by_row(sky_area, pa.float64(), maps)


def _one_polygon(inner_kind: Any, outer_kind: Any, outer: Any) -> Any:
    """Return the polygon when all rows have the same one and the other shape is a point; else None."""
    from core.sky.regions import Region

    shapes = as_array(outer)
    if not len(shapes) or shapes.null_count or set(pc.unique(as_array(inner_kind)).to_pylist()) != {"point"}:
        return None
    if pc.unique(as_array(outer_kind)).to_pylist() != ["polygon"]:
        return None
    rows = as_matrix(shapes)
    if rows is None:
        return None
    polygon = Region("polygon", tuple(rows[0].tolist()))
    return polygon if polygon.is_whole and (rows == rows[0]).all() else None


_SHAPE = ("VARCHAR", "DOUBLE[]")  # kind and numbers

#: Kernels of the sphere.
SKY_KERNELS: tuple[Kernel, ...] = (
    Kernel("sky_area", _area, _SHAPE, "DOUBLE"),
    Kernel("sky_center", _center, _SHAPE, "DOUBLE[2]"),
    Kernel("sky_comoving", _comoving, ("DOUBLE",) * 3, "DOUBLE"),
    Kernel("sky_contains", _contains, _SHAPE * 2, "BOOLEAN"),
    Kernel("sky_distance_modulus", _distance_modulus, ("DOUBLE",) * 3, "DOUBLE"),
    Kernel("sky_epoch_prop", _epoch_prop, ("DOUBLE",) * 8, "DOUBLE[6]"),
    Kernel("sky_healpix_center", _healpix_center, ("INTEGER", "BIGINT"), "DOUBLE[2]"),
    Kernel("sky_healpix_index", _healpix_index, ("INTEGER", "DOUBLE", "DOUBLE"), "BIGINT"),
    Kernel("sky_in_map", _in_map, ("DOUBLE", "DOUBLE", "VARCHAR"), "BOOLEAN"),
    Kernel("sky_intersects", _intersects, _SHAPE * 2, "BOOLEAN"),
    Kernel("sky_map_area", _map_area, ("VARCHAR",), "DOUBLE"),
    Kernel("sky_map_meets", _map_meets, ("VARCHAR", "VARCHAR"), "BOOLEAN"),
    Kernel("sky_map_of", _map_of, (*_SHAPE, "INTEGER"), "VARCHAR"),
    Kernel("sky_transform", _transform, ("VARCHAR", "VARCHAR", *_SHAPE), "DOUBLE[]"),
    Kernel("sky_map_within", _map_within, ("VARCHAR", "VARCHAR"), "BOOLEAN"),
)
