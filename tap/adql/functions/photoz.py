"""User-defined functions for photometric redshifts: AB magnitudes, fluxes, redshift errors, distances."""

import math
from collections.abc import Sequence

from sqlglot import exp

from tap.adql import tree
from tap.adql.domains import defined
from tap.adql.errors import QueryError
from tap.adql.functions.aggregates import median, nmad, quantile
from tap.adql.functions.densities import MEDIAN_OF_DENSITY, QUANTILE_OF_DENSITY
from tap.adql.functions.signatures import Function, udf
from tap.adql.functions.units import UnknownUnitError, conversion
from tap.adql.sqltree import call, cast_to, compare, number
from tap.adql.values import Value, numeric_column, require_number

__all__ = ["PHOTOZ_FUNCTIONS", "flux_density", "flux_density_error", "magnitude", "magnitude_error"]

_Arguments = Sequence[Value]

#: AB magnitude of 1 nJy: magnitudes are -2.5 lg(flux in erg/s/cm²/Hz) - 48.6 (Oke and Gunn 1983).
_ZERO_POINT = 31.4
_POGSON = 2.5 / math.log(10)
_OUTLIER = 0.15
_HUBBLE, _MATTER = 70.0, 0.3


def magnitude(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``pz_mag``."""
    flux = arguments[0]

    def of_positive(value: exp.Expr) -> exp.Expr:
        return compare(number(_ZERO_POINT), "-", compare(number(2.5), "*", call("log10", value)))

    sql = defined(_nanojanskys(flux, node), lambda value: compare(value, ">", number(0)), of_positive)
    return Value(sql, numeric_column("double", ucd=_of_band(flux, "phot.mag")), "number", node.at)


def magnitude_error(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``pz_mag_err``."""
    flux, error = arguments
    value, width = _nanojanskys(flux, node), _nanojanskys(error, node)
    sql = compare(number(_POGSON), "*", compare(width, "/", value))
    ucd = _of_band(flux, "stat.error;phot.mag")
    return Value(_if_positive(value, sql), numeric_column("double", ucd=ucd), "number", node.at)


def flux_density(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``pz_flux``."""
    magnitude = arguments[0]
    ucd = _of_band(magnitude, "phot.flux.density")
    return Value(_flux_of(magnitude, node), numeric_column("double", ucd=ucd), "number", node.at)


def flux_density_error(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``pz_flux_err``."""
    magnitude, error = arguments
    width = _double(_magnitude(error, node))
    sql = compare(_flux_of(magnitude, node), "*", compare(width, "/", number(_POGSON)))
    ucd = _of_band(magnitude, "stat.error;phot.flux.density")
    return Value(sql, numeric_column("double", ucd=ucd), "number", node.at)


def _delta_z(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    return Value(
        _normalised(arguments, node), numeric_column("double", ucd="stat.error;src.redshift"), "number", node.at
    )


def _outlier(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    threshold = require_number(arguments[2], node.function).sql if len(arguments) == 3 else number(_OUTLIER)
    truth = compare(call("abs", _normalised(arguments[:2], node)), ">", threshold)
    return Value(cast_to(truth, "INTEGER"), numeric_column("int", ucd="meta.code"), "number", node.at, truth=truth)


def _comoving(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    column = numeric_column("double", ucd="pos.distance")
    return Value(call("sky_comoving", *_cosmology(arguments, node)), column, "number", node.at)


def _distmod(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    column = numeric_column("double", ucd="phot.mag.distMod")
    return Value(call("sky_distance_modulus", *_cosmology(arguments, node)), column, "number", node.at)


def _cosmology(arguments: _Arguments, node: tree.Call) -> list[exp.Expr]:
    given = [_double(require_number(argument, node.function)) for argument in arguments]
    return given + [number(_HUBBLE), number(_MATTER)][len(given) - 1 :]


def _normalised(arguments: _Arguments, node: tree.Call) -> exp.Expr:
    photometric, true = (_double(require_number(argument, node.function)) for argument in arguments)
    scale = compare(number(1.0), "+", true)
    known = compare(scale, ">", number(0))
    ratio = compare(compare(photometric, "-", true), "/", scale)
    return exp.Case(ifs=[exp.If(this=known, true=ratio)])


def _nanojanskys(value: Value, node: tree.Call) -> exp.Expr:
    """Return a flux density in nJy; a number without a unit is taken to be in nJy."""
    require_number(value, node.function)
    if not value.column.unit or value.column.unit == "nJy":
        return _double(value)
    try:
        factor = conversion(value.column.unit, "nJy")
    except UnknownUnitError:
        factor = None
    if factor is None:
        advice = "flux densities are in nJy, uJy, mJy, Jy or the like"
        raise QueryError(f"{node.function} takes no values in {value.column.unit}", value.at, advice)
    return compare(_double(value), "*", number(factor))


def _magnitude(value: Value, node: tree.Call) -> Value:
    require_number(value, node.function)
    if value.column.unit and "mag" not in value.column.unit.lower():
        raise QueryError(f"{node.function} takes magnitudes, not values in {value.column.unit}", value.at)
    return value


def _flux_of(magnitude: Value, node: tree.Call) -> exp.Expr:
    power = compare(compare(number(_ZERO_POINT), "-", _double(_magnitude(magnitude, node))), "/", number(2.5))
    return call("pow", number(10.0), power)


def _if_positive(flux: exp.Expr, result: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=compare(flux, ">", number(0)), true=result)])


def _of_band(value: Value, ucd: str) -> str:
    """Return a UCD with the band of the argument's UCD: ``phot.mag;em.opt.I``."""
    words = (value.column.ucd or "").split(";")
    return ";".join([ucd, *(word for word in words if word.startswith("em."))])


def _double(value: Value) -> exp.Expr:
    return cast_to(value.sql, "DOUBLE")


#: Functions for photometric redshifts, in the order of capabilities.
PHOTOZ_FUNCTIONS: tuple[Function, ...] = (
    udf(
        "pz_mag",
        "flux DOUBLE",
        "DOUBLE",
        magnitude,
        "AB magnitude of a flux density, taken to be in nJy unless the column declares another unit; missing for "
        "fluxes that are not positive.",
        unit="mag",
    ),
    udf(
        "pz_mag_err",
        "flux DOUBLE, flux_err DOUBLE",
        "DOUBLE",
        magnitude_error,
        "Error of the AB magnitude of a flux density, 2.5 / ln(10) times the relative error; missing for fluxes that "
        "are not positive.",
        unit="mag",
    ),
    udf("pz_flux", "mag DOUBLE", "DOUBLE", flux_density, "Flux density in nJy of an AB magnitude.", unit="nJy"),
    udf(
        "pz_flux_err",
        "mag DOUBLE, mag_err DOUBLE",
        "DOUBLE",
        flux_density_error,
        "Error in nJy of the flux density of an AB magnitude with this error.",
        unit="nJy",
    ),
    udf(
        "pz_delta_z",
        "z_phot DOUBLE, z_spec DOUBLE",
        "DOUBLE",
        _delta_z,
        "Normalised error of a photometric redshift: (z_phot - z_spec) / (1 + z_spec).",
    ),
    udf(
        "pz_outlier",
        "z_phot DOUBLE, z_spec DOUBLE, threshold DOUBLE",
        "INTEGER",
        _outlier,
        "1 when the normalised error of a photometric redshift is larger than the threshold (0.15 unless it is given), "
        "else 0.",
        required=2,
    ),
    udf(
        "pz_median",
        "x DOUBLE",
        "DOUBLE",
        median,
        "Median of the values of a group.",
        aggregate=True,
        of_arrays=MEDIAN_OF_DENSITY,
    ),
    udf(
        "pz_quantile",
        "x DOUBLE, fraction DOUBLE",
        "DOUBLE",
        quantile,
        "Quantile of the values of a group at a constant fraction from 0 to 1, between two values by interpolation.",
        aggregate=True,
        of_arrays=QUANTILE_OF_DENSITY,
    ),
    udf(
        "pz_nmad",
        "x DOUBLE",
        "DOUBLE",
        nmad,
        "Normalised median absolute deviation of the values of a group: 1.4826 times the median of |x - median(x)|.",
        aggregate=True,
    ),
    udf(
        "pz_comoving",
        "z DOUBLE, h0 DOUBLE, omega_m DOUBLE",
        "DOUBLE",
        _comoving,
        "Comoving distance in Mpc of a redshift in a flat universe; h0 in km/s/Mpc is 70, omega_m 0.3 unless given.",
        required=1,
        unit="Mpc",
    ),
    udf(
        "pz_distmod",
        "z DOUBLE, h0 DOUBLE, omega_m DOUBLE",
        "DOUBLE",
        _distmod,
        "Distance modulus in mag of a redshift in a flat universe; h0 in km/s/Mpc is 70, omega_m 0.3 unless given.",
        required=1,
        unit="mag",
    ),
)
