"""User-defined functions of p(z): values, quantiles, moments and scores of each density, and N(z) of a group.

The column's metadata have the form of its arrays, which the kernels of `tap.kernels.photoz` get beside the arrays.
Dot products of lists in SQL would be no faster (300 000 objects on 301 points, guarded against arrays of other lengths
and missing elements: 3.2 s of processor time against 2.6 s), and serve two forms alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from core.columns import DENSITY_UTYPE, Column
from core.photoz.forms import DensityForm
from tap.adql import tree
from tap.adql.errors import QueryError
from tap.adql.functions.signatures import Compile, Function, udf
from tap.adql.sqltree import call, cast_to, number, string
from tap.adql.values import Value, numeric_column, require_number
from tap.kernels.photoz import form_number

__all__ = ["DENSITY_FUNCTIONS", "MEDIAN_OF_DENSITY", "QUANTILE_OF_DENSITY"]

_Arguments = Sequence[Value]

#: Forms with a grid that all objects share, and on which their densities can be added.
_GRIDDED = frozenset({"interp", "hist"})
_MOST_POINTS = 1_000
_ODDS = 0.06

_REDSHIFT = "src.redshift.phot"
_PROBABILITY = "stat.probability"


def _of_number(kernel: str, ucd: str) -> Compile:
    """Return the compiler of a function of a density and a redshift."""

    def compiled(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
        z = _double(require_number(arguments[1], node.function))
        return _number(_kernel(kernel, arguments[0], _form(arguments[0], node), z), ucd, node)

    return compiled


def _probability(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    limits = [_double(require_number(limit, node.function)) for limit in arguments[1:]]
    return _number(_kernel("probability", arguments[0], _form(arguments[0], node), *limits), _PROBABILITY, node)


def _quantile(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    pdf, fraction = arguments[0], require_number(arguments[1], node.function)
    if fraction.constant is not None and not 0 <= fraction.constant <= 1:
        raise QueryError(f"{node.function} takes a fraction from 0 to 1", fraction.at)
    sql = _kernel("quantile", pdf, _form(pdf, node), _double(fraction))
    return _number(sql, f"{_REDSHIFT};stat.interval", node)


def _median(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    sql = _kernel("quantile", arguments[0], _form(arguments[0], node), number(0.5))
    return _number(sql, f"{_REDSHIFT};stat.median", node)


def _of_density(kernel: str, ucd: str) -> Compile:
    """Return the compiler of a function of a density alone."""

    def compiled(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
        return _number(_kernel(kernel, arguments[0], _form(arguments[0], node)), ucd, node)

    return compiled


def _odds(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    given = len(arguments) == 2
    width = _double(require_number(arguments[1], node.function)) if given else number(_ODDS)
    return _number(_kernel("odds", arguments[0], _form(arguments[0], node), width), _PROBABILITY, node)


def _stacked(arguments: _Arguments, node: tree.Call, _: bool) -> Value:
    """Compile ``pz_nz``: a sum for each point of the grid."""
    pdf, form = arguments[0], _form(arguments[0], node)
    low, high, points = _grid(arguments, node)
    made = _form_of_stack(form, low, high, points, node)
    limits = [number(low), number(high), number(points)]
    # The first call makes the form known; the others, which the engine finds to be the same, are shorter.
    numbers = [_form_call(form), *[cast_to(number(form_number(form.to_json())), "BIGINT")] * (made.size - 1)]
    sums = []
    for place, known in enumerate(numbers, start=1):
        values = call("pdf_on_grid", known.copy(), pdf.sql, *(limit.copy() for limit in limits))
        total = exp.Sum(this=call("list_extract", values, number(place)))
        sums.append(exp.Coalesce(this=total, expressions=[number(0.0)]))
    column = Column("", "double", str(made.size), utype=DENSITY_UTYPE, density=made.to_json())
    described = replace(column, description="Sum of the probability densities of the redshifts of a group")
    return Value(cast_to(call("list_value", *sums), f"DOUBLE[{made.size}]"), described, "array", node.at)


def _grid(arguments: _Arguments, node: tree.Call) -> tuple[float, float, int]:
    """Return the limits and the number of points of a grid that a call gives; no points for that of the column."""
    if len(arguments) == 1:
        return 0.0, 0.0, 0
    if len(arguments) != 4:
        raise QueryError(
            f"{node.function} was given {len(arguments)} arguments",
            node.at,
            "the grid is the lowest redshift, the highest, and the number of points, or left out",
        )
    low, high, points = (require_number(argument, node.function).constant for argument in arguments[1:])
    if low is None or high is None or not low < high:
        raise QueryError(f"The grid of {node.function} has no constant limits that increase", arguments[1].at)
    if points is None or not points.is_integer() or not 2 <= points <= _MOST_POINTS:
        advice = f"it is a constant from 2 to {_MOST_POINTS}"
        raise QueryError(f"The number of points of {node.function} is not valid", arguments[3].at, advice)
    return float(low), float(high), int(points)


def _form_of_stack(form: DensityForm, low: float, high: float, points: int, node: tree.Call) -> DensityForm:
    if points:
        step = (high - low) / (points - 1)
        grid = (*(low + place * step for place in range(points - 1)), high)
        return DensityForm("interp", points, grid)
    if form.name not in _GRIDDED or form.size > _MOST_POINTS:
        found = f"the form {form.name} has no grid" if form.name not in _GRIDDED else f"it has {form.size} points"
        advice = f"give one: {node.function}(..., 0, 3, 301)"
        raise QueryError(f"The grid of the column cannot be that of {node.function}: {found}", node.at, advice)
    return form


def _form(pdf: Value, node: tree.Call) -> DensityForm:
    """Return the form of a column of densities."""
    try:
        return DensityForm.from_json(pdf.column.density or "")
    except ValueError as error:
        raise QueryError(f"{node.function} cannot read the p(z) of the column: {error}", pdf.at) from error


def _kernel(name: str, pdf: Value, form: DensityForm, *numbers: exp.Expr) -> exp.Expr:
    return call(f"pdf_{name}", _form_call(form), pdf.sql, *numbers)


def _form_call(form: DensityForm) -> exp.Expr:
    return call("pdf_form", string(form.to_json()))


def _number(sql: exp.Expr, ucd: str, node: tree.Call) -> Value:
    return Value(sql, numeric_column("double", ucd=ucd), "number", node.at)


def _double(value: Value) -> exp.Expr:
    return cast_to(value.sql, "DOUBLE")


#: What ``pz_median`` and ``pz_quantile``, which are aggregate functions of numbers, are of densities.
MEDIAN_OF_DENSITY = udf("pz_median", "pz PDF", "DOUBLE", _median, "Median redshift of a probability density.")
QUANTILE_OF_DENSITY = udf(
    "pz_quantile",
    "pz PDF, fraction DOUBLE",
    "DOUBLE",
    _quantile,
    "Redshift below which a probability density has a fraction of its probability; missing where it is infinite.",
)

#: Functions of densities, in the order of capabilities.
DENSITY_FUNCTIONS: tuple[Function, ...] = (
    udf(
        "pz_density",
        "pz PDF, z DOUBLE",
        "DOUBLE",
        _of_number("density", _PROBABILITY),
        "Probability density p(z) of an object at a redshift.",
    ),
    udf(
        "pz_cdf",
        "pz PDF, z DOUBLE",
        "DOUBLE",
        _of_number("cdf", _PROBABILITY),
        "Probability of a redshift lower than the given one.",
    ),
    udf(
        "pz_probability",
        "pz PDF, low DOUBLE, high DOUBLE",
        "DOUBLE",
        _probability,
        "Probability of a redshift between two.",
    ),
    udf(
        "pz_mean",
        "pz PDF",
        "DOUBLE",
        _of_density("mean", f"{_REDSHIFT};stat.mean"),
        "Mean redshift of a probability density.",
    ),
    udf(
        "pz_std",
        "pz PDF",
        "DOUBLE",
        _of_density("std", f"stat.stdev;{_REDSHIFT}"),
        "Standard deviation of the redshift of a probability density.",
    ),
    udf(
        "pz_mode",
        "pz PDF",
        "DOUBLE",
        _of_density("mode", _REDSHIFT),
        "Redshift of the highest probability density: a point of the grid, where the column has one.",
    ),
    udf(
        "pz_odds",
        "pz PDF, half_width DOUBLE",
        "DOUBLE",
        _odds,
        "Probability within half_width (1 + mode) of the mode; half_width is 0.06 unless given (Benitez 2000).",
        required=1,
        shorter=True,
    ),
    udf(
        "pz_pit",
        "pz PDF, z DOUBLE",
        "DOUBLE",
        _of_number("cdf", _PROBABILITY),
        "Probability integral transform: the CDF at a true redshift.",
    ),
    udf(
        "pz_crps",
        "pz PDF, z DOUBLE",
        "DOUBLE",
        _of_number("crps", "stat.value"),
        "Continuous ranked probability score of a probability density against a true redshift (Hersbach 2000).",
    ),
    udf(
        "pz_nz",
        "pz PDF, low DOUBLE, high DOUBLE, points INTEGER",
        "PDF",
        _stacked,
        "Redshift distribution of a group: the sum of the probability densities of its objects on a regular grid, or "
        "on that of the column if none is given. Its integral is the number of objects with a density.",
        required=1,
        shorter=True,
        aggregate=True,
        cost="stack",
    ),
)
