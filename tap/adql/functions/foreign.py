"""User-defined functions of other services, so that their published queries run here: ``scisql_…`` and ``gaia_…``."""

from collections.abc import Sequence

from sqlglot import exp

from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.functions.photoz import flux_density, flux_density_error, magnitude, magnitude_error
from tap.adql.functions.signatures import Function, udf
from tap.adql.geometry.predicates import distance
from tap.adql.geometry.shapes import point_of_numbers
from tap.adql.sqltree import cast_to, number
from tap.adql.values import Value, numeric_column, require_number

__all__ = ["FOREIGN_FUNCTIONS"]

_Arguments = Sequence[Value]

# The upper bits of a source_id of Gaia are the HEALPix index at this order, NESTED.
_GAIA_ORDER = 12
_GAIA_SHIFT = 35


def _gaia_index(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    order, source = (require_number(argument, node.function) for argument in arguments)
    if order.constant is None or not order.constant.is_integer() or not 0 <= order.constant <= _GAIA_ORDER:
        raise QueryError(f"{node.function} takes a constant order from 0 to {_GAIA_ORDER}", order.at)
    if source.column.datatype in {"float", "double"}:
        raise QueryError(f"{node.function} takes a whole number as source_id", source.at)
    shift = _GAIA_SHIFT + 2 * (_GAIA_ORDER - int(order.constant))
    sql = exp.BitwiseRightShift(this=cast_to(source.sql, "BIGINT"), expression=number(shift))
    return Value(exp.Paren(this=sql), numeric_column("long", ucd="pos.healpix"), "number", node.at)


def _separation(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    one = point_of_numbers(arguments[0], arguments[1], node.function)
    other = point_of_numbers(arguments[2], arguments[3], node.function)
    column = numeric_column("double", ucd="pos.angDistance")
    return Value(distance(one, other), column, "number", node.at, separation=(one, other))


#: Functions of other services, in the order of capabilities.
FOREIGN_FUNCTIONS: tuple[Function, ...] = (
    udf(
        "scisql_nanojanskyToAbMag",
        "flux DOUBLE",
        "DOUBLE",
        magnitude,
        "AB magnitude of a flux density in nJy, like pz_mag.",
        unit="mag",
    ),
    udf(
        "scisql_nanojanskyToAbMagSigma",
        "flux DOUBLE, flux_err DOUBLE",
        "DOUBLE",
        magnitude_error,
        "Error of the AB magnitude of a flux density in nJy, like pz_mag_err.",
        unit="mag",
    ),
    udf(
        "scisql_abMagToNanojansky",
        "mag DOUBLE",
        "DOUBLE",
        flux_density,
        "Flux density in nJy of an AB magnitude, like pz_flux.",
        unit="nJy",
    ),
    udf(
        "scisql_abMagToNanojanskySigma",
        "mag DOUBLE, mag_err DOUBLE",
        "DOUBLE",
        flux_density_error,
        "Error in nJy of the flux density of an AB magnitude, like pz_flux_err.",
        unit="nJy",
    ),
    udf(
        "scisql_angSep",
        "ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE, dec2 DOUBLE",
        "DOUBLE",
        _separation,
        "Angle between two positions in degrees, like DISTANCE.",
        unit="deg",
        cost="distance",
    ),
    udf(
        "gaia_healpix_index",
        "norder INTEGER, source_id BIGINT",
        "BIGINT",
        _gaia_index,
        "Index of the HEALPix cell, NESTED, of an order from 0 to 12 that a source_id of Gaia contains.",
    ),
)
