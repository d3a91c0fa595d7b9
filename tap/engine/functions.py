"""Kernels as functions of a DuckDB instance."""

from collections.abc import Iterable

import duckdb
from duckdb.func import ARROW, SPECIAL

from tap.kernels import KERNELS, Kernel

__all__ = ["register_functions"]


def register_functions(connection: duckdb.DuckDBPyConnection, kernels: Iterable[Kernel] = KERNELS.values()) -> None:
    """Give an instance the functions."""
<<<<<<< HEAD
    for kernel in kernels:
        # DuckDB gives a missing result for a missing argument by itself unless the function is "special".
        connection.create_function(
            kernel.name, kernel.function, list(kernel.arguments), kernel.result, type=ARROW, null_handling=SPECIAL
        )
=======
    for name, (function, parameters, result) in SKY_FUNCTIONS.items():
        connection.create_function(name, function, parameters, result, type=ARROW, null_handling=SPECIAL)


def _healpix_index(orders: Any, lon: Any, lat: Any) -> pa.Array:
    from core.sky.healpix import cell_indices

    cells, known = cell_indices(_whole(orders), _doubles(lon), _doubles(lat))
    return pa.array(cells, mask=~known)


def _healpix_center(orders: Any, cells: Any) -> pa.Array:
    from core.sky.healpix import cell_centers

    return _arrays(*cell_centers(_whole(orders), _whole(cells)))


def _epoch_prop(
    ra: Any, dec: Any, parallax: Any, pm_ra: Any, pm_dec: Any, velocity: Any, epoch: Any, wanted: Any
) -> pa.Array:
    from core.sky.epochs import propagated

    numbers = [_doubles(column) for column in (ra, dec, parallax, pm_ra, pm_dec, velocity, epoch, wanted)]
    years = numbers[7] - numbers[6]
    known = np.isfinite(numbers[0]) & (np.abs(numbers[1]) <= 90) & np.isfinite(years)
    safe = [np.where(known, column, 0.0) for column in numbers[:6]]
    result = propagated(np.column_stack(safe), np.where(known, years, 0.0))
    return _arrays(result, known)


def _comoving(redshifts: Any, hubble: Any, matter: Any) -> pa.Array:
    from core.sky.cosmology import comoving_megaparsecs

    return _numbers(comoving_megaparsecs(_doubles(redshifts), _doubles(hubble), _doubles(matter)))


def _distance_modulus(redshifts: Any, hubble: Any, matter: Any) -> pa.Array:
    from core.sky.cosmology import distance_moduli

    return _numbers(distance_moduli(_doubles(redshifts), _doubles(hubble), _doubles(matter)))


def _contains(inner_kind: Any, inner: Any, outer_kind: Any, outer: Any) -> pa.Array:
    from core.sky.regions import Region, contains, holds_positions

    polygon = _one_polygon(inner_kind, outer_kind, outer)
    if polygon is not None:  # many points, one polygon
        points = _column(inner)
        lon, lat = (_doubles(pc.list_element(points, i)) for i in (0, 1))
        known = np.isfinite(lon) & (np.abs(lat) <= 90)
        try:
            found = holds_positions(polygon, np.where(known, lon, 0.0), np.where(known, lat, 0.0))
        except ValueError:
            return pa.nulls(len(points), pa.bool_())
        return pa.array(found, mask=~known)

    def test(*values: Any) -> bool | None:
        return contains(Region(values[0], tuple(values[1])), Region(values[2], tuple(values[3])))

    return _row_by_row(test, pa.bool_(), inner_kind, inner, outer_kind, outer)


def _intersects(kind: Any, numbers: Any, other_kind: Any, other: Any) -> pa.Array:
    from core.sky.regions import Region, intersects

    def test(*values: Any) -> bool | None:
        return intersects(Region(values[0], tuple(values[1])), Region(values[2], tuple(values[3])))

    return _row_by_row(test, pa.bool_(), kind, numbers, other_kind, other)


def _area(kind: Any, numbers: Any) -> pa.Array:
    from core.sky.regions import Region, region_area

    return _row_by_row(lambda *values: region_area(Region(values[0], tuple(values[1]))), pa.float64(), kind, numbers)


def _center(kind: Any, numbers: Any) -> pa.Array:
    from core.sky.regions import Region, region_center

    def middle(*values: Any) -> tuple[float, float] | None:
        return region_center(Region(values[0], tuple(values[1])))

    return _row_by_row(middle, pa.list_(pa.float64(), 2), kind, numbers)


def _in_map(lon: Any, lat: Any, maps: Any) -> pa.Array:
    from core.sky.mocs import holds_positions

    longitudes, latitudes = _doubles(lon), _doubles(lat)
    texts = _column(maps).cast(pa.string()).dictionary_encode()
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

    return _row_by_row(made, pa.string(), kind, numbers, orders)


def _map_meets(one: Any, other: Any) -> pa.Array:
    from core.sky.mocs import meets

    return _row_by_row(meets, pa.bool_(), one, other)


def _map_within(inner: Any, outer: Any) -> pa.Array:
    from core.sky.mocs import lies_within

    return _row_by_row(lies_within, pa.bool_(), inner, outer)


def _map_area(maps: Any) -> pa.Array:
    from core.sky.mocs import sky_area

    return _row_by_row(sky_area, pa.float64(), maps)


def _one_polygon(inner_kind: Any, outer_kind: Any, outer: Any) -> Any:
    """Give the polygon that is the same in all rows in which the other shape is a point; none when it is not so."""
    from core.sky.regions import Region

    shapes = _column(outer)
    if not len(shapes) or shapes.null_count or set(pc.unique(_column(inner_kind)).to_pylist()) != {"point"}:
        return None
    if pc.unique(_column(outer_kind)).to_pylist() != ["polygon"]:
        return None
    first = shapes[0].as_py()
    sizes = pc.list_value_length(shapes)
    values = pc.list_flatten(shapes)
    if pc.min(sizes).as_py() != len(first) or pc.max(sizes).as_py() != len(first) or values.null_count:
        return None
    rows = values.to_numpy().reshape(len(shapes), len(first))
    polygon = Region("polygon", tuple(first))
    return polygon if polygon.is_whole and (rows == rows[0]).all() else None


def _row_by_row(function: Callable[..., Any], result: pa.DataType, *columns: Any) -> pa.Array:
    """Give what a function makes of each row; none where a value is missing or makes no sense."""
    values: list[Any] = []
    for row in zip(*(_column(column).to_pylist() for column in columns), strict=True):
        if any(cell is None or (isinstance(cell, list) and None in cell) for cell in row):
            values.append(None)
            continue
        try:
            values.append(function(*row))
        except ValueError:
            values.append(None)
    return pa.array(values, result)


def _column(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _doubles(column: Any) -> _Doubles:
    """Give numbers, with NaN for what is missing."""
    numbers: _Doubles = pc.fill_null(_column(column).cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
    return numbers


def _whole(column: Any) -> NDArray[np.int64]:
    """Give whole numbers, with -1, which is no cell and no order, for what is missing."""
    numbers: NDArray[np.int64] = pc.fill_null(_column(column).cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return numbers


def _numbers(values: _Doubles) -> pa.Array:
    return pa.array(values, mask=~np.isfinite(values))


def _arrays(values: _Doubles, known: _Mask) -> pa.Array:
    """Give a row of numbers for each row; NaN among them are missing."""
    elements = pa.array(values.ravel(), mask=np.isnan(values.ravel()))
    return pa.FixedSizeListArray.from_arrays(elements, values.shape[1], mask=pa.array(~known))


#: Each function with the types of its arguments (DuckDB's name for such lists has no public name) and its result.
SKY_FUNCTIONS: dict[str, tuple[Callable[..., pa.Array], list[Any], str]] = {
    "sky_area": (_area, ["VARCHAR", "DOUBLE[]"], "DOUBLE"),
    "sky_center": (_center, ["VARCHAR", "DOUBLE[]"], "DOUBLE[2]"),
    "sky_comoving": (_comoving, ["DOUBLE"] * 3, "DOUBLE"),
    "sky_contains": (_contains, ["VARCHAR", "DOUBLE[]"] * 2, "BOOLEAN"),
    "sky_distance_modulus": (_distance_modulus, ["DOUBLE"] * 3, "DOUBLE"),
    "sky_epoch_prop": (_epoch_prop, ["DOUBLE"] * 8, "DOUBLE[6]"),
    "sky_healpix_center": (_healpix_center, ["INTEGER", "BIGINT"], "DOUBLE[2]"),
    "sky_healpix_index": (_healpix_index, ["INTEGER", "DOUBLE", "DOUBLE"], "BIGINT"),
    "sky_in_map": (_in_map, ["DOUBLE", "DOUBLE", "VARCHAR"], "BOOLEAN"),
    "sky_intersects": (_intersects, ["VARCHAR", "DOUBLE[]"] * 2, "BOOLEAN"),
    "sky_map_area": (_map_area, ["VARCHAR"], "DOUBLE"),
    "sky_map_meets": (_map_meets, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "sky_map_of": (_map_of, ["VARCHAR", "DOUBLE[]", "INTEGER"], "VARCHAR"),
    "sky_map_within": (_map_within, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
}
>>>>>>> formats
