"""Calls of our own functions for photo-z work: AB magnitudes and fluxes, errors of redshifts, distances."""

import math
from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from tap.adql import syntax as tree
from tap.adql.errors import QueryError
from tap.adql.sqltree import call, cast_to, compare, number
from tap.adql.units import UnknownUnitError, conversion
from tap.adql.values import Value, numeric_facts, require_number

__all__ = ["PHOTOZ_FUNCTIONS"]

_Arguments = Sequence[Value]

#: AB magnitude of 1 nJy: magnitudes are -2.5 lg(flux in erg/s/cm²/Hz) - 48.6 (Oke and Gunn 1983).
_ZERO_POINT = 31.4
_POGSON = 2.5 / math.log(10)
_OUTLIER = 0.15
_HUBBLE, _MATTER = 70.0, 0.3


def _mag(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    flux = arguments[0]
    value = _nanojanskys(flux, node)
    magnitude = compare(number(_ZERO_POINT), "-", compare(number(2.5), "*", call("log10", value)))
    return Value(
        _if_positive(value, magnitude), numeric_facts("double", "mag", _of_band(flux, "phot.mag")), "number", node.at
    )


def _mag_err(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    flux, error = arguments
    value, width = _nanojanskys(flux, node), _nanojanskys(error, node)
    sql = compare(number(_POGSON), "*", compare(width, "/", value))
    ucd = _of_band(flux, "stat.error;phot.mag")
    return Value(_if_positive(value, sql), numeric_facts("double", "mag", ucd), "number", node.at)


def _flux(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    magnitude = arguments[0]
    ucd = _of_band(magnitude, "phot.flux.density")
    return Value(_flux_of(magnitude, node), numeric_facts("double", "nJy", ucd), "number", node.at)


def _flux_err(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    magnitude, error = arguments
    width = _double(_magnitude(error, node))
    sql = compare(_flux_of(magnitude, node), "*", compare(width, "/", number(_POGSON)))
    ucd = _of_band(magnitude, "stat.error;phot.flux.density")
    return Value(sql, numeric_facts("double", "nJy", ucd), "number", node.at)


def _delta_z(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    return Value(
        _normalised(arguments, node), numeric_facts("double", ucd="stat.error;src.redshift"), "number", node.at
    )


def _outlier(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    threshold = require_number(arguments[2], node.function).sql if len(arguments) == 3 else number(_OUTLIER)
    truth = compare(call("abs", _normalised(arguments[:2], node)), ">", threshold)
    return Value(cast_to(truth, "INTEGER"), numeric_facts("int", ucd="meta.code"), "number", node.at, truth=truth)


def _comoving(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    facts = numeric_facts("double", "Mpc", "pos.distance")
    return Value(call("sky_comoving", *_universe(arguments, node)), facts, "number", node.at)


def _distmod(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    facts = numeric_facts("double", "mag", "phot.mag.distMod")
    return Value(call("sky_distance_modulus", *_universe(arguments, node)), facts, "number", node.at)


def _universe(arguments: _Arguments, node: tree.Call) -> list[exp.Expr]:
    given = [_double(require_number(argument, node.function)) for argument in arguments]
    return given + [number(_HUBBLE), number(_MATTER)][len(given) - 1 :]


def _normalised(arguments: _Arguments, node: tree.Call) -> exp.Expr:
    photometric, true = (_double(require_number(argument, node.function)) for argument in arguments)
    scale = compare(number(1.0), "+", true)
    known = compare(scale, ">", number(0))
    ratio = compare(compare(photometric, "-", true), "/", scale)
    return exp.Case(ifs=[exp.If(this=known, true=ratio)])


def _nanojanskys(value: Value, node: tree.Call) -> exp.Expr:
    """Bring a flux density to nJy; a number without a unit is taken as one."""
    require_number(value, node.function)
    if not value.facts.unit or value.facts.unit == "nJy":
        return _double(value)
    try:
        factor = conversion(value.facts.unit, "nJy")
    except UnknownUnitError:
        factor = None
    if factor is None:
        advice = "flux densities are in nJy, uJy, mJy, Jy or the like"
        raise QueryError(f"{node.function} takes no values in {value.facts.unit}", value.at, advice)
    return compare(_double(value), "*", number(factor))


def _magnitude(value: Value, node: tree.Call) -> Value:
    require_number(value, node.function)
    if value.facts.unit and "mag" not in value.facts.unit.lower():
        raise QueryError(f"{node.function} takes magnitudes, not values in {value.facts.unit}", value.at)
    return value


def _flux_of(magnitude: Value, node: tree.Call) -> exp.Expr:
    power = compare(compare(number(_ZERO_POINT), "-", _double(_magnitude(magnitude, node))), "/", number(2.5))
    return call("pow", number(10.0), power)


def _if_positive(flux: exp.Expr, result: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=compare(flux, ">", number(0)), true=result)])


def _of_band(value: Value, ucd: str) -> str:
    """Name the quantity in the band that the argument's UCD names: ``phot.mag;em.opt.I``."""
    words = (value.facts.ucd or "").split(";")
    return ";".join([ucd, *(word for word in words if word.startswith("em."))])


def _double(value: Value) -> exp.Expr:
    return cast_to(value.sql, "DOUBLE")


PHOTOZ_FUNCTIONS: Mapping[str, Callable[[_Arguments, tree.Call, bool], Value]] = {
    "pz_comoving": _comoving,
    "pz_delta_z": _delta_z,
    "pz_distmod": _distmod,
    "pz_flux": _flux,
    "pz_flux_err": _flux_err,
    "pz_mag": _mag,
    "pz_mag_err": _mag_err,
    "pz_outlier": _outlier,
}
