"""Crossmatches of a product with a table in memory or with another product; the server finds the pairs.

Of a table in memory only numbers and positions are sent; its columns are put beside the rows that were found.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeGuard

from pzserver.errors import InvalidValueError
from pzserver.tables.adql import delimited
from pzserver.tables.frames import arrow_table
from pzserver.tables.results import QueryResult
from pzserver.tables.rows import TableRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import pyarrow as pa
    from astropy.coordinates import Angle, SkyCoord
    from astropy.units import Quantity
    from numpy.typing import NDArray

    from pzserver.tables.columns import ColumnList
    from pzserver.tables.frames import TableLike
    from pzserver.tables.query_uploads import QueryUploads

__all__ = ["Pairs", "Radius", "SkyTable", "crossmatch"]

#: ``nearest`` for at most one row of the product for each one of the other table, or ``all``.
Pairs: TypeAlias = Literal["nearest", "all"]
Radius: TypeAlias = "Quantity | Angle | str"

_Columns: TypeAlias = "tuple[Sequence[pa.ChunkedArray], Sequence[pa.Field]]"

_SEPARATION = "separation"
_ROW = "pz_row"
#: Names of columns of positions that are recognised, in pairs.
_NAMES = (
    ("ra", "dec"),
    ("raj2000", "dej2000"),
    ("ra_j2000", "dec_j2000"),
    ("ra_icrs", "de_icrs"),
    ("ra_icrs", "dec_icrs"),
    ("ra_deg", "dec_deg"),
    ("coord_ra", "coord_dec"),
    ("alpha_j2000", "delta_j2000"),
    ("right_ascension", "declination"),
    ("alpha", "delta"),
)


class SkyTable(Protocol):
    """A table of the server with positions: a product."""

    @property
    def table_name(self) -> str:
        """Name of the table in queries."""

    @property
    def columns(self) -> ColumnList:
        """Columns of the table."""

    def positions(self, what_for: str) -> tuple[str, str]:
        """Return the columns of positions, or raise ValueError."""

    def query(
        self,
        adql: str,
        *,
        upload: QueryUploads | None = None,
        run_async: bool = False,
        progress: bool = False,
    ) -> QueryResult:
        """Run a query, in which ``{table}`` is this table."""


def crossmatch(
    product: SkyTable,
    other: TableLike | SkyCoord | SkyTable | str | Path,
    radius: Radius,
    *,
    pairs: Pairs = "nearest",
    columns: Iterable[str] | None = None,
    positions: tuple[str, str] | None = None,
    run_async: bool = False,
    progress: bool = False,
) -> QueryResult:
    """Return the rows of another table, each with the rows of a product within a radius; see `Product.crossmatch`."""
    if pairs not in {"nearest", "all"}:
        raise InvalidValueError(f"pairs='{pairs}' is neither 'nearest' nor 'all'.")
    degrees = _degrees(radius)
    chosen = product.columns.names if columns is None else tuple(product.columns[name].name for name in columns)
    side = _side(other, positions)
    p_ra, p_dec = (f"p.{delimited(name)}" for name in product.positions("be crossmatched"))
    distance = f"DISTANCE({side.ra}, {side.dec}, {p_ra}, {p_dec})"
    selected = [*side.selected, *(f"p.{delimited(name)} AS p_{i}" for i, name in enumerate(chosen))]
    query = (
        f"SELECT {', '.join(selected)}, {distance} * 3600 AS {_SEPARATION} "  # noqa: S608 - all quoted
        f"FROM {side.source} AS o JOIN {{table}} AS p ON {distance} <= {degrees!r}"
    )
    result = product.query(query, upload=side.upload, run_async=run_async, progress=progress)
    found = _ordered(result.to_arrow(), [f"k_{i}" for i in range(side.keys)], nearest=pairs == "nearest")
    others, other_fields = side.taken(found)
    names = {field.name for field in other_fields}
    own = [(found.column(f"p_{i}"), _field(found, f"p_{i}", name, names)) for i, name in enumerate(chosen)]
    last = (found.column(_SEPARATION), _field(found, _SEPARATION, _SEPARATION, {*names, *chosen}, b"arcsec"))
    return _result([*zip(others, other_fields, strict=True), *own, last], overflow=result.overflow)


class _SentTable:
    """A table in memory, of which numbers of rows and positions are sent."""

    source = "TAP_UPLOAD.positions"
    ra, dec = "o.ra", "o.dec"
    selected = (f"o.{_ROW} AS k_0",)
    keys = 1

    def __init__(self, table: pa.Table, positions: tuple[str, str] | None) -> None:
        self._table = table
        self.upload: QueryUploads | None = {"positions": _positions(table, positions)}

    def taken(self, found: pa.Table) -> _Columns:
        rows = self._table.take(found.column("k_0"))
        return rows.columns, list(rows.schema)


class _JoinedProduct:
    """Another product, which the server joins; a row is known by its identifier, or by its position without one."""

    upload: QueryUploads | None = None

    def __init__(self, product: SkyTable) -> None:
        self._names = product.columns.names
        positions = product.positions("be crossmatched")
        self.source = product.table_name
        self.ra, self.dec = (f"o.{delimited(name)}" for name in positions)
        known = [column.name for column in product.columns if (column.meaning or "").upper() == "ID"]
        keys = known[:1] or positions
        self.keys = len(keys)
        self.selected = (
            *(f"o.{delimited(name)} AS k_{i}" for i, name in enumerate(keys)),
            *(f"o.{delimited(name)} AS o_{i}" for i, name in enumerate(self._names)),
        )

    def taken(self, found: pa.Table) -> _Columns:
        fields = [found.schema.field(f"o_{i}").with_name(name) for i, name in enumerate(self._names)]
        return [found.column(f"o_{i}") for i in range(len(self._names))], fields


def _side(
    other: TableLike | SkyCoord | SkyTable | str | Path, positions: tuple[str, str] | None
) -> _SentTable | _JoinedProduct:
    import numpy as np

    from pzserver.tables.readers import read_table

    if _is_sky_table(other):
        return _JoinedProduct(other)
    if hasattr(other, "icrs"):
        sky = other.icrs
        other = {"ra": np.atleast_1d(sky.ra.deg), "dec": np.atleast_1d(sky.dec.deg)}
    return _SentTable(arrow_table(read_table(Path(other), {}) if isinstance(other, str | Path) else other), positions)


def _is_sky_table(value: object) -> TypeGuard[SkyTable]:
    return isinstance(value, TableRows) and hasattr(value, "positions")


def _degrees(radius: Radius) -> float:
    from astropy.coordinates import Angle
    from astropy.units import UnitsError

    try:
        degrees = float(Angle(radius).deg)
    except (UnitsError, ValueError, TypeError) as e:
        message = f"radius={radius!r} is not an angle; give it with its unit, as '1 arcsec' or 1 * u.arcsec."
        raise InvalidValueError(message) from e
    if not 0 < degrees <= 180:
        raise InvalidValueError(f"radius={radius!r} is not an angle between 0 and 180 degrees.")
    return degrees


def _positions(table: pa.Table, named: tuple[str, str] | None) -> pa.Table:
    """Return the numbers of rows with a position, and their positions in degrees."""
    import numpy as np
    import pyarrow as pa

    ra, dec = (_in_degrees(table, name) for name in named or _guessed(table))
    rows = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    return pa.table({_ROW: rows, "ra": ra[rows], "dec": dec[rows]})


def _guessed(table: pa.Table) -> tuple[str, str]:
    """Return the columns of positions: those whose UCDs say so, or those with usual names."""
    ucds = {field.name: (field.metadata or {}).get(b"ucd", b"").decode().lower() for field in table.schema}
    for end in (";meta.main", ""):
        found = [[name for name, ucd in ucds.items() if ucd == f"pos.eq.{axis}{end}"] for axis in ("ra", "dec")]
        if all(found):
            return found[0][0], found[1][0]
    lower = {name.lower(): name for name in table.column_names}
    for ra, dec in _NAMES:
        if ra in lower and dec in lower:
            return lower[ra], lower[dec]
    names = ", ".join(table.column_names)
    raise InvalidValueError(f"The positions are not known among the columns {names}; give positions=('ra', 'dec').")


def _in_degrees(table: pa.Table, name: str) -> NDArray[np.float64]:
    import numpy as np
    import pyarrow as pa
    from astropy.units import Unit

    if name not in table.column_names:
        raise InvalidValueError(f"There is no column '{name}'; there are {', '.join(table.column_names)}.")
    try:
        values = np.asarray(table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowException as e:
        raise InvalidValueError(f"The column '{name}' does not hold numbers, so it is no coordinate.") from e
    unit = (table.schema.field(name).metadata or {}).get(b"unit", b"deg").decode()
    scale: NDArray[np.float64] = values * float(Unit(unit).to("deg")) if unit != "deg" else values
    return scale


def _ordered(found: pa.Table, keys: Sequence[str], *, nearest: bool) -> pa.Table:
    """Return the pairs by key and separation; the first ones of each key alone, if only the nearest are wanted."""
    import numpy as np

    found = found.sort_by([(name, "ascending") for name in (*keys, _SEPARATION)])
    if not nearest or not found.num_rows:
        return found
    values = [found.column(name).to_numpy() for name in keys]
    is_first = np.ones(found.num_rows, dtype=bool)
    is_first[1:] = np.logical_or.reduce([each[1:] != each[:-1] for each in values])
    return found.filter(is_first)


def _field(found: pa.Table, stored: str, name: str, taken: set[str], unit: bytes | None = None) -> pa.Field:
    """Return the field of a column under its own name, or with a number where the other table has that name."""
    field, number = found.schema.field(stored), 2
    if unit is not None:
        field = field.with_metadata({b"unit": unit, b"ucd": b"pos.angDistance"})
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return field.with_name(free)


def _result(columns: Sequence[tuple[pa.ChunkedArray, pa.Field]], *, overflow: bool) -> QueryResult:
    import pyarrow as pa

    arrays, fields = zip(*columns, strict=True)
    return QueryResult(pa.Table.from_arrays(list(arrays), schema=pa.schema(fields)), overflow=overflow)
