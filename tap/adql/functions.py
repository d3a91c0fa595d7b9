"""Every function that a query may call: its arguments, its result, and what the engine calls it.

One table rules all: the parser checks names and numbers of arguments against it, the compiler checks kinds and writes
the engine's name, the capabilities list what it offers, and nothing that is not in it is ever run. Standard functions
are those of ADQL 2.1 §2.3 and §4; the user-defined ones stand in `tap.adql.user_signatures`.
"""

from collections.abc import Mapping

from tap.adql.signatures import MANY, Function, Parameter, function_of
from tap.adql.user_signatures import USER_DEFINED

__all__ = ["FUNCTIONS", "USER_DEFINED", "Function"]


def _math(
    name: str, engine: str, arguments: str = "x", *, keeps_unit: bool = False, result: str = "DOUBLE"
) -> Function:
    names = arguments.split()
    required = sum(not argument.startswith("?") for argument in names)
    parameters = tuple(
        Parameter(argument.lstrip("?"), "INTEGER" if argument in {"?digits", "?seed"} else "DOUBLE")
        for argument in names
    )
    return Function(name, "math", parameters, result, required, len(names), engine, keeps_unit)


_MATH = (
    _math("ABS", "abs", keeps_unit=True, result="SAME"),
    _math("CEILING", "ceil", keeps_unit=True),
    _math("DEGREES", "degrees"),
    _math("EXP", "exp"),
    _math("FLOOR", "floor", keeps_unit=True),
    _math("LOG", "ln"),
    _math("LOG10", "log10"),
    _math("MOD", "mod", "x y", keeps_unit=True, result="SAME"),
    _math("PI", "pi", ""),
    _math("POWER", "pow", "x y"),
    _math("RADIANS", "radians"),
    _math("RAND", "random", "?seed"),
    _math("ROUND", "round", "x ?digits", keeps_unit=True),
    _math("SQRT", "sqrt"),
    _math("TRUNCATE", "trunc", "x ?digits", keeps_unit=True),
    _math("ACOS", "acos"),
    _math("ASIN", "asin"),
    _math("ATAN", "atan"),
    _math("ATAN2", "atan2", "y x"),
    _math("COS", "cos"),
    _math("COT", "cot"),
    _math("SIN", "sin"),
    _math("TAN", "tan"),
)

_AGGREGATES = (
    function_of("AVG", "aggregate", "x DOUBLE", "DOUBLE", engine="avg", aggregate=True),
    function_of("COUNT", "aggregate", "x ANY", "BIGINT", required=0, engine="count", aggregate=True),
    function_of("MAX", "aggregate", "x ANY", "SAME", engine="max", aggregate=True),
    function_of("MIN", "aggregate", "x ANY", "SAME", engine="min", aggregate=True),
    function_of("SUM", "aggregate", "x DOUBLE", "SAME", engine="sum", aggregate=True),
)

_STRINGS = (
    function_of("LOWER", "string", "text VARCHAR", "VARCHAR", engine="lower"),
    function_of("UPPER", "string", "text VARCHAR", "VARCHAR", engine="upper"),
)

_GEOMETRY = (
    function_of("AREA", "geometry", "region REGION", "DOUBLE"),
    function_of("BOX", "geometry", "ra DOUBLE, dec DOUBLE, width DOUBLE, height DOUBLE", "POLYGON", required=3, most=5),
    function_of("CENTROID", "geometry", "region REGION", "POINT"),
    function_of("CIRCLE", "geometry", "ra DOUBLE, dec DOUBLE, radius DOUBLE", "CIRCLE", required=2, most=4),
    function_of("CONTAINS", "geometry", "inner REGION, outer REGION", "INTEGER"),
    function_of("COORD1", "geometry", "position POINT", "DOUBLE"),
    function_of("COORD2", "geometry", "position POINT", "DOUBLE"),
    function_of("COORDSYS", "geometry", "region REGION", "VARCHAR"),
    function_of(
        "DISTANCE", "geometry", "ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE, dec2 DOUBLE", "DOUBLE", required=2, most=4
    ),
    function_of("INTERSECTS", "geometry", "one REGION, other REGION", "INTEGER"),
    function_of("POINT", "geometry", "ra DOUBLE, dec DOUBLE", "POINT", required=2, most=3),
    function_of("POLYGON", "geometry", "ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE", "POLYGON", required=3, most=MANY),
    function_of("REGION", "geometry", "stcs VARCHAR", "REGION"),
)

_LIST = (
    *_MATH,
    *_AGGREGATES,
    *_STRINGS,
    *_GEOMETRY,
    function_of("COALESCE", "conditional", "x ANY", "SAME", required=1, most=MANY, engine="coalesce"),
    function_of("IN_UNIT", "unit", "x DOUBLE, unit VARCHAR", "DOUBLE"),
    *USER_DEFINED,
)

#: Every function, by its name in upper case.
FUNCTIONS: Mapping[str, Function] = {function.name.upper(): function for function in _LIST}
